//! The smallest login with a common library of six platforms, and a sample of claims. `developers` puts the values of this
//! installation in. Code is in no language of people: it is not translated.

/// Identifier, name and text of each sample.
pub(super) const SAMPLES: [(&str, &str, &str); 6] = [
    (
        "python",
        "Python (Flask, Authlib)",
        include_str!("../../../templates/developers/flask.py"),
    ),
    (
        "node",
        "Node.js (Express, openid-client)",
        include_str!("../../../templates/developers/express.mjs"),
    ),
    (
        "java",
        "Java (Spring Boot)",
        include_str!("../../../templates/developers/spring.yml"),
    ),
    (
        "php",
        "PHP (OpenID-Connect-PHP)",
        include_str!("../../../templates/developers/openid.php"),
    ),
    (
        "dotnet",
        ".NET (ASP.NET Core)",
        include_str!("../../../templates/developers/Program.cs"),
    ),
    (
        "go",
        "Go (go-oidc)",
        include_str!("../../../templates/developers/main.go"),
    ),
];

/// What userinfo answers with every scope.
pub(super) const CLAIMS: &str = include_str!("../../../templates/developers/claims.json");
