//! The three content security policies of the service (security.md BR-2, BR-7): of pages, of the page at
//! `check_session_iframe`, and of all other answers.
//!
//! `pages::render`, `check_session` and `layers` set them. No other file names the header, but for the demo's outbox,
//! which frames mails.

use axum::http::HeaderValue;

/// The policy of every answer that is no page: no script, style, frame or form.
pub const OF_OTHER_ANSWERS: &str =
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'";

/// The policy of a page, as far as it differs from page to page.
#[derive(Clone, Debug, Default)]
pub struct PagePolicy {
    /// `true` if the page is part of a service's request. `form-action` is left out there: browsers apply it to every
    /// redirect that follows the form, up to the service.
    in_flow: bool,
    /// Origin of the logo that the page shows (security.md DR-4).
    image_origin: Option<String>,
    /// Sources of the frames that the page shows (security.md BR-7).
    frames: Vec<String>,
    /// `true` if the page starts a worker (security.md DS-5).
    has_worker: bool,
}

impl PagePolicy {
    /// Leaves `form-action` out: the page is part of a service's request.
    pub fn in_flow(mut self) -> Self {
        self.in_flow = true;
        self
    }

    pub fn is_in_flow(&self) -> bool {
        self.in_flow
    }

    /// Admits the logo of a service, if its address has an origin.
    pub fn with_logo(mut self, logo: Option<&str>) -> Self {
        let origin = logo.and_then(|it| url::Url::parse(it).ok()).map(|it| it.origin());
        self.image_origin = origin
            .filter(url::Origin::is_tuple)
            .map(|it| it.ascii_serialization());
        self
    }

    /// Admits frames of these addresses, and no others.
    pub fn with_frames(mut self, addresses: &[String]) -> Self {
        self.frames = addresses.iter().filter_map(|it| frame_source(it)).collect();
        self.frames.sort();
        self.frames.dedup();
        self
    }

    /// Admits workers of this origin.
    pub fn with_worker(mut self) -> Self {
        self.has_worker = true;
        self
    }

    /// Returns the policy of a page whose script and style have this nonce (BR-2, BR-3).
    pub fn header(&self, nonce: &str) -> Option<HeaderValue> {
        let form_action = if self.in_flow { "" } else { "; form-action 'self'" };
        let images = self
            .image_origin
            .as_ref()
            .map_or_else(String::new, |it| format!(" {it}"));
        let frames = match self.frames.as_slice() {
            [] => String::new(),
            some => format!("; frame-src {}", some.join(" ")),
        };
        let workers = if self.has_worker {
            "; worker-src 'self'"
        } else {
            ""
        };
        let policy = format!(
            "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src 'self'{images}; \
             font-src 'self'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'{frames}{workers}{form_action}"
        );
        HeaderValue::from_str(&policy).ok()
    }
}

/// Returns an address as a source of a policy, which has no query (Content Security Policy Level 3 §2.3.1).
fn frame_source(address: &str) -> Option<String> {
    let url = url::Url::parse(address).ok()?;
    let path = url.path().replace(';', "%3B").replace(',', "%2C");
    Some(format!("{}{path}", url.origin().ascii_serialization()))
}

/// Returns the policy of the page at `check_session_iframe`, which services frame.
pub fn of_check_session_iframe(nonce: &str, is_loopback: bool) -> String {
    // TL-1: a service on this machine is reached over http, but only while the provider is on it, too.
    let on_loopback = if is_loopback {
        " http://localhost:* http://127.0.0.1:*"
    } else {
        ""
    };
    format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; base-uri 'none'; form-action 'none'; \
         frame-ancestors https:{on_loopback}"
    )
}
