//! The authorization endpoint (RFC 6749 §3.1, OpenID Connect Core §3.1.2): `request` settles client
//! and redirect URI, `checks` is the one ordered list of what a request must satisfy, `interaction`
//! names the next step until there is an answer, `response` is that answer, good or bad. `interaction_handle` is what pages
//! carry of a request, `kept_request` what a sign-up or a recovery keeps of it.

mod checks;
mod grant;
pub mod interaction_handle;
pub mod interaction;
pub mod kept_request;
pub(super) mod raw_request;
pub(super) mod pushed_request;
pub mod refusal_audit;
pub mod request;
pub mod response;
