//! A service, as its owner would write it: on the `openidconnect` crate, over the same router.

use axum::Router;
use axum::body::Body;
use http_body_util::BodyExt;
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreErrorResponseType, CoreIdTokenClaims, CoreTokenResponse,
    CoreUserInfoClaims,
};
use openidconnect::{
    AccessToken, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointMaybeSet, EndpointNotSet,
    EndpointSet, HttpRequest, HttpResponse, IssuerUrl, Nonce, OAuth2TokenResponse, PkceCodeChallenge,
    PkceCodeVerifier, ProviderMetadataWithLogout, RedirectUrl, RefreshToken, RequestTokenError, Scope,
    StandardErrorResponse, TokenResponse,
};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::{ISSUER, Page, TestOp};
use itu_account::domain::actor::Context;
use itu_account::oidc::clients::{self, NewClient, Registration};

type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

pub struct RelyingParty {
    router: Router,
    client: Client,
    pub id: String,
    pub secret: Option<String>,
    pub redirect_uri: String,
    pub end_session_endpoint: String,
    /// State, nonce and verifier of the login under way.
    expected: Option<(String, Nonce, PkceCodeVerifier)>,
}

/// The tokens of a redemption or a refresh, checked as the standard asks.
#[derive(Debug)]
pub struct Tokens {
    pub access_token: String,
    pub refresh_token: Option<String>,
    pub id_token: String,
    pub claims: CoreIdTokenClaims,
}

/// The refusal of the token endpoint.
#[derive(Debug, PartialEq, Eq)]
pub struct Refusal {
    pub error: String,
}

impl TestOp {
    /// Registers a confidential web service named `<name>`, first party, with every scope.
    pub async fn client(&self, name: &str) -> RelyingParty {
        self.client_with(name, json!({})).await
    }

    pub async fn client_with(&self, name: &str, other: Value) -> RelyingParty {
        let redirect_uri = format!("https://{name}.example.test/callback");
        let mut metadata = json!({
            "client_name": name,
            "redirect_uris": [redirect_uri],
            "post_logout_redirect_uris": [format!("https://{name}.example.test/bye")],
            "grant_types": ["authorization_code", "refresh_token"],
            "scope": "openid profile email offline_access itu_membership itu_professional itu_newsletter",
            "first_party": true,
        });
        if let (Some(metadata), Some(other)) = (metadata.as_object_mut(), other.as_object()) {
            metadata.extend(other.clone());
        }
        let definition = serde_json::from_value(metadata).expect("a definition");
        let new = NewClient {
            id: Some(itu_account::domain::ClientId::new(name)),
            registration: Registration::ByAdministrator(definition),
            secret: None,
        };
        let issued = clients::add(&self.app, &Context::operator(), new)
            .await
            .expect("a client");
        self.app
            .registry
            .refresh(self.app.db.read())
            .await
            .expect("a registry");
        let secret = issued.secret.map(|it| it.expose().to_owned());
        RelyingParty::discover(self.router.clone(), name, secret, redirect_uri).await
    }
}

impl RelyingParty {
    pub async fn discover(router: Router, id: &str, secret: Option<String>, redirect_uri: String) -> Self {
        let issuer = IssuerUrl::new(ISSUER.into()).expect("a URL");
        let metadata = ProviderMetadataWithLogout::discover_async(issuer, &|it| send(router.clone(), it))
            .await
            .expect("discovery");
        let end_session = metadata.additional_metadata().end_session_endpoint.clone();
        let client = CoreClient::from_provider_metadata(
            metadata,
            ClientId::new(id.to_owned()),
            secret.clone().map(ClientSecret::new),
        )
        .set_redirect_uri(RedirectUrl::new(redirect_uri.clone()).expect("a URL"));
        Self {
            router,
            client,
            id: id.to_owned(),
            secret,
            redirect_uri,
            end_session_endpoint: end_session.expect("logout").to_string(),
            expected: None,
        }
    }

