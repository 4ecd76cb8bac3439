//! The protocol: typed request in, typed answer out. OAuth 2.0, OpenID Connect and their extensions.
//!
//! Nothing here knows HTTP, cookies or pages; the front door brings requests in and carries answers out.

pub mod endpoints;
pub mod error;
mod parameters;

pub use error::{Code, Error};
pub use parameters::Parameters;

pub type Result<T> = std::result::Result<T, Error>;
