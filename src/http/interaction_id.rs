//! `x-fapi-interaction-id`, by which both sides of a call to a resource find it again in their logs: a UUID
//! of the client, given back as it came, or one of ours (FAPI 1.0 Baseline §6.2.1).

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::MethodRouter;

use crate::app::App;
use crate::random;

const NAME: HeaderName = HeaderName::from_static("x-fapi-interaction-id");

pub fn echoed(endpoint: MethodRouter<App>) -> MethodRouter<App> {
    endpoint.layer(from_fn(echo))
}

async fn echo(request: Request, next: Next) -> Response {
    let sent = request.headers().get(NAME).filter(|it| is_uuid(it)).cloned();
    let id = sent.or_else(|| HeaderValue::from_str(&random::uuid()).ok());
    if let Some(id) = id.as_ref().and_then(|it| it.to_str().ok()) {
        tracing::info!(interaction = id, "a resource is called");
    }
    let mut response = next.run(request).await;
    if let Some(id) = id {
        response.headers_mut().insert(NAME, id);
    }
    response
}

/// Returns `true` if it is a UUID, by RFC 9562 §4: hexadecimal digits in groups of 8, 4, 4, 4 and 12.
fn is_uuid(value: &HeaderValue) -> bool {
    let groups: Vec<&[u8]> = value.as_bytes().split(|it| *it == b'-').collect();
    groups.iter().map(|it| it.len()).eq([8, 4, 4, 4, 12])
        && groups.iter().all(|it| it.iter().all(u8::is_ascii_hexdigit))
}
