//! Who a client is: one method per request, the registered one (RFC 6749 §2.3, OpenID Connect
//! Core §9, RFC 7523 §3; security.md TK-6, TK-7).

mod client_secret;

pub use client_secret::scheme_of;
