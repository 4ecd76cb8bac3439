//! The protocol: typed request in, typed answer out. OAuth 2.0, OpenID Connect and their extensions.
//!
//! Nothing here knows HTTP, cookies or pages; the front door brings requests in and carries answers out.

pub mod access_policy;
pub mod authorization;
pub mod claims;
pub mod clients;
pub mod codes;
pub mod consent;
pub mod endpoints;
pub mod error;
mod parameters;
pub mod pkce;
pub mod subject;

pub use error::{Code, Error};
pub use parameters::Parameters;

pub type Result<T, E = Error> = std::result::Result<T, E>;
