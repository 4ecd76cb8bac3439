//! Stores the hashes of other platforms until the first login replaces them. Some are quick to guess, so they are sealed:
//! a copy of the database alone does not give them away. A hash that this service made has its pepper and is stored as
//! it is.

use std::borrow::Cow;

use super::{Error, Result};
use crate::app::{App, StoredPasswords};
use crate::domain::AccountId;
use crate::domain::password::Password;
use crate::keys::Keyring;
use crate::passwords::{Origin, Refusal, Verdict};
use crate::storage::accounts;

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

/// Compares a password with what is stored, if anything is. A hash that cannot be opened is no password's, at the same
/// cost (security.md PW-3).
pub(super) async fn verify(app: &App, password: &Password, stored: Option<&str>) -> Result<Verdict> {
    let unverifiable = match stored.map(|it| open(app, it)).transpose() {
        Ok(opened) => return Ok(app.passwords.verify(password, opened.as_deref()).await?),
        Err(why) => Verdict::Unverifiable(why.to_string()),
    };
    app.passwords.verify(password, None).await?;
    Ok(unverifiable)
}

/// Returns the hash of what is stored.
pub fn open<'a>(app: &App, stored: &'a str) -> Result<Cow<'a, str>> {
    open_with(&app.keys, stored).ok_or_else(|| Error::failed("a hash was sealed under another master key"))
}

fn open_with<'a>(keys: &Keyring, stored: &'a str) -> Option<Cow<'a, str>> {
    let Some(sealed) = stored.strip_prefix(SEALED) else {
        return Some(stored.into());
    };
    let opened = String::from_utf8(keys.open(KIND, sealed)?).ok()?;
    Some(opened.into())
}

/// The accounts whose stored hash cannot be verified: another key or pepper, or a kind that this release does not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unverifiable {
    pub accounts: u64,
    pub first: AccountId,
}

/// Finds the accounts whose stored hash cannot be verified, a page at a time.
pub async fn find_unverifiable(stored: &StoredPasswords) -> Result<Option<Unverifiable>> {
    let mut found: Option<Unverifiable> = None;
    let mut after = String::new();
    loop {
        let page = accounts::list_hashes_after(stored.db.read(), &after, 500).await?;
        let Some((last, _)) = page.last() else {
            return Ok(found);
        };
        after = last.to_string();
        for (account, hash) in page {
            let opened = open_with(&stored.keys, &hash);
            if opened.is_some_and(|it| stored.hasher.can_verify(&it)) {
                continue;
            }
            match &mut found {
                Some(found) => found.accounts += 1,
                None => {
                    found = Some(Unverifiable {
                        accounts: 1,
                        first: account,
                    });
                }
            }
        }
    }
}