    /// Begins a login, with PKCE, state and nonce, and `more` parameters.
    pub fn authorization_url(&mut self, scopes: &str, more: &[(&str, &str)]) -> String {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let mut request = self.client.authorize_url(
            CoreAuthenticationFlow::AuthorizationCode,
            CsrfToken::new_random,
            Nonce::new_random,
        );
        for scope in scopes.split(' ').filter(|it| *it != "openid") {
            request = request.add_scope(Scope::new(scope.to_owned()));
        }
        for (name, value) in more {
            request = request.add_extra_param((*name).to_owned(), (*value).to_owned());
        }
        let (url, state, nonce) = request.set_pkce_challenge(challenge).url();
        self.expected = Some((state.secret().clone(), nonce, verifier));
        url.to_string()
    }

    /// Returns the code that the browser brings back, after the checks of RFC 6749 §4.1.2 and RFC 9207 §2.4.
    pub fn takes(&self, back: &Page) -> String {
        let error = back.query("error");
        assert!(
            back.url.as_str().starts_with(&self.redirect_uri),
            "{}: {}",
            back.url,
            back.text()
        );
        assert_eq!(error, None, "{:?}", back.query("error_description"));
        let (state, ..) = self.expected.as_ref().expect("a login under way");
        assert_eq!(back.query("state").as_ref(), Some(state));
        assert_eq!(back.query("iss").as_deref(), Some(ISSUER));
        back.query("code").expect("a code")
    }

    /// Redeems the code of the login under way.
    pub async fn redeems(&mut self, code: &str) -> Result<Tokens, Refusal> {
        let (_, nonce, verifier) = self.expected.as_ref().expect("a login under way");
        let verifier = PkceCodeVerifier::new(verifier.secret().clone());
        let answer = self
            .client
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .expect("a token endpoint")
            .set_pkce_verifier(verifier)
            .request_async(&|it| send(self.router.clone(), it))
            .await
            .map_err(refusal)?;
        Ok(self.checked(&answer, nonce))
    }

    pub async fn refreshes(&self, refresh_token: &str) -> Result<Tokens, Refusal> {
        let answer = self
            .client
            .exchange_refresh_token(&RefreshToken::new(refresh_token.to_owned()))
            .expect("a token endpoint")
            .request_async(&|it| send(self.router.clone(), it))
            .await
            .map_err(refusal)?;
        // OpenID Connect Core §12.2: a refreshed ID token needs no nonce.
        let any = |_: Option<&Nonce>| Ok(());
        let id_token = answer.id_token().expect("an ID token");
        let claims = id_token.claims(&self.client.id_token_verifier(), any);
        Ok(tokens(&answer, claims.expect("a good ID token").clone()))
    }

    fn checked(&self, answer: &CoreTokenResponse, nonce: &Nonce) -> Tokens {
        let id_token = answer.id_token().expect("an ID token");
        // The clock of the tests does not move; the verifier's does.
        let now = itu_account::testing::start_of_time();
        let verifier = self
            .client
            .id_token_verifier()
            .set_time_fn(move || now)
            .set_issue_time_verifier_fn(|_| Ok(()));
        let claims = id_token.claims(&verifier, nonce).expect("a good ID token");
        tokens(answer, claims.clone())
    }

    pub async fn userinfo(&self, access_token: &str) -> Result<CoreUserInfoClaims, String> {
        self.client
            .user_info(AccessToken::new(access_token.to_owned()), None)
            .map_err(|it| it.to_string())?
            .request_async(&|it| send(self.router.clone(), it))
            .await
            .map_err(|it| format!("{it:?}"))
    }

    /// Returns the claims of userinfo as they are on the wire.
    pub async fn claims(&self, access_token: &str) -> Value {
        let answer = self.get("/userinfo", access_token).await;
        serde_json::from_slice(answer.body()).expect("JSON")
    }

