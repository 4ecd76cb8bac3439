//! Stores the hashes of other platforms until the first login replaces them. Some are quick to guess, so they are sealed:
//! a copy of the database alone does not give them away. A hash that this service made has its pepper and is stored as
//! it is.

use super::{Error, Result};
use crate::app::App;
use crate::passwords::{Origin, Refusal};

/// The kind of the seal, and the beginning of what is stored.
const KIND: &str = "foreign-hash";
const SEALED: &str = "sealed:v1:";

/// The reasons why a hash is not taken over.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error(transparent)]
    Keys(#[from] crate::keys::Error),
}

/// Returns what is stored of a hash that an import brings, or refuses it.
pub fn store(app: &App, hash: &str) -> std::result::Result<String, StoreError> {
    match app.passwords.inspect(hash)? {
        Origin::Own => Ok(hash.to_owned()),
        Origin::Foreign => Ok(format!("{SEALED}{}", app.keys.seal(KIND, hash.as_bytes())?)),
    }
}

/// Returns the hash of what is stored.
pub fn open(app: &App, stored: &str) -> Result<String> {
    let Some(sealed) = stored.strip_prefix(SEALED) else {
        return Ok(stored.to_owned());
    };
    let opened = app
        .keys
        .open(KIND, sealed)
        .and_then(|it| String::from_utf8(it).ok());
    opened.ok_or_else(|| Error::failed("a hash was sealed under another master key"))
}
