//! Signatures and seals: our keyring with its rotation, our JWTs, the verification of what clients
//! signed, and what is encrypted to them (RFC 7515 to 7519; security.md section 3). The only room that names josekit.

pub mod client;
mod embedded;
mod files;
pub mod jwe;
mod jws;
mod keyring;
mod master;
mod pair;
mod remote;
mod rsa_modulus;
mod strict;
#[cfg(test)]
mod tests;

pub use client::ClientKeys;
pub use embedded::{VerifiedProof, verify_embedded};
pub use keyring::Keyring;
pub use master::Master;
pub use remote::{RemoteError, RemoteKeys};
pub use strict::object as strict_object;

/// What can go wrong with our own keys; a client's mistakes are `client::Refusal`.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{path}: {source}")]
    File { path: String, source: std::io::Error },
    #[error("{0}")]
    Unsafe(String),
    #[error("{0} is not a master key; restore it from the backup")]
    NotAMasterKey(String),
    #[error("the key {kid} cannot be opened: it was sealed under another master key, or is damaged")]
    Sealed { kid: String },
    #[error("there is no {0} key in use")]
    NoKey(&'static str),
    #[error("cryptography failed: {0}")]
    Crypto(String),
}

impl From<josekit::JoseError> for Error {
    fn from(error: josekit::JoseError) -> Self {
        Self::Crypto(error.to_string())
    }
}

impl From<openssl::error::ErrorStack> for Error {
    fn from(error: openssl::error::ErrorStack) -> Self {
        Self::Crypto(error.to_string())
    }
}
