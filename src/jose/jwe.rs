//! Encrypts to a key that the client registered (RFC 7516, RFC 7518 §4.3, §4.6, §5). Nothing decrypts: encrypted
//! objects that come in are refused (security.md JW-1).

use josekit::jwe::{self, JweHeader};

use super::error::Error;
use super::jwks::ClientKeys;
use crate::domain::client::Encryption;

/// The plaintext.
#[derive(Clone, Copy, Debug)]
pub enum Content<'a> {
    /// A JWT that is signed, then encrypted: `cty` says so (RFC 7519 §5.2).
    Jws(&'a str),
    /// Claims without a signature: a userinfo response for a client that registered no signing algorithm for it.
    Claims(&'a [u8]),
}

/// Returns a compact JWE, or `None` if the set has no key for this algorithm.
pub fn encrypt(content: Content<'_>, keys: &ClientKeys, how: Encryption) -> Result<Option<String>, Error> {
    let Some((kid, encrypter)) = keys.recipient(how.alg) else {
        return Ok(None);
    };
    let mut header = JweHeader::new();
    header.set_content_encryption(how.enc.as_str());
    if let Some(kid) = kid {
        header.set_key_id(kid);
    }
    let payload = match content {
        Content::Jws(jws) => {
            header.set_content_type("JWT");
            jws.as_bytes()
        }
        Content::Claims(json) => json,
    };
    Ok(Some(jwe::serialize_compact(payload, &header, encrypter)?))
}
