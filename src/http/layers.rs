//! Wraps every answer, whatever handler gave it: request id and span, the Host check, limits
//! on what comes in, security headers on what goes out, a fixed page for a panic (security.md G-11,
//! BR-2, BR-3, DS-1, TL-1, TL-2).

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use tracing::Instrument;

use super::cookies::Cookie;
use super::extract::session::ReplacedCookie;
use super::network::{Disagreement, Peer, client_address, forwarded_certificate};
use super::security_policy;
use crate::app::App;
use crate::certificates::Certificate;
use crate::config::{Issuer, network};
use crate::oidc::endpoints;
use crate::random;
use crate::telemetry::traces::{self, Incoming};

/// Names the request in answers, logs and the audit trail.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

/// Names the address that the request came from (security.md G-15).
#[derive(Clone, Debug)]
pub struct ClientNetwork {
    pub address: IpAddr,
    /// The name of the network in limits and in the audit trail.
    pub name: String,
}

/// Names the address that the request was sent to: the issuer, or the one where clients present certificates (TL-2).
#[derive(Clone, Debug)]
pub struct CalledAt(pub Issuer);

/// The longest that a handler may take (DS-1).
const HANDLER_TIMEOUT: Duration = Duration::from_secs(15);
/// The longest URI: 8 KiB (DS-1).
const MAX_URI: usize = 8 * 1024;
/// The most fields of a header section (DS-1); HTTP/2 has no counter of its own for them.
const MAX_HEADERS: usize = 64;
/// The largest header section: 16 KiB (DS-1).
const MAX_HEADER_BYTES: usize = 16 * 1024;

/// The permissions policy. BR-3 forbids every feature, but for passkeys, which our own pages ask for.
const PERMISSIONS_POLICY: &str = "accelerometer=(), autoplay=(), camera=(), display-capture=(), \
    encrypted-media=(), fullscreen=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), midi=(), \
    payment=(), picture-in-picture=(), publickey-credentials-create=(self), publickey-credentials-get=(self), \
    screen-wake-lock=(), sync-xhr=(), usb=(), xr-spatial-tracking=()";

/// Wraps every answer, as the outermost layer.
pub async fn every_answer(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let id = random::id();
    let peer = request
        .extensions()
        .get::<Peer>()
        .map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |it| it.0);
    let is_ours = |it: IpAddr| app.config.trusted_proxies.iter().any(|proxy| proxy.contains(it));
    let listed = &app.config.forwarding_headers;
    let forwarded = client_address(peer, request.headers(), listed, is_ours);
    let address = forwarded.unwrap_or(peer);
    if let Some(name) = app.config.mtls.proxy_header.as_deref().filter(|_| is_ours(peer)) {
        // A proxy of ours speaks for its client, whatever certificate it presents itself.
        request.extensions_mut().remove::<Certificate>();
        if let Some(certificate) = forwarded_certificate(request.headers(), name) {
            request.extensions_mut().insert(certificate);
        }
    }
    let called = called_at(&app, &request);
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("-", MatchedPath::as_str)
        .to_owned();
    let method = request.method().clone();
    let replaced = ReplacedCookie::default();
    request.extensions_mut().insert(replaced.clone());
    request.extensions_mut().insert(RequestId(id.clone()));
    let is_for_us = called.is_some();
    if let Some(origin) = called {
        request.extensions_mut().insert(CalledAt(origin));
    }
    request.extensions_mut().insert(ClientNetwork {
        address,
        name: network::of_client(address),
    });

    // LG-3: the span has the route's pattern, never the URL, which may hold a handle or a hint.
    let trace = app.traces.request(&Incoming {
        id: &id,
        method: method.as_str(),
        route: &route,
        scheme: if app.config.issuer.is_https() {
            "https"
        } else {
            "http"
        },
        version: request.version(),
        headers: request.headers(),
    });
    let span = tracing::info_span!("request", id = %id, %method, %route, trace_id = trace.trace_id());
    let started = std::time::Instant::now();
    let refusal = match forwarded {
        Err(Disagreement) => Some(span.in_scope(|| disagreement(peer))),
        Ok(_) => refuse(&app, &request, is_for_us),
    };
    let mut response = match refusal {
        Some(refusal) => refusal,
        None => {
            let answering = answer(request, next).instrument(span.clone());
            trace.around(answering).await
        }
    };
    let (status, took) = (response.status().as_u16(), started.elapsed());
    traces::answered(&trace, status);
    drop(trace);
    span.in_scope(|| tracing::info!(status, ms = took.as_millis() as u64, "answered"));

    if let Some(cookie) = replaced.get() {
        // This cookie goes before those of the page, which may end the session.
        let others: Vec<HeaderValue> = response
            .headers()
            .get_all(header::SET_COOKIE)
            .iter()
            .cloned()
            .collect();
        response.headers_mut().remove(header::SET_COOKIE);
        for cookie in std::iter::once(Cookie::Session.set(&app, cookie.expose())).chain(others) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert("x-request-id", value);
    }
    security_headers(&app, &route, response.headers_mut());
    app.metrics.answered(route, method.as_str(), status, took);
    response
}

