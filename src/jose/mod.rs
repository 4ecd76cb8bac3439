//! JOSE: JWS, JWE and JWK sets (RFC 7515 to 7519; security.md section 3). Signs with our key pairs, verifies what
//! clients signed, encrypts to clients. No other room names josekit.
//!
//! Our keys, their files and their rotation are in `keys`.

mod algorithms;
mod embedded_jwk;
mod error;
pub mod jwe;
pub mod jwks;
mod jwks_uri;
pub mod jws;
mod key_pair;
mod rsa_modulus;
mod strict_json;
#[cfg(test)]
pub(crate) mod tests;

pub use embedded_jwk::{VerifiedProof, verify_embedded};
pub use error::Error;
pub use jwks::ClientKeys;
pub use jwks_uri::{RemoteError, RemoteKeys};
pub use key_pair::{KeyPair, generate};
pub use strict_json::object as strict_object;
