//! Tests Shared Signals (SSF 1.0, RFC 8417, RFC 8935, RFC 8936; CAEP 1.0, RISC 1.0) and webhooks (Standard Webhooks): a
//! service that others wrote hears of what happens to the people who used it, in order, once it can be reached.

mod console;
mod delivery;
mod events;
mod polling;
mod promptness;
mod streams;
pub mod survival;
mod webhooks;

use axum::body::Body;
use axum::http::{Method, Request};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http_body_util::BodyExt;
use openidconnect::JsonWebKey as _;
use openidconnect::core::{CoreJsonWebKeySet, CoreJwsSigningAlgorithm};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::support::{Person, RelyingParty, Site, TestOp, Tokens};
use itu_account::config::Config;
use itu_account::domain::AccountId;
use itu_account::domain::actor::Context;
use itu_account::jobs;
use itu_account::oidc::shared_signals::{self, Overview};

pub const HEAR: &str = "/hear";
pub const SCOPE: &str = "openid profile email offline_access itu_membership itu_professional itu_newsletter \
    ssf.manage ssf.read";
pub const HEADER: &str = "Bearer of-the-receiver";

/// Starts a provider that may call the site of the services, which accepts what it is sent.
pub async fn provider() -> (TestOp, Site) {
    let site = Site::start().await;
    site.answers(HEAR, 202, &[], "");
    let op = TestOp::with(|config: &mut Config| site.is_allowed(config)).await;
    (op, site)
}

/// A service that people log in to, and that acts on its own behalf.
pub async fn service(op: &TestOp, name: &str, more: Value) -> RelyingParty {
    let mut members = json!({
        "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
        "scope": SCOPE,
    });
    if let (Some(members), Some(more)) = (members.as_object_mut(), more.as_object()) {
        members.extend(more.clone());
    }
    op.client_with(name, members).await
}

/// Returns a token of the service itself.
pub async fn token(rp: &RelyingParty, scope: &str) -> String {
    let fields = [("grant_type", "client_credentials"), ("scope", scope)];
    let (status, answer) = rp.posts("/token", &fields).await;
    assert_eq!(status, 200, "{answer}");
    answer["access_token"].as_str().expect("a token").to_owned()
}

