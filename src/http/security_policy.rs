//! The Content-Security-Policy of a page (security.md BR-2).

use axum::http::{HeaderMap, HeaderValue, header};

/// BR-2, BR-3. `form-action` is left out inside a request: browsers apply it to every redirect that
/// follows the form, up to the service.
pub fn set(headers: &mut HeaderMap, nonce: &str, in_flow: bool, images: Option<&str>, frames: &[String]) {
    let form_action = if in_flow { "" } else { "; form-action 'self'" };
    let images = images.map_or_else(String::new, |it| format!(" {it}"));
    let frames = match frames {
        [] => String::new(),
        some => format!("; frame-src {}", some.join(" ")),
    };
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src 'self'{images}; \
         font-src 'self'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'{frames}{form_action}"
    );
    if let Ok(value) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, value);
    }
}

/// An address as a source of a policy, which has no query (Content Security Policy Level 3 §2.3.1).
pub fn frame_source(address: &str) -> Option<String> {
    let url = url::Url::parse(address).ok()?;
    let path = url.path().replace(';', "%3B").replace(',', "%2C");
    Some(format!("{}{path}", url.origin().ascii_serialization()))
}
