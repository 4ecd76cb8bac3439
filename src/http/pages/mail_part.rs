//! The HTML part of a mail alone, as a mail program shows it, for a frame of a page.

use axum::http::header;
use axum::response::{Html, IntoResponse, Response};

/// Answers with the HTML part: without scripts, its links on top.
pub fn html_part(html: &str) -> Response {
    const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
        frame-ancestors 'self'; sandbox allow-top-navigation-by-user-activation";
    let headers = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_FRAME_OPTIONS, "SAMEORIGIN"),
    ];
    let html = html.replacen("<head>", "<head><base target=\"_top\">", 1);
    (headers, Html(html)).into_response()
}