/// Calls an endpoint with JSON, as a client of the library of one's choice does.
pub async fn call(
    op: &TestOp,
    (method, path): (Method, &str),
    token: Option<&str>,
    body: Option<&Value>,
) -> (u16, Value) {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "id.example.test");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let body = match body {
        None => Body::empty(),
        Some(body) => {
            request = request.header("content-type", "application/json");
            Body::from(body.to_string())
        }
    };
    let request = request.body(body).expect("a request");
    let response = op.router.clone().oneshot(request).await.expect("infallible");
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.expect("a body").to_bytes();
    (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

pub fn event_type(kind: &str) -> String {
    let profile = match kind {
        "account-disabled" | "account-enabled" | "account-purged" | "identifier-changed" => "risc",
        "verification" | "stream-updated" => "ssf",
        _ => "caep",
    };
    format!("https://schemas.openid.net/secevent/{profile}/event-type/{kind}")
}

/// Makes a push stream of the service for all events, at this path of the site.
pub async fn stream(op: &TestOp, rp: &RelyingParty, site: &Site, path: &str) -> Value {
    let token = token(rp, "ssf.manage").await;
    let delivery = json!({ "method": "urn:ietf:rfc:8935", "endpoint_url": site.at(path), "authorization_header": HEADER });
    let body = json!({ "delivery": delivery, "description": "the sessions of the shop" });
    let (status, made) = call(op, (Method::POST, "/ssf/streams"), Some(&token), Some(&body)).await;
    assert_eq!(status, 201, "{made}");
    made
}

/// Logs a person in at the service, which gets tokens.
pub async fn uses(person: &mut Person, rp: &mut RelyingParty, scope: &str) -> Tokens {
    let code = person.logs_in_at(rp, scope).await;
    rp.redeems(&code).await.expect("tokens")
}

/// Waits until something is so. Fails if it is not after a time in which it would be on any machine.
pub async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let waited = async {
        while !is_so().await {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    let waited = tokio::time::timeout(std::time::Duration::from_secs(120), waited).await;
    assert!(waited.is_ok(), "it never was so: {what}");
}

pub async fn deliver(op: &TestOp) {
    // What one round makes due is for the next one.
    for _ in 0..2 {
        jobs::deliver_events(&op.app).await.expect("delivered");
    }
}

/// A Security Event Token that a receiver has verified.
#[derive(Clone, Debug)]
pub struct Set {
    pub header: Value,
    pub claims: Value,
}

impl Set {
    /// Returns the kind of the one event, and its members.
    pub fn event(&self) -> (String, Value) {
        let events = self.claims["events"].as_object().expect("events");
        assert_eq!(events.len(), 1, "{events:?}");
        let (uri, event) = events.iter().next().expect("one");
        let kind = uri.rsplit('/').next().expect("a kind");
        assert_eq!(*uri, event_type(kind));
        (kind.to_owned(), event.clone())
    }

    pub fn kind(&self) -> String {
        self.event().0
    }

    pub fn id(&self) -> &str {
        self.claims["jti"].as_str().expect("a jti")
    }
}

/// Verifies a token as a receiver does that uses the `openidconnect` library: by the keys that we publish.
pub async fn verify(op: &TestOp, token: &str) -> Set {
    let (status, keys) = call(op, (Method::GET, "/jwks.json"), None, None).await;
    assert_eq!(status, 200);
    let keys: CoreJsonWebKeySet = serde_json::from_value(keys).expect("keys");
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims, signature] = parts[..] else {
        panic!("{token}");
    };
    let read = |part: &str| -> Value {
        let json = URL_SAFE_NO_PAD.decode(part).expect("base64url");
        serde_json::from_slice(&json).expect("JSON")
    };
    let (head, said) = (read(header), read(claims));
    let alg = match head["alg"].as_str().expect("an alg") {
        "RS256" => CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
        "PS256" => CoreJwsSigningAlgorithm::RsaSsaPssSha256,
        "ES256" => CoreJwsSigningAlgorithm::EcdsaP256Sha256,
        other => panic!("{other}"),
    };
    let kid = head["kid"].as_str().expect("a kid");
    let key = keys
        .keys()
        .iter()
        .find(|it| it.key_id().is_some_and(|it| it.as_str() == kid));
    let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
    let signed = format!("{header}.{claims}");
    let verified = key
        .expect("our key")
        .verify_signature(&alg, signed.as_bytes(), &signature);
    verified.expect("our signature");
    Set {
        header: head,
        claims: said,
    }
}

/// Returns the tokens that came to the path, verified, in the order in which they came.
pub async fn heard_at(op: &TestOp, site: &Site, path: &str) -> Vec<Set> {
    let mut all = Vec::new();
    for body in site.received(path) {
        all.push(verify(op, &body).await);
    }
    all
}

pub async fn heard(op: &TestOp, site: &Site) -> Vec<Set> {
    heard_at(op, site, HEAR).await
}

/// Returns the kinds of what came, without repetitions of the same token.
pub async fn kinds(op: &TestOp, site: &Site, path: &str) -> Vec<String> {
    let mut seen = Vec::new();
    let mut kinds = Vec::new();
    for set in heard_at(op, site, path).await {
        if !seen.contains(&set.id().to_owned()) {
            seen.push(set.id().to_owned());
            kinds.push(set.kind());
        }
    }
    kinds
}

pub async fn account(op: &TestOp, email: &str) -> AccountId {
    op.find_account(email).await.id
}

/// Returns the one receiver of the client, and what waits for it.
pub async fn overview(op: &TestOp, client: &str) -> Overview {
    let client = itu_account::domain::ClientId::new(client);
    let all = shared_signals::list_of_client(&op.app, &Context::operator(), &client).await;
    let mut all = all.expect("receivers");
    assert_eq!(all.len(), 1);
    all.remove(0)
}
