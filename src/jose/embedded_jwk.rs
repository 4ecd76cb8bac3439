//! Verifies a JWS by the public key in its own header (RFC 7515 §4.1.3), as a DPoP proof has it. Such a JWS shows that
//! its sender holds the key, and nothing about who that is (RFC 9449 §4.2; security.md TK-10, JW-6).

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::jwks::ClientKeys;
use super::jws::{self, Expect, Parts, Refusal, verify};

/// The claims of a verified JWS, and the key that signed it.
#[derive(Clone, Debug, PartialEq)]
pub struct VerifiedProof {
    pub claims: Value,
    /// The thumbprint of RFC 7638 §3, with SHA-256, in base64url.
    pub thumbprint: String,
}

/// Returns the claims of a JWS that the key in its header has signed, and the thumbprint of that key.
pub fn verify_embedded(jws: &str, expect: Expect<'_>) -> Result<VerifiedProof, Refusal> {
    let parts = Parts::parse(jws).ok_or(Refusal::Malformed)?;
    let jwk = parts.jwk.ok_or(Refusal::UnknownKey)?;
    let thumbprint = thumbprint(&jwk).ok_or(Refusal::UnknownKey)?;
    // The set has this one key, so the name in the header is taken for its name.
    let mut key = jwk;
    match parts.kid {
        Some(kid) => drop(key.insert("kid".into(), kid.into())),
        None => drop(key.remove("kid")),
    }
    let set = serde_json::json!({ "keys": [key] });
    let keys = ClientKeys::parse(&set).map_err(|_| Refusal::UnknownKey)?;
    let claims = verify(jws, &keys, expect)?;
    Ok(VerifiedProof { claims, thumbprint })
}

/// Returns the thumbprint (RFC 7638 §3.2, RFC 8037 §2): the required members alone, in the order of their names.
fn thumbprint(jwk: &Map<String, Value>) -> Option<String> {
    let names: &[&str] = match jwk.get("kty")?.as_str()? {
        "EC" => &["crv", "kty", "x", "y"],
        "OKP" => &["crv", "kty", "x"],
        "RSA" => &["e", "kty", "n"],
        _ => return None,
    };
    let members: Option<Vec<String>> = names
        .iter()
        .map(|name| Some(format!("\"{name}\":{}", Value::from(jwk.get(*name)?.as_str()?))))
        .collect();
    let text = format!("{{{}}}", members?.join(","));
    Some(jws::encode(Sha256::digest(text)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_thumbprint_is_the_standards() {
        // RFC 7638 §3.1
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECP\
                 ebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY\
                 368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0f\
                 M4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
        let jwk = json!({"kty": "RSA", "n": n, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"});
        let Value::Object(jwk) = jwk else {
            unreachable!("an object")
        };
        assert_eq!(
            thumbprint(&jwk).as_deref(),
            Some("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs")
        );
    }
}
