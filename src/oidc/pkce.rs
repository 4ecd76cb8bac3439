//! Proof Key for Code Exchange (RFC 7636), with S256 only (security.md AZ-5, TK-3).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{Error, Result};
use crate::domain::client::Client;

/// Checks the `code_challenge` of an authorization request and returns it.
pub fn challenge(client: &Client, challenge: Option<&str>, method: Option<&str>) -> Result<Option<String>> {
    let Some(challenge) = challenge else {
        if method.is_some() {
            return Err(Error::invalid_request(
                "code_challenge_method came without code_challenge",
            ));
        }
        if client.requires_pkce() {
            return Err(Error::invalid_request(
                "code_challenge is required for this client",
            ));
        }
        return Ok(None);
    };
    // RFC 7636 §4.3: no method means plain, which is refused here.
    if method != Some("S256") {
        return Err(Error::invalid_request("code_challenge_method must be S256"));
    }
    // RFC 7636 §4.2: SHA-256 in base64url without padding is 43 characters.
    let well_formed = challenge.len() == 43
        && challenge
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    if !well_formed {
        return Err(Error::invalid_request(
            "code_challenge is not 43 characters of base64url",
        ));
    }
    Ok(Some(challenge.to_owned()))
}

/// Verifies the `code_verifier` of a token request against the challenge of its code (RFC 7636 §4.6).
pub fn verify(challenge: Option<&str>, verifier: Option<&str>) -> Result<()> {
    match (challenge, verifier) {
        (None, None) => Ok(()),
        (None, Some(_)) => Err(Error::unusable_grant("code_verifier without a challenge")), // TK-3
        (Some(_), None) => Err(Error::unusable_grant("code_verifier is missing")),
        (Some(challenge), Some(verifier)) if is_verifier(verifier) => {
            let computed = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
            if bool::from(computed.as_bytes().ct_eq(challenge.as_bytes())) {
                Ok(())
            } else {
                Err(Error::unusable_grant("code_verifier does not fit the challenge"))
            }
        }
        _ => Err(Error::unusable_grant("code_verifier is malformed")),
    }
}

/// Returns `true` for a verifier. RFC 7636 §4.1: it has 43 to 128 unreserved characters.
fn is_verifier(value: &str) -> bool {
    (43..=128).contains(&value.len())
        && value
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_standard_holds() {
        // RFC 7636, appendix B
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        assert!(verify(Some(challenge), Some(verifier)).is_ok());
        for wrong in [
            "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXl",
            "short",
            &"a".repeat(129),
            challenge,
        ] {
            assert!(verify(Some(challenge), Some(wrong)).is_err(), "{wrong}");
        }
        assert!(verify(Some(challenge), None).is_err()); // TK-3
        assert!(verify(None, Some(verifier)).is_err()); // TK-3
        assert!(verify(None, None).is_ok()); // IO-3
    }
}
