//! Tests clients that register themselves (RFC 7591, RFC 7592, OpenID Connect Dynamic Client Registration 1.0;
//! security.md DR-1, DR-2), through the front door.

mod managing;
mod pairwise;
mod racing;
mod registering;

use std::net::IpAddr;

use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::support::{ISSUER, TestOp};
use itu_account::config::{Config, RegistrationMode};
use itu_account::http::network::Peer;

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Answer {
    fn text(&self, name: &str) -> String {
        let value = self.body.get(name).and_then(Value::as_str);
        value
            .unwrap_or_else(|| panic!("{name} in {}", self.body))
            .to_owned()
    }

    fn error(&self) -> (u16, String) {
        (self.status.as_u16(), self.text("error"))
    }

    fn challenge(&self) -> &str {
        let value = self.headers.get(header::WWW_AUTHENTICATE);
        value.and_then(|it| it.to_str().ok()).unwrap_or_default()
    }
}

pub struct Call<'a> {
    method: Method,
    url: &'a str,
    token: Option<&'a str>,
    body: Option<String>,
    peer: [u8; 4],
}

impl TestOp {
    async fn open() -> Self {
        Self::with(open).await
    }

    async fn calls(&self, call: Call<'_>) -> Answer {
        let path = call.url.strip_prefix(ISSUER).unwrap_or(call.url);
        let mut request = Request::builder()
            .method(call.method)
            .uri(path)
            .header(header::HOST, ISSUER.trim_start_matches("https://"))
            .extension(Peer(IpAddr::from(call.peer)));
        if let Some(token) = call.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        if call.body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let request = request.body(Body::from(call.body.unwrap_or_default()));
        let response = self.router.clone().oneshot(request.expect("a request")).await;
        let (parts, body) = response.expect("infallible").into_parts();
        let body = body.collect().await.expect("a body").to_bytes();
        if !body.is_empty() && parts.status != StatusCode::NOT_FOUND {
            assert_eq!(parts.headers[header::CONTENT_TYPE], "application/json");
            assert_eq!(parts.headers[header::CACHE_CONTROL], "no-store");
        }
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: serde_json::from_slice(&body).unwrap_or(Value::Null),
        }
    }

    async fn registers_with(&self, token: Option<&str>, metadata: &Value) -> Answer {
        self.calls(Call {
            method: Method::POST,
            url: "/register",
            token,
            body: Some(metadata.to_string()),
            peer: [192, 0, 2, 1],
        })
        .await
    }

    async fn registers(&self, metadata: &Value) -> Answer {
        self.registers_with(None, metadata).await
    }

    /// Calls the address of a registered client, by its own token.
    async fn manages(&self, method: Method, client: &Answer, body: Option<&Value>) -> Answer {
        let token = client.text("registration_access_token");
        self.calls(Call {
            method,
            url: &client.text("registration_client_uri"),
            token: Some(&token),
            body: body.map(Value::to_string),
            peer: [192, 0, 2, 1],
        })
        .await
    }
}

fn open(config: &mut Config) {
    config.registration.mode = RegistrationMode::Open;
}

fn good() -> Value {
    json!({"client_name": "A service", "redirect_uris": ["https://rp.example/cb"]})
}

fn with(member: &str, value: Value) -> Value {
    let mut metadata = good();
    metadata[member] = value;
    metadata
}
