//! The `DPoP-Nonce` header (RFC 9449 §8): where proofs must hold a nonce of ours, each answer of an endpoint
//! that takes proofs brings the next one.

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;

use crate::app::App;
use crate::oidc::dpop;

const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

pub fn with_nonces(app: &App, endpoint: MethodRouter<App>) -> MethodRouter<App> {
    if app.config.tokens.dpop_nonces {
        endpoint.layer(from_fn_with_state(app.clone(), add_nonce))
    } else {
        endpoint
    }
}

async fn add_nonce(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    match dpop::nonce(&app) {
        Ok(nonce) => {
            // A sealed value is base64url.
            if let Ok(nonce) = HeaderValue::from_str(&nonce) {
                response.headers_mut().insert(DPOP_NONCE, nonce);
            }
            response
        }
        Err(error) => error.into_response(),
    }
}