async fn answer(request: Request, next: Next) -> Response {
    match tokio::time::timeout(HANDLER_TIMEOUT, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            tracing::error!("the handler took too long");
            plain(
                StatusCode::SERVICE_UNAVAILABLE,
                "The service is busy. Try again in a moment.",
            )
        }
    }
}

/// Refuses a request for which two headers name different clients, and nobody can say which is right (TL-2).
fn disagreement(proxy: IpAddr) -> Response {
    tracing::warn!(
        %proxy,
        "Forwarded and X-Forwarded-For of a proxy name different clients; list in forwarding_headers what it overwrites"
    );
    plain(
        StatusCode::BAD_REQUEST,
        "The proxy names two different clients for this request.",
    )
}

/// Refuses a request that no handler is to see.
fn refuse(app: &App, request: &Request, is_for_us: bool) -> Option<Response> {
    let headers = request.headers();
    if request.uri().path_and_query().map_or(0, |it| it.as_str().len()) > MAX_URI {
        return Some(plain(StatusCode::URI_TOO_LONG, "The address is too long."));
    }
    let size = HeaderSize::of(headers);
    if size.fields > MAX_HEADERS || size.bytes > MAX_HEADER_BYTES {
        return Some(plain(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "Too many header fields.",
        ));
    }
    // DS-1: nothing compressed is accepted, so nothing small becomes large.
    let encoding = headers.get(header::CONTENT_ENCODING);
    if encoding.is_some_and(|it| !it.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Some(plain(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Compressed requests are not taken.",
        ));
    }
    if is_for_us {
        None
    } else {
        Some(misdirected(app, request))
    }
}

/// A header section as HTTP/1.1 would write it: the fields of `cookie`, which HTTP/2 cuts into one for each cookie, are
/// one, joined by `; ` (RFC 9113 §8.2.3).
#[derive(Debug, PartialEq, Eq)]
struct HeaderSize {
    fields: usize,
    bytes: usize,
}

impl HeaderSize {
    fn of(headers: &HeaderMap) -> Self {
        let cookies = headers.get_all(header::COOKIE).iter().count();
        let repeated = cookies.saturating_sub(1);
        // A field has `: ` and the end of the line, or for a further cookie `; ` in place of the name and all of that.
        let bytes: usize = headers
            .iter()
            .map(|(name, value)| name.as_str().len() + value.len() + 4)
            .sum();
        let saved = repeated * (header::COOKIE.as_str().len() + 4 - 2);
        Self {
            fields: headers.len() - repeated,
            bytes: bytes - saved,
        }
    }
}

/// Returns the address that the request was sent to. TL-2: Host is the issuer's; or, for the endpoints that have an
/// alias there (RFC 8705 §5), that of `[mtls] public_url`: no page is shown at a second address.
fn called_at(app: &App, request: &Request) -> Option<Issuer> {
    let sent = hosts_of(request)?;
    let issuer = &app.config.issuer;
    let all = |of: &Issuer| sent.iter().all(|it| is_issuer(of, it));
    if all(issuer) {
        return Some(issuer.clone());
    }
    let path = request.extensions().get::<MatchedPath>()?.as_str();
    let has_alias = path == endpoints::GRANT || endpoints::MUTUAL_TLS.iter().any(|(_, it)| *it == path);
    let mutual = app.config.mtls.public_url.as_ref();
    mutual.filter(|it| has_alias && all(it)).cloned()
}

