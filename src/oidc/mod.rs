//! The protocol: typed request in, typed answer out. OAuth 2.0, OpenID Connect and their extensions are here. HTTP,
//! cookies and pages are not; the front door brings requests in and carries answers out.

pub mod access_policy;
mod access_token;
mod acr;
pub mod authorization;
pub mod backchannel_authentication;
pub mod claims;
pub mod client_authentication;
mod client_keys;
pub mod clients;
pub mod codes;
pub mod consent;
pub mod device_authorization;
pub mod discovery;
pub mod dpop;
pub mod end_session;
pub mod endpoints;
pub mod error;
pub mod global_revocation;
pub mod grant_management;
mod id_token_hint;
pub mod introspection;
pub mod jwks;
pub mod logout;
pub mod mismatch;
mod parameters;
pub mod pkce;
pub mod pushed_authorization_request;
pub mod registration;
mod request_object;
pub mod resource;
pub mod retention;
pub mod revocation;
pub mod scim;
pub mod sender_constraint;
pub mod service_use;
pub mod session_state;
pub mod shared_signals;
pub mod signing_keys;
pub mod subject;
pub mod test_login;
pub mod token;
pub mod userinfo;

pub use error::{Code, Error, Result};
pub use parameters::{Parameters, RequestPairs, is_parameter};
