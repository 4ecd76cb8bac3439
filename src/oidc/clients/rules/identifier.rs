//! Checks the identifier of a client.

use super::problem::Problems;
use crate::domain::ClientId;

/// The length of a `sub`: 128 random bits in base64url.
const LENGTH_OF_SUB: usize = 22;

pub(super) fn check(problems: &mut Problems, id: &ClientId) {
    let id = id.as_str();
    let plain = id
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    problems.unless(
        plain && (1..=64).contains(&id.len()),
        "client_id",
        "is 1 to 64 letters, digits, hyphens, underscores and dots",
    );
    // The page of a client is at its identifier, beside the page that registers one.
    problems.unless(
        id != "new",
        "client_id",
        "is the address of a page; choose another",
    );
    // Security.md TK-12: no identifier of a client can be one of a person.
    problems.unless(
        id.len() != LENGTH_OF_SUB || id.contains('.'),
        "client_id",
        "has 22 characters, as the identifiers of people have; choose another length",
    );
}
