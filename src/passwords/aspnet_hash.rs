//! The hashes of ASP.NET Identity, versions 2 and 3: Base64 of a format marker, parameters, salt and the output of
//! PBKDF2.

use super::pbkdf2_hash::{Digest, Pbkdf2Hash};
use super::refusal::Refusal;
use super::text::base64;

const V2_LENGTH: usize = 1 + 16 + 32;

/// Reads a hash, or returns `None` if it is of another kind.
pub(super) fn read(text: &str) -> Option<Result<Pbkdf2Hash, Refusal>> {
    let bytes = base64(text)?;
    let (marker, rest) = bytes.split_first()?;
    let hash = match marker {
        0 if bytes.len() == V2_LENGTH => {
            let (salt, tag) = rest.split_at(16);
            Some(Pbkdf2Hash::of(Digest::Sha1, 1_000, salt.to_vec(), tag.to_vec()))
        }
        1 => version_3(rest),
        _ => return None,
    };
    Some(hash.map_or(Err(Refusal::Malformed("ASP.NET Identity")), Pbkdf2Hash::bounded))
}

/// Reads three numbers, each of four bytes, the highest first: the pseudo-random function, the iterations, and the
/// length of the salt that follows.
fn version_3(rest: &[u8]) -> Option<Pbkdf2Hash> {
    let (function, rest) = rest.split_first_chunk()?;
    let (iterations, rest) = rest.split_first_chunk()?;
    let (salt_length, rest) = rest.split_first_chunk()?;
    let digest = match u32::from_be_bytes(*function) {
        0 => Digest::Sha1,
        1 => Digest::Sha256,
        2 => Digest::Sha512,
        _ => return None,
    };
    let salt_length = u32::from_be_bytes(*salt_length) as usize;
    let (salt, tag) = rest.split_at_checked(salt_length).filter(|_| salt_length >= 16)?;
    let iterations = u32::from_be_bytes(*iterations);
    Some(Pbkdf2Hash::of(digest, iterations, salt.to_vec(), tag.to_vec()))
}
