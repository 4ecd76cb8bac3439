//! Tests of the REST API, through the front door, as programs call it.

mod access;
mod calls;
mod client_owners;
mod doors;
mod mails;
mod newsletter;
mod overview;
mod deciding_together;
mod importing;
mod receivers;
mod offices;
mod resources;
mod signing_keys;
mod terms;

use axum::body::Body;
use axum::http::{HeaderMap, Request};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::support::{ISSUER, Person, RelyingParty, TestOp};

/// The resource indicator of the API.
const RESOURCE: &str = "https://id.example.test/api/v1";

/// Every scope of the administration.
const SCOPES: &str = "admin admin:clients admin:organizations admin:accounts admin:audit admin:operations \
    admin:clients:read admin:organizations:read admin:accounts:read admin:audit:read admin:operations:read";

struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Value,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |it| it.to_str().expect("ASCII"))
    }

    /// Returns the name of the problem's type.
    fn problem(&self) -> &str {
        let kind = self.body["type"].as_str().unwrap_or_default();
        kind.strip_prefix("/api/problems/").unwrap_or_default()
    }
}

/// A program with a token, or without.
struct Caller<'a> {
    op: &'a TestOp,
    token: Option<String>,
}

/// Registers a client for all of the administration.
async fn client(op: &TestOp, id: &str) -> RelyingParty {
    let metadata = json!({"resources": [RESOURCE], "first_party": true,
        "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
        "scope": format!("openid offline_access {SCOPES}")});
    op.client_with(id, metadata).await
}

async fn machine<'a>(op: &'a TestOp, rp: &RelyingParty, scope: &str) -> Caller<'a> {
    let fields = [
        ("grant_type", "client_credentials"),
        ("scope", scope),
        ("resource", RESOURCE),
    ];
    let (status, answer) = rp.posts("/token", &fields).await;
    assert_eq!(status, 200, "{answer}");
    let token = answer["access_token"].as_str().map(str::to_owned);
    Caller { op, token }
}

/// Logs a person in and calls for them.
async fn personal<'a>(op: &'a TestOp, rp: &mut RelyingParty, person: &mut Person, scope: &str) -> Caller<'a> {
    let url = rp.authorization_url(&format!("openid {scope}"), &[("resource", RESOURCE)]);
    let back = person.goes_through(&url).await;
    let code = rp.takes(&back);
    let (status, answer) = rp.posts("/token", &rp.redemption(&code)).await;
    assert_eq!(status, 200, "{answer}");
    let token = answer["access_token"].as_str().map(str::to_owned);
    Caller { op, token }
}

/// Returns an administration that is called by a machine with all powers.
async fn administrator(op: &TestOp) -> Caller<'_> {
    let rp = client(op, "backoffice").await;
    machine(op, &rp, "admin").await
}

impl Caller<'_> {
    async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, &[], None).await
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        self.call("POST", path, &[], Some(body)).await
    }

    async fn call(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<Value>) -> Answer {
        let body = body.map(|it| it.to_string());
        let mut headers = headers.to_vec();
        if body.is_some() && !headers.iter().any(|it| it.0 == "content-type") {
            headers.push(("content-type", "application/json"));
        }
        self.send(method, path, &headers, body.unwrap_or_default()).await
    }

    async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: String) -> Answer {
        let host = ISSUER.trim_start_matches("https://");
        let mut request = Request::builder().method(method).uri(path).header("host", host);
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body)).expect("a request");
        let response = self.op.router.clone().oneshot(request).await.expect("infallible");
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("a body").to_bytes();
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: serde_json::from_slice(&body).unwrap_or(Value::Null),
        }
    }
}
