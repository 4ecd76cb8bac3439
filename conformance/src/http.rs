//! Plain HTTP as the checker needs it: it follows no redirects and keeps every answer whole. The `openidconnect` crate
//! talks through an adapter that is here, too, so that checks can read what a relying party saw byte by byte.

use anyhow::{Context, Result};
use openidconnect::{HttpRequest, HttpResponse};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, redirect};
use serde_json::Value;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[derive(Clone)]
pub struct Http {
    inner: reqwest::Client,
    trust_any: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Connections {
    /// One for each request.
    New,
    Kept,
}

#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|it| it.to_str().ok())
    }

    /// Returns the media type without its parameters, in lower case.
    pub fn media_type(&self) -> String {
        let value = self.header("content-type").unwrap_or_default();
        value
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase()
    }

    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Returns a short form for messages.
    pub fn brief(&self) -> String {
        let text: String = self.text().chars().take(160).collect();
        format!(
            "HTTP {} {} {}",
            self.status,
            self.media_type(),
            text.replace(['\n', '\r'], " ")
        )
    }
}

impl Http {
    /// Verifies no certificates if `trust_any` is set, as the Foundation's suite does not.
    pub fn new(trust_any: bool) -> Result<Self> {
        Self::build(trust_any, None, Connections::New)
    }

    /// Returns a client that keeps its connections, as services and browsers do.
    pub fn keeping_connections(trust_any: bool) -> Result<Self> {
        Self::build(trust_any, None, Connections::Kept)
    }

    /// Returns a client that presents a certificate. The file has both, certificate and key, in PEM.
    pub fn with_certificate(&self, path: &Path) -> Result<Self> {
        let pem = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let identity = reqwest::Identity::from_pem(&pem)
            .with_context(|| format!("{} is no certificate with its key", path.display()))?;
        Self::build(self.trust_any, Some(identity), Connections::New)
    }

    fn build(trust_any: bool, identity: Option<reqwest::Identity>, connections: Connections) -> Result<Self> {
        let mut builder = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy()
            .timeout(Duration::from_secs(60))
            .tls_danger_accept_invalid_certs(trust_any)
            .user_agent("oidc-conformance-check");
        if connections == Connections::New {
            // A kept connection may be closed just when it is used again; that would not be the issuer's fault.
            builder = builder.pool_max_idle_per_host(0);
        }
        if let Some(identity) = identity {
            builder = builder.identity(identity);
        }
        let inner = builder.build().context("cannot set up the HTTP client")?;
        Ok(Self { inner, trust_any })
    }

    pub async fn send(
        &self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        body: Option<Vec<u8>>,
    ) -> Result<Answer> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(
                HeaderName::from_bytes(name.as_bytes())?,
                HeaderValue::from_str(value)?,
            );
        }
        let mut request = self.inner.request(method, url).headers(map);
        if let Some(body) = body {
            request = request.body(body);
        }
        let response = request
            .send()
            .await
            .with_context(|| format!("no answer from {url}"))?;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let body = response
            .bytes()
            .await
            .with_context(|| format!("answer of {url} broke off"))?
            .to_vec();
        Ok(Answer {
            status,
            headers,
            body,
        })
    }

    pub async fn get(&self, url: &str, headers: &[(&str, &str)]) -> Result<Answer> {
        self.send(Method::GET, url, headers, None).await
    }

    pub async fn post_form(
        &self,
        url: &str,
        form: &[(String, String)],
        headers: &[(&str, &str)],
    ) -> Result<Answer> {
        let mut all = vec![("content-type", "application/x-www-form-urlencoded")];
        all.extend_from_slice(headers);
        self.send(Method::POST, url, &all, Some(encode(form).into_bytes()))
            .await
    }
}

pub fn encode(form: &[(String, String)]) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(form)
        .finish()
}

/// Carries requests of the `openidconnect` crate, and keeps the last answer.
#[derive(Clone)]
pub struct RelyingPartyHttp {
    http: Http,
    pub seen: Arc<Mutex<Vec<Answer>>>,
}

#[derive(Debug)]
pub struct NetworkError(anyhow::Error);

impl std::fmt::Display for NetworkError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:#}", self.0)
    }
}

impl std::error::Error for NetworkError {}

impl RelyingPartyHttp {
    pub fn new(http: &Http) -> Self {
        Self {
            http: http.clone(),
            seen: Arc::default(),
        }
    }

    pub fn last(&self) -> Option<Answer> {
        self.seen.lock().ok().and_then(|it| it.last().cloned())
    }

    pub async fn call(self, request: HttpRequest) -> Result<HttpResponse, NetworkError> {
        let (parts, body) = request.into_parts();
        let headers: Vec<(&str, &str)> = parts
            .headers
            .iter()
            .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
            .collect();
        let body = (!body.is_empty()).then_some(body);
        let answer = self
            .http
            .send(parts.method, &parts.uri.to_string(), &headers, body)
            .await
            .map_err(NetworkError)?;
        if let Ok(mut seen) = self.seen.lock() {
            seen.push(answer.clone());
        }
        let mut response = HttpResponse::new(answer.body);
        *response.headers_mut() = answer.headers;
        *response.status_mut() = openidconnect::http::StatusCode::from_u16(answer.status)
            .map_err(|error| NetworkError(error.into()))?;
        Ok(response)
    }
}
