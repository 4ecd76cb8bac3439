//! Sends requests to addresses that others chose: keys, sector identifiers, request objects, logouts, pings, events, users. No other
//! code does, so that nobody makes this service reach where it should not (security.md DR-3).
//!
//! A request goes by https, to port 443 of a public address, and connects to the address that was checked. It follows
//! no redirect and no proxy, keeps no cookie, and accepts no compression. It takes 3 seconds and reads 64 KiB at most;
//! a caller that asks a service of the operator's choice sets its own [`Bounds`].
//! A host and port in `[fetch] allow` may be another port and a private or loopback address.

use std::collections::HashSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::HeaderName;
use reqwest::{Certificate, Client, Method, RequestBuilder, Response, StatusCode, header};
use url::{Host, Url};

use crate::config;
use crate::telemetry::span::{Span, TRACEPARENT};

/// What a request may take.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// The time for name, connection, TLS and answer together.
    pub time: Duration,
    pub bytes: usize,
}

impl Bounds {
    /// For whatever a client registered.
    const OF_CLIENTS: Self = Self {
        time: Duration::from_secs(3),
        bytes: 64 * 1024,
    };
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    pub body: Vec<u8>,
    /// The media type, without parameters, in lower case.
    pub content_type: String,
}

/// An answer of any status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    pub status: u16,
    /// The headers as they came.
    pub retry_after: Option<String>,
    pub location: Option<String>,
    pub body: Vec<u8>,
}

/// The reasons why there is no answer. The texts are for the operator and for whoever registers the address.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("it is not an https URL without user information")]
    NotHttps,
    #[error("its port is not 443, and [fetch] allow does not list it")]
    Port,
    #[error("its host has an address that is not public")]
    NotPublic,
    #[error("it answered {0}, where 200 is expected")]
    Status(u16),
    #[error("its answer is compressed, which nobody asked for")]
    Compressed,
    #[error("its answer is larger than {} KiB", .0 / 1024)]
    TooLarge(usize),
    #[error("it did not answer in time")]
    TooSlow,
    #[error("it could not be reached: {0}")]
    Unreachable(String),
    #[error("[fetch] the certificates cannot be used: {0}")]
    Certificates(String),
}

#[derive(Clone, Debug)]
pub struct Fetch(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    /// The hosts as `host:port`, from the settings.
    allowed: HashSet<String>,
    extra: Vec<Certificate>,
    // The client is made at the first use, since reading the system's certificates takes a while.
    to_public: OnceLock<Result<Client, String>>,
    to_allowed: OnceLock<Result<Client, String>>,
}

impl Fetch {
    pub fn new(config: &config::Fetch) -> Result<Self, Error> {
        Ok(Self(Arc::new(Parts {
            allowed: config.allow.iter().map(ToString::to_string).collect(),
            extra: certificates(config)?,
            to_public: OnceLock::new(),
            to_allowed: OnceLock::new(),
        })))
    }

    /// Checks what the address itself shows of whether it may be requested.
    pub fn check(&self, address: &str) -> Result<(), Error> {
        self.target(address).map(drop)
    }

    /// Fetches the address. A fragment is not sent.
    pub async fn get(&self, address: &str, accept: &str) -> Result<Fetched, Error> {
        self.get_within(address, &[(header::ACCEPT, accept)], Bounds::OF_CLIENTS)
            .await
    }

