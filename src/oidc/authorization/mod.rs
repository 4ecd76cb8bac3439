//! The authorization endpoint (RFC 6749 §3.1, OpenID Connect Core §3.1.2). `request` is the entry: it settles client
//! and redirect URI and runs `checks`, the one ordered list of what a request must satisfy. `interaction` names the
//! next step until `grant` makes the answer; `response` is that answer, good or bad.
//!
//! `raw_request` is a request before its checks, `refusal_audit` records a refusal, `pushed_request` keeps what a client
//! pushed. Pages carry `interaction_handle`; a sign-up or a recovery keeps `kept_request`.

mod checks;
mod grant;
pub mod interaction;
pub mod interaction_handle;
pub mod kept_request;
pub(super) mod pushed_request;
pub(super) mod raw_request;
pub mod refusal_audit;
pub mod request;
pub mod response;
