//! The page at `check_session_iframe` (OpenID Connect Session Management 1.0 §3.3; security.md BR-7): the
//! one page of this service that others may frame. It shows nothing, and asks the server for nothing more.

use axum::extract::State;
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::cookies::Cookie;
use super::error::PageError;
use super::security_policy;
use crate::app::App;
use crate::random;
use crate::templates::assets;

pub async fn page(State(app): State<App>) -> Result<Response, PageError> {
    let script = assets::named("check_session.js").ok_or(PageError::NotFound)?;
    let nonce = URL_SAFE_NO_PAD.encode(random::bytes::<16>());
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>Session</title></head>\n<body>\
         <script src=\"{}\" nonce=\"{nonce}\" data-cookie=\"{}\"></script></body>\n</html>\n",
        script.path,
        Cookie::State.name(&app),
    );
    let policy = security_policy::of_check_session_iframe(&nonce, app.config.issuer.is_loopback());
    Ok(([(header::CONTENT_SECURITY_POLICY, policy)], Html(html)).into_response())
}