    /// Fetches the address with these headers and bounds.
    pub async fn get_within(
        &self,
        address: &str,
        headers: &[(HeaderName, &str)],
        bounds: Bounds,
    ) -> Result<Fetched, Error> {
        let (url, reach) = self.target(address)?;
        let mut request = self.client(reach)?.get(url).timeout(bounds.time);
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        let (response, _span) = send(request).await?;
        if response.status() != StatusCode::OK {
            return Err(Error::Status(response.status().as_u16()));
        }
        let content_type = response
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|it| it.to_str().ok())
            .and_then(|it| it.split(';').next())
            .map_or_else(String::new, |it| it.trim().to_ascii_lowercase());
        let body = read(response, bounds.bytes).await?;
        Ok(Fetched { body, content_type })
    }

    /// Sends a request whose answer matters, whatever its status is.
    pub async fn exchange(
        &self,
        (method, address): (Method, &str),
        headers: &[(HeaderName, &str)],
        body: Option<String>,
        bounds: Bounds,
    ) -> Result<Answered, Error> {
        let (url, reach) = self.target(address)?;
        let mut request = self.client(reach)?.request(method, url).timeout(bounds.time);
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        let (response, _span) = send(request).await?;
        let text = |name: HeaderName| {
            let value = response.headers().get(name)?;
            value.to_str().ok().map(str::to_owned)
        };
        let (retry_after, location) = (text(header::RETRY_AFTER), text(header::LOCATION));
        Ok(Answered {
            status: response.status().as_u16(),
            retry_after,
            location,
            body: read(response, bounds.bytes).await?,
        })
    }

    /// Sends a form to the address.
    pub async fn post(&self, address: &str, fields: &[(&str, &str)]) -> Result<(), Error> {
        let (url, reach) = self.target(address)?;
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let request = self
            .client(reach)?
            .post(url)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(body);
        deliver(request).await
    }

    /// Sends JSON to the address, with the bearer token that its owner issued for it.
    pub async fn post_json(
        &self,
        address: &str,
        bearer: &str,
        body: &serde_json::Value,
    ) -> Result<(), Error> {
        let (url, reach) = self.target(address)?;
        let request = self
            .client(reach)?
            .post(url)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::AUTHORIZATION, format!("Bearer {bearer}"))
            .body(body.to_string());
        deliver(request).await
    }

    /// Sends a body to the address with these headers.
    pub async fn post_body(
        &self,
        address: &str,
        headers: &[(HeaderName, &str)],
        body: impl Into<String>,
    ) -> Result<(), Error> {
        let (url, reach) = self.target(address)?;
        let mut request = self.client(reach)?.post(url).body(body.into());
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        deliver(request).await
    }

    /// Parses the address and checks scheme, host and port.
    fn target(&self, address: &str) -> Result<(Url, Reach), Error> {
        let mut url = Url::parse(address).map_err(|_| Error::NotHttps)?;
        let plain = url.username().is_empty() && url.password().is_none();
        let (Some(host), Some(port)) = (url.host(), url.port_or_known_default()) else {
            return Err(Error::NotHttps);
        };
        if url.scheme() != "https" || !plain {
            return Err(Error::NotHttps);
        }
        let reach = if self.0.allowed.contains(&format!("{host}:{port}")) {
            Reach::Allowed
        } else if port == 443 {
            Reach::Public
        } else {
            return Err(Error::Port);
        };
        // The resolver below never sees an IP address that is written out.
        let literal = match host {
            Host::Ipv4(v4) => Some(IpAddr::V4(v4)),
            Host::Ipv6(v6) => Some(IpAddr::V6(v6)),
            Host::Domain(_) => None,
        };
        if literal.is_some_and(|it| !reach.reaches(it)) {
            return Err(Error::NotPublic);
        }
        url.set_fragment(None);
        Ok((url, reach))
    }

    fn client(&self, reach: Reach) -> Result<&Client, Error> {
        let place = match reach {
            Reach::Public => &self.0.to_public,
            Reach::Allowed => &self.0.to_allowed,
        };
        let made = place.get_or_init(|| build(reach, &self.0.extra).map_err(|it| chain(&it)));
        made.as_ref().map_err(|it| Error::Certificates(it.clone()))
    }
}

/// Returns the authorities that are trusted beside the system's.
pub fn certificates(config: &config::Fetch) -> Result<Vec<Certificate>, Error> {
    let Some(path) = &config.extra_ca else {
        return Ok(Vec::new());
    };
    let wrong = |why: String| Error::Certificates(format!("{}: {why}", path.display()));
    let pem = std::fs::read(path).map_err(|it| wrong(it.to_string()))?;
    let read = Certificate::from_pem_bundle(&pem).map_err(|it| wrong(it.to_string()))?;
    if read.is_empty() {
        return Err(wrong("it holds no certificate".into()));
    }
    Ok(read)
}

/// Sends a request, as a part of the trace that it is made in. The span stays open while the answer is read.
async fn send(request: RequestBuilder) -> Result<(Response, Span), Error> {
    let (client, request) = request.header(header::ACCEPT_ENCODING, "identity").build_split();
    let mut request = request.map_err(why)?;
    let span = Span::calling(request.method().to_string());
    if span.is_recorded() {
        // The host is who is called. Path and query may hold what only that service may read.
        span.set("http.request.method", request.method().to_string());
        span.set("url.scheme", request.url().scheme().to_owned());
        span.set(
            "server.address",
            request.url().host_str().unwrap_or_default().to_owned(),
        );
        let port = request.url().port_or_known_default().unwrap_or_default();
        span.set("server.port", i64::from(port));
    }
    if let Some(value) = span.traceparent().and_then(|it| it.parse().ok()) {
        request.headers_mut().insert(TRACEPARENT, value);
    }
    span.note_effect();
    match client.execute(request).await {
        Ok(response) => {
            let status = response.status();
            span.set("http.response.status_code", i64::from(status.as_u16()));
            if status.is_client_error() || status.is_server_error() {
                span.fail(status.as_str().to_owned());
            }
            Ok((response, span))
        }
        Err(error) => {
            span.fail(if error.is_timeout() { "timeout" } else { "_OTHER" });
            Err(why(error))
        }
    }
}

