// dotnet add package Microsoft.AspNetCore.Authentication.OpenIdConnect
// The redirect URI is https://service.example/signin-oidc
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;

var builder = WebApplication.CreateBuilder(args);
builder.Services
    .AddAuthentication(options =>
    {
        options.DefaultScheme = CookieAuthenticationDefaults.AuthenticationScheme;
        options.DefaultChallengeScheme = OpenIdConnectDefaults.AuthenticationScheme;
    })
    .AddCookie()
    .AddOpenIdConnect(options =>
    {
        options.Authority = "ISSUER";
        options.ClientId = "CLIENT_ID";
        options.ClientSecret = Environment.GetEnvironmentVariable("CLIENT_SECRET");
        options.ResponseType = "code"; // with PKCE, by default
        options.MapInboundClaims = false;
        options.GetClaimsFromUserInfoEndpoint = true;
        options.Scope.Clear();
        foreach (var scope in "SCOPES".Split(' ')) options.Scope.Add(scope);
    });
builder.Services.AddAuthorization();
var app = builder.Build();
app.UseAuthentication();
app.UseAuthorization();
app.MapGet("/", (System.Security.Claims.ClaimsPrincipal person) => person.FindFirst("sub")!.Value)
    .RequireAuthorization();
app.Run();