/// Refuses the request. On a loopback issuer a GET to another loopback name is sent to the issuer.
fn misdirected(app: &App, request: &Request) -> Response {
    let sent = hosts_of(request).unwrap_or_default();
    let issuer = &app.config.issuer;
    let other_loopback = issuer.is_loopback()
        && !sent.is_empty()
        && sent.iter().all(|it| is_loopback_host(it))
        && matches!(*request.method(), Method::GET | Method::HEAD);
    if other_loopback {
        let rest = request.uri().path_and_query().map_or("/", |it| it.as_str());
        return Redirect::temporary(&issuer.at(rest)).into_response();
    }
    plain(
        StatusCode::MISDIRECTED_REQUEST,
        "This server does not answer for that host.",
    )
}

/// Returns `true` if the host is the issuer's. The default port may be written out (RFC 9110 §4.2.3).
fn is_issuer(issuer: &Issuer, host: &str) -> bool {
    let default_port = if issuer.is_https() { ":443" } else { ":80" };
    let is_named = |it: &str| it.eq_ignore_ascii_case(issuer.authority());
    is_named(host) || host.strip_suffix(default_port).is_some_and(is_named)
}

/// Returns the hosts that the request names, all of which must be ours. HTTP/1.1 has one in `Host`, exactly once, and
/// another where the target is in absolute form (RFC 9112 §3.2, §3.2.2); HTTP/2 has one in `:authority`.
fn hosts_of(request: &Request) -> Option<Vec<&str>> {
    let mut fields = request.headers().get_all(header::HOST).iter();
    let field = match (fields.next(), fields.next()) {
        (Some(_), Some(_)) => return None,
        (Some(one), None) => Some(one.to_str().ok()?),
        (None, _) => None,
    };
    let target = request.uri().authority().map(|it| it.as_str());
    let named: Vec<&str> = field.into_iter().chain(target).collect();
    (!named.is_empty()).then_some(named)
}

fn is_loopback_host(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host.as_str(),
    };
    matches!(name, "localhost" | "127.0.0.1" | "[::1]")
}

/// Sets the headers of BR-3. A handler's own value is kept.
fn security_headers(app: &App, route: &str, headers: &mut HeaderMap) {
    let mut default = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    default(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    default(header::REFERRER_POLICY, "same-origin");
    // BR-7: services frame this one page; its policy says who may.
    if route != endpoints::CHECK_SESSION_IFRAME {
        default(header::X_FRAME_OPTIONS, "DENY");
    }
    default(header::CONTENT_SECURITY_POLICY, security_policy::OF_OTHER_ANSWERS);
    // A page that answers a service's request must not cut a pop-up login off from its opener.
    let opener = if route.starts_with(endpoints::AUTHORIZATION) {
        "unsafe-none"
    } else {
        "same-origin"
    };
    default(HeaderName::from_static("cross-origin-opener-policy"), opener);
    default(
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    );
    default(HeaderName::from_static("permissions-policy"), PERMISSIONS_POLICY);
    default(header::CACHE_CONTROL, "no-store");
    if app.config.issuer.is_https() && !app.config.issuer.is_loopback() {
        // TL-1
        default(
            header::STRICT_TRANSPORT_SECURITY,
            "max-age=63072000; includeSubDomains",
        );
    }
}

/// Answers as a last resort: text, no template.
pub fn plain(status: StatusCode, text: &'static str) -> Response {
    (
        status,
        [(header::CONTENT_TYPE, "text/plain; charset=utf-8")],
        format!("{text}\n"),
    )
        .into_response()
}

/// Logs a panic and answers it with a fixed page (G-11).
pub fn on_panic(panic: Box<dyn std::any::Any + Send + 'static>) -> Response {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("unknown");
    tracing::error!(panic = text, "a handler panicked");
    plain(
        StatusCode::INTERNAL_SERVER_ERROR,
        "Something went wrong on our side. The failure is recorded. Try again in a moment.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_that_come_apart_count_as_one_field() {
        // RFC 9113 §8.2.3
        let of = |cookies: &[&str]| {
            let mut headers = HeaderMap::new();
            headers.append(header::ACCEPT, HeaderValue::from_static("*/*"));
            for cookie in cookies {
                headers.append(header::COOKIE, cookie.parse().expect("a value"));
            }
            HeaderSize::of(&headers)
        };
        assert_eq!(of(&["a=1", "b=2", "c=3"]), of(&["a=1; b=2; c=3"]));
        assert_eq!(
            of(&["a=1"]),
            HeaderSize {
                fields: 2,
                bytes: 13 + 13
            }
        );
        assert_eq!(of(&[]).fields, 1);
    }
}