    pub async fn get(&self, path: &str, access_token: &str) -> HttpResponse {
        let bearer = format!("Bearer {access_token}");
        self.gets(path, &[("authorization", &bearer)]).await
    }

    pub async fn gets(&self, path: &str, headers: &[(&str, &str)]) -> HttpResponse {
        self.calls("GET", path, headers).await
    }

    /// Sends a request without a body.
    pub async fn calls(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> HttpResponse {
        let mut request = axum::http::Request::builder()
            .method(method)
            .uri(format!("{ISSUER}{path}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Vec::new()).expect("a request");
        send(self.router.clone(), request).await.expect("an answer")
    }

    /// Returns the fields that redeem the code of the login under way.
    pub fn redemption<'a>(&'a self, code: &'a str) -> Vec<(&'a str, &'a str)> {
        let (_, _, verifier) = self.expected.as_ref().expect("a login under way");
        vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &self.redirect_uri),
            ("code_verifier", verifier.secret()),
        ]
    }

    /// Sends a request with the client's own credentials, by `client_secret_basic`.
    pub async fn posts(&self, path: &str, fields: &[(&str, &str)]) -> (u16, Value) {
        let answer = self.posts_with(path, fields, &[]).await;
        let json = serde_json::from_slice(answer.body()).unwrap_or(Value::Null);
        (answer.status().as_u16(), json)
    }

    /// Sends a request with more headers. A public client names itself.
    pub async fn posts_with(
        &self,
        path: &str,
        fields: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> HttpResponse {
        use base64::{Engine, engine::general_purpose::STANDARD};
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(fields);
        let mut request = axum::http::Request::post(format!("{ISSUER}{path}"))
            .header("content-type", "application/x-www-form-urlencoded");
        match &self.secret {
            Some(secret) => {
                let basic = STANDARD.encode(format!("{}:{secret}", self.id));
                request = request.header("authorization", format!("Basic {basic}"));
            }
            None => drop(body.append_pair("client_id", &self.id)),
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.finish().into_bytes()).expect("a request");
        send(self.router.clone(), request).await.expect("an answer")
    }

    pub async fn introspects(&self, token: &str) -> Value {
        let (status, answer) = self.posts("/introspect", &[("token", token)]).await;
        assert_eq!(status, 200);
        answer
    }
}

fn tokens(answer: &CoreTokenResponse, claims: CoreIdTokenClaims) -> Tokens {
    assert!(
        answer.scopes().is_some(),
        "contract.md: the scope is always stated"
    );
    Tokens {
        access_token: answer.access_token().secret().clone(),
        refresh_token: answer.refresh_token().map(|it| it.secret().clone()),
        id_token: answer.id_token().expect("an ID token").to_string(),
        claims,
    }
}

fn refusal<E: std::error::Error>(
    error: RequestTokenError<E, StandardErrorResponse<CoreErrorResponseType>>,
) -> Refusal {
    match error {
        RequestTokenError::ServerResponse(answer) => Refusal {
            error: answer.error().to_string(),
        },
        other => panic!("no answer of the standard: {other:?}"),
    }
}

async fn send(router: Router, request: HttpRequest) -> Result<HttpResponse, std::io::Error> {
    let (mut parts, body) = request.into_parts();
    let host = parts.uri.authority().expect("an absolute URL").to_string();
    parts.headers.insert("host", host.parse().expect("a host"));
    parts.uri = parts
        .uri
        .path_and_query()
        .expect("a path")
        .as_str()
        .parse()
        .expect("a URL");
    let request = axum::http::Request::from_parts(parts, Body::from(body));
    let response = router.oneshot(request).await.expect("infallible");
    let (parts, body) = response.into_parts();
    assert!(parts.status.as_u16() < 500, "{}", parts.status);
    let body = body.collect().await.expect("a body").to_bytes().to_vec();
    Ok(axum::http::Response::from_parts(parts, body))
}
