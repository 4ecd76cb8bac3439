//! Opens answers to scripts of another origin (security.md BR-4): public documents to everybody, and the endpoints that
//! a public client calls to the origins of such clients. Cookies never go along.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;

use super::error::PageError;
use crate::app::App;

/// Opens an endpoint to scripts of every origin: discovery and key set.
pub fn for_everybody(endpoint: MethodRouter<App>) -> MethodRouter<App> {
    endpoint.options(no_preflight).layer(from_fn(everybody))
}

/// Opens an endpoint to scripts of public clients: token, userinfo, revocation, pushed requests, device authorization.
pub fn for_public_clients(app: &App, endpoint: MethodRouter<App>) -> MethodRouter<App> {
    let layer = from_fn_with_state(app.clone(), public_clients);
    endpoint.options(no_preflight).layer(layer)
}

/// Answers a method that the route lacks. It is in the route so that a preflight reaches the layers: what no method
/// takes does not pass through them.
async fn no_preflight() -> PageError {
    PageError::MethodNotAllowed
}

async fn everybody(request: Request, next: Next) -> Response {
    let mut response = if is_preflight(&request) {
        preflight()
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    let policy = HeaderName::from_static("cross-origin-resource-policy");
    headers.insert(policy, HeaderValue::from_static("cross-origin"));
    response
}

async fn public_clients(State(app): State<App>, request: Request, next: Next) -> Response {
    let origin = allowed_origin(&app, request.headers());
    let mut response = if !is_preflight(&request) {
        next.run(request).await
    } else if origin.is_some() {
        preflight()
    } else {
        StatusCode::FORBIDDEN.into_response()
    };
    let headers = response.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static("WWW-Authenticate, Retry-After, DPoP-Nonce"),
        );
    }
    response
}

fn allowed_origin(app: &App, headers: &HeaderMap) -> Option<HeaderValue> {
    let origin = headers.get(header::ORIGIN)?;
    origin.to_str().ok().filter(|it| app.registry.allows_origin(it))?;
    Some(origin.clone())
}

fn is_preflight(request: &Request) -> bool {
    request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ORIGIN)
        && request
            .headers()
            .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

fn preflight() -> Response {
    let headers = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST"),
        (
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            "Authorization, Content-Type, DPoP",
        ),
        (header::ACCESS_CONTROL_MAX_AGE, "600"),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}