/// Reads a body. The loop counts what arrives, since the announced length may be wrong.
async fn read(mut response: Response, most: usize) -> Result<Vec<u8>, Error> {
    let encoding = response.headers().get(header::CONTENT_ENCODING);
    if encoding.is_some_and(|it| !it.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Err(Error::Compressed);
    }
    let mut body = Vec::new();
    while let Some(part) = response.chunk().await.map_err(why)? {
        if body.len() + part.len() > most {
            return Err(Error::TooLarge(most));
        }
        body.extend_from_slice(&part);
    }
    Ok(body)
}

/// Accepts any status of success. The body is not read.
async fn deliver(request: RequestBuilder) -> Result<(), Error> {
    let (response, _span) = send(request).await?;
    let status = response.status();
    if status.is_success() {
        Ok(())
    } else {
        Err(Error::Status(status.as_u16()))
    }
}

fn build(reach: Reach, extra: &[Certificate]) -> Result<Client, reqwest::Error> {
    Client::builder()
        .user_agent("itu-account")
        .https_only(true)
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .no_proxy()
        .timeout(Bounds::OF_CLIENTS.time)
        // Each request resolves the name again, and its addresses are checked again.
        .pool_max_idle_per_host(0)
        .tls_certs_merge(extra.iter().cloned())
        .dns_resolver(reach)
        .build()
}

/// Resolves names to addresses that a request may connect to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    Public,
    /// An operator listed the host and its port.
    Allowed,
}

impl Reach {
    fn reaches(self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        match self {
            Self::Public => is_public(address),
            Self::Allowed => is_public(address) || is_inside(address),
        }
    }
}

impl Resolve for Reach {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = *self;
        Box::pin(async move {
            // The port of the URL wins over this one.
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let found: Vec<SocketAddr> = found.collect();
            // One address that is not public refuses the name: whoever mixes them wants it to be reached.
            if found.iter().all(|it| reach.reaches(it.ip())) {
                Ok(Box::new(found.into_iter()) as Addrs)
            } else {
                Err(Box::new(Error::NotPublic) as Box<dyn std::error::Error + Send + Sync>)
            }
        })
    }
}

/// Returns `true` for an address in none of the ranges of IANA's special-purpose registries.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => !matches!(
            v4.octets(),
            [0 | 10 | 127, ..]
                | [100, 64..=127, ..]
                | [169, 254, ..]
                | [172, 16..=31, ..]
                | [192, 0, 0 | 2, _]
                | [192, 88, 99, _]
                | [192, 168, ..]
                | [198, 18 | 19, ..]
                | [198, 51, 100, _]
                | [203, 0, 113, _]
                | [224..=255, ..]
        ),
        // 2000::/3 without protocol assignments and Teredo (2001::/23), documentation (2001:db8::/32,
        // 3fff::/20) and 6to4 (2002::/16), so that an IPv4 address in IPv6 does not get around the list above.
        IpAddr::V6(v6) => match v6.segments() {
            [0x2001, second, ..] => second > 0x01ff && second != 0x0db8,
            [0x2002, ..] => false,
            [0x3fff, second, ..] => second > 0x0fff,
            [first, ..] => first & 0xe000 == 0x2000,
        },
    }
}

/// Returns `true` for an address of this machine or of the operator's own networks. Link-local is never one: clouds
/// keep their secrets there.
fn is_inside(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local(),
    }
}

fn why(error: reqwest::Error) -> Error {
    if error.is_timeout() {
        return Error::TooSlow;
    }
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(source) = cause {
        if let Some(Error::NotPublic) = source.downcast_ref::<Error>() {
            return Error::NotPublic;
        }
        cause = source.source();
    }
    Error::Unreachable(chain(&error.without_url()))
}

/// Returns the text of an error with those of its causes.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        text = format!("{text}: {source}");
        cause = source.source();
    }
    text
}

#[cfg(test)]
mod tests;
