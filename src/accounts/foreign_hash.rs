//! Stores the hashes of other platforms until the first login replaces them. Some are quick to guess, so they are sealed:
//! a copy of the database alone does not give them away. A hash that this service made has its pepper and is stored as
//! it is.

use std::borrow::Cow;

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
    #[error("password_hash was sealed under another master key")]
    OtherKey,
    #[error(transparent)]
    Keys(#[from] crate::keys::Error),
}

/// Returns what is stored of a hash that an import brings, or refuses it. The hash may be sealed, as an export has it.
pub fn store(app: &App, hash: &str) -> std::result::Result<String, StoreError> {
    match inspect(app, hash)? {
        _ if hash.starts_with(SEALED) => Ok(hash.to_owned()),
        Origin::Own => Ok(hash.to_owned()),
        Origin::Foreign => Ok(format!("{SEALED}{}", app.keys.seal(KIND, hash.as_bytes())?)),
    }
}

/// Returns whose hash it is, or refuses it.
pub fn inspect(app: &App, hash: &str) -> std::result::Result<Origin, StoreError> {
    let opened = open(app, hash).map_err(|_| StoreError::OtherKey)?;
    Ok(app.passwords.inspect(&opened)?)
}

/// Returns the hash of what is stored.
pub fn open<'a>(app: &App, stored: &'a str) -> Result<Cow<'a, str>> {
    let Some(sealed) = stored.strip_prefix(SEALED) else {
        return Ok(stored.into());
    };
    let opened = app
        .keys
        .open(KIND, sealed)
        .and_then(|it| String::from_utf8(it).ok());
    let opened = opened.ok_or_else(|| Error::failed("a hash was sealed under another master key"))?;
    Ok(opened.into())
}
