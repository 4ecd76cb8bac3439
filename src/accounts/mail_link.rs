//! Reads the tokens of links that mails bring: a prefix that says what the link is for, and 256 bits (security.md G-7).

use super::{Error, Result};
use crate::domain::secret::{Digest, Secret};
use crate::random;

/// The longest token that is looked up.
const LONGEST: usize = 100;

/// Makes a token.
pub(super) fn token(prefix: &str) -> String {
    format!("{prefix}{}", random::token())
}

/// Returns the digest by which a token is found. `LinkVoid`: it is none of this kind.
pub(super) fn digest(prefix: &str, token: &str) -> Result<Digest> {
    if !token.starts_with(prefix) || token.len() > LONGEST {
        return Err(Error::LinkVoid);
    }
    Ok(Secret::new(token).digest())
}
