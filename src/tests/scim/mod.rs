//! Tests that services read people by SCIM 2.0 as RFC 7643 and RFC 7644 say, each client those whom it may know
//! (contract.md, "SCIM"), through the front door.

mod discovery;
mod filters;
mod groups;
mod large;
mod pages;
mod visibility;
mod writing;

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::support::{RelyingParty, TestOp};
use itu_account::domain::ClientId;
use itu_account::domain::account::Account;
use itu_account::domain::authorization::ServiceUse;
use itu_account::storage::service_uses;

const MEDIA_TYPE: &str = "application/scim+json";
const OWN: &str = "urn:itu:params:scim:schemas:extension:account:1.0:User";
const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const SEARCH: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// An answer, which is always one of SCIM.
#[derive(Debug)]
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    json: Value,
}

impl Answer {
    /// Returns the names of the users, or of the groups.
    fn names(&self) -> Vec<&str> {
        let all = self.json["Resources"].as_array().expect("a list");
        let name = |it: &'_ Value| {
            if it["userName"].is_string() {
                "userName"
            } else {
                "displayName"
            }
        };
        all.iter()
            .map(|it| it[name(it)].as_str().expect("a name"))
            .collect()
    }

    fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |it| it.to_str().expect("ASCII"))
    }

    /// Returns status and keyword of an error of the standard (RFC 7644 §3.12).
    fn error(&self) -> (u16, &str) {
        assert_eq!(self.json["schemas"], json!([ERROR]), "{self:?}");
        assert_eq!(self.json["status"], self.status.as_str());
        assert!(self.json["detail"].is_string());
        (self.status.as_u16(), self.json["scimType"].as_str().unwrap_or(""))
    }
}

/// A service that reads with a token of its own.
struct Service<'a> {
    op: &'a TestOp,
    rp: RelyingParty,
    token: String,
}

impl TestOp {
    /// Registers a service that may read by SCIM, with other metadata, and gets a token of its own.
    async fn scim_service(&self, name: &str, other: Value) -> Service<'_> {
        let mut metadata = json!({
            "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
            "scope": "openid profile email itu_membership itu_professional scim scim:read other",
        });
        let (all, other) = (metadata.as_object_mut().unwrap(), other.as_object().unwrap());
        all.extend(other.clone());
        let rp = self.client_with(name, metadata).await;
        let token = token_of(&rp, "scim:read").await;
        Service { op: self, rp, token }
    }

    /// Records that a person logged in to a service.
    async fn insert_use(&self, account: &Account, service: &str) {
        let service_use = ServiceUse {
            account: account.id.clone(),
            client_id: ClientId::new(service),
            scope: "openid".split(' ').collect(),
            claims: Vec::new(),
            first_used_at: self.now(),
            last_used_at: self.now(),
        };
        let put = service_uses::put(&self.app.db, &service_use).await;
        put.expect("a use");
    }
}

async fn token_of(rp: &RelyingParty, scope: &str) -> String {
    let fields = [("grant_type", "client_credentials"), ("scope", scope)];
    let (status, answer) = rp.posts("/token", &fields).await;
    assert_eq!(status, 200, "{answer}");
    answer["access_token"].as_str().expect("a token").to_owned()
}

impl Service<'_> {
    async fn gets(&self, path: &str) -> Answer {
        self.sends("GET", path, &[], None).await
    }

    /// Lists what meets a filter.
    async fn filters(&self, path: &str, filter: &str) -> Answer {
        self.gets(&format!("{path}?filter={}", encoded(filter))).await
    }

    async fn sends(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<Value>) -> Answer {
        let bearer = format!("Bearer {}", self.token);
        let mut all = vec![("authorization", bearer.as_str()), ("content-type", MEDIA_TYPE)];
        all.extend(headers);
        send(self.op, method, path, &all, body).await
    }
}

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

async fn send(
    op: &TestOp,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<Value>,
) -> Answer {
    let mut request = Request::builder()
        .method(method)
        .uri(format!("/scim/v2{path}"))
        .header("host", "id.example.test");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = body.map_or_else(Body::empty, |it| Body::from(it.to_string()));
    let request = request.body(body).expect("a request");
    let response = op.router.clone().oneshot(request).await.expect("infallible");
    let (parts, body) = response.into_parts();
    let body = body.collect().await.expect("a body").to_bytes();
    if !body.is_empty() {
        assert_eq!(parts.headers["content-type"], MEDIA_TYPE, "{method} {path}"); // RFC 7644 §3.1
    }
    Answer {
        status: parts.status,
        headers: parts.headers,
        json: serde_json::from_slice(&body).unwrap_or(Value::Null),
    }
}
