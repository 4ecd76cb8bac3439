//! Checks the ID token: its signature by a key of the JWKS, and its claims (OpenID Connect Core §2, §3.1.3.7).

use super::common::{SKEW, YEAR, now, seconds};
use crate::report::{Report, Step};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use josekit::jwk::Jwk;
use josekit::jws::{self, JwsVerifier};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256, Sha384, Sha512};

const RULE: &str = "ID token (OpenID Connect Core §2)";
const SIGNATURE: &str = "ID token signature (OpenID Connect Core §3.1.3.7)";

#[derive(Clone, Debug)]
pub struct IdToken {
    pub raw: String,
    pub header: Value,
    pub claims: Value,
}

impl IdToken {
    pub fn number(&self, name: &str) -> Option<i64> {
        seconds(&self.claims[name])
    }
}

pub struct Expected<'a> {
    pub issuer: &'a str,
    pub client_id: &'a str,
    pub nonce: Option<&'a str>,
    pub access_token: Option<&'a str>,
    pub code: Option<&'a str>,
}

/// Splits a compact JWS into header and claims. Verifies nothing.
pub fn apart(raw: &str) -> Option<IdToken> {
    let mut parts = raw.split('.');
    let (header, claims, _) = (parts.next()?, parts.next()?, parts.next()?);
    let object = |part: &str| -> Option<Value> {
        let bytes = URL_SAFE_NO_PAD.decode(part).ok()?;
        serde_json::from_slice::<Value>(&bytes)
            .ok()
            .filter(Value::is_object)
    };
    Some(IdToken {
        raw: raw.to_owned(),
        header: object(header)?,
        claims: object(claims)?,
    })
}

pub fn read(raw: &str, jwks: &Value, expected: &Expected<'_>, report: &mut Report) -> Step<IdToken> {
    if raw.split('.').count() != 3 {
        return Err(report.stop(RULE, "not a JWS in compact form"));
    }
    let Some(token) = apart(raw) else {
        return Err(report.stop(RULE, "header or claims are not a JSON object in base64url"));
    };
    signature(&token, jwks, report);
    claims_of(&token, expected, report);
    hashes(&token, expected, report);
    Ok(token)
}

pub fn signature(token: &IdToken, jwks: &Value, report: &mut Report) {
    let algorithm = token.header["alg"].as_str().unwrap_or_default();
    let kid = token.header["kid"].as_str();
    let family = match algorithm {
        "EdDSA" | "Ed25519" => "OKP",
        rsa if rsa.starts_with("RS") || rsa.starts_with("PS") => "RSA",
        ec if ec.starts_with("ES") => "EC",
        other => {
            report.fail(
                SIGNATURE,
                format!("signed with {other:?}, for which a JWKS has no key"),
            );
            return;
        }
    };
    let fits = |key: &&Value| {
        key["kty"] == family
            && kid.is_none_or(|it| key["kid"] == it)
            && key["use"].as_str().is_none_or(|it| it == "sig")
            && key["alg"].as_str().is_none_or(|it| it == algorithm)
    };
    let keys: Vec<&Value> = jwks["keys"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(fits)
        .collect();
    if keys.is_empty() {
        report.fail(
            SIGNATURE,
            format!("no key for alg {algorithm:?} and kid {kid:?} in the JWKS"),
        );
        return;
    }
    // OpenID Connect Core §10.1: with several keys in the set the header names the one.
    report.require(kid.is_some() || keys.len() == 1, SIGNATURE, || {
        "there is no kid in the header, and several keys would fit".into()
    });
    let verified = keys.iter().any(|key| {
        let Some(verifier) = verifier(algorithm, key) else {
            return false;
        };
        jws::deserialize_compact(&token.raw, verifier.as_ref()).is_ok()
    });
    report.require(verified, SIGNATURE, || {
        format!("the signature ({algorithm}, kid {kid:?}) does not verify")
    });
}

fn verifier(algorithm: &str, key: &Value) -> Option<Box<dyn JwsVerifier>> {
    let jwk = Jwk::from_map(key.as_object().cloned().unwrap_or_else(Map::new)).ok()?;
    fn boxed<V: JwsVerifier + 'static>(
        verifier: Result<V, josekit::JoseError>,
    ) -> Option<Box<dyn JwsVerifier>> {
        verifier.ok().map(|it| Box::new(it) as Box<dyn JwsVerifier>)
    }
    match algorithm {
        "RS256" => boxed(jws::RS256.verifier_from_jwk(&jwk)),
        "RS384" => boxed(jws::RS384.verifier_from_jwk(&jwk)),
        "RS512" => boxed(jws::RS512.verifier_from_jwk(&jwk)),
        "PS256" => boxed(jws::PS256.verifier_from_jwk(&jwk)),
        "PS384" => boxed(jws::PS384.verifier_from_jwk(&jwk)),
        "PS512" => boxed(jws::PS512.verifier_from_jwk(&jwk)),
        "ES256" => boxed(jws::ES256.verifier_from_jwk(&jwk)),
        "ES384" => boxed(jws::ES384.verifier_from_jwk(&jwk)),
        "ES512" => boxed(jws::ES512.verifier_from_jwk(&jwk)),
        "EdDSA" => boxed(jws::EdDSA.verifier_from_jwk(&jwk)),
        _ => None,
    }
}

fn claims_of(token: &IdToken, expected: &Expected<'_>, report: &mut Report) {
    let (claims, now) = (&token.claims, now());
    report.require(claims["iss"] == expected.issuer, RULE, || {
        format!("iss is {}, the issuer is {:?}", claims["iss"], expected.issuer)
    });
    let audience: Vec<&str> = match &claims["aud"] {
        Value::String(audience) => vec![audience],
        Value::Array(them) => them.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    report.require(audience.contains(&expected.client_id), RULE, || {
        format!("aud is {}, not {:?}", claims["aud"], expected.client_id)
    });
    if let Some(azp) = claims.get("azp") {
        report.require(azp == expected.client_id, RULE, || format!("azp is {azp}"));
    }
    match claims["exp"].as_f64().map(|it| it as i64) {
        Some(exp) if exp + SKEW < now => report.fail(RULE, "exp has passed"),
        Some(exp) if exp > now + 50 * YEAR => report.fail(RULE, "exp is more than 50 years ahead"),
        Some(_) => {}
        None => report.fail(RULE, format!("exp is {}, not a number", claims["exp"])),
    }
    match claims["iat"].as_f64().map(|it| it as i64) {
        Some(iat) => report.require((iat - now).abs() <= SKEW, RULE, || {
            format!("iat is {} seconds away from now", iat - now)
        }),
        None => report.fail(RULE, format!("iat is {}, not a number", claims["iat"])),
    }
    if let Some(value) = claims.get("auth_time") {
        match value.as_f64().map(|it| it as i64) {
            Some(time) if time > now + SKEW => report.fail(RULE, "auth_time is in the future"),
            Some(time) if time < now - YEAR => report.fail(RULE, "auth_time is more than a year ago"),
            Some(_) => {}
            None => report.fail(RULE, format!("auth_time is {value}, not a number")),
        }
    }
    if let Some(acr) = claims.get("acr") {
        report.require(acr.as_str().is_some_and(|it| !it.is_empty()), RULE, || {
            format!("acr is {acr}")
        });
    }
    report.require(
        claims["nonce"].as_str() == expected.nonce,
        "nonce (OpenID Connect Core §3.1.3.7)",
        || format!("nonce is {}, sent was {:?}", claims["nonce"], expected.nonce),
    );
    let sub = claims["sub"].as_str().unwrap_or_default();
    let printable = sub.bytes().all(|it| (0x20..0x7f).contains(&it));
    report.require((1..=255).contains(&sub.len()) && printable, RULE, || {
        format!("sub is {}, not 1 to 255 ASCII characters", claims["sub"])
    });
    if let Some(updated) = claims.get("updated_at") {
        report.require(updated.is_number(), RULE, || {
            format!("updated_at is {updated}, not a number")
        });
    }
}

/// Warns of claims beyond those of the protocol, where nobody asked for more.
pub fn lean(token: &IdToken, report: &mut Report) {
    const USUAL: [&str; 16] = [
        "iss",
        "sub",
        "aud",
        "exp",
        "iat",
        "nbf",
        "jti",
        "auth_time",
        "nonce",
        "acr",
        "amr",
        "azp",
        "at_hash",
        "c_hash",
        "s_hash",
        "sid",
    ];
    for name in token.claims.as_object().into_iter().flat_map(Map::keys) {
        report.advise(USUAL.contains(&name.as_str()), "lean ID token", || {
            format!("the claim {name} is in the ID token though nobody asked for it there")
        });
    }
}

/// Checks `at_hash` and `c_hash`. Core §3.1.3.6, §3.3.2.11: the token endpoint may leave them out, but not send wrong
/// ones.
fn hashes(token: &IdToken, expected: &Expected<'_>, report: &mut Report) {
    let algorithm = token.header["alg"].as_str().unwrap_or_default();
    for (name, input) in [("at_hash", expected.access_token), ("c_hash", expected.code)] {
        let Some(value) = token.claims.get(name) else {
            continue;
        };
        let Some(input) = input else { continue };
        let hash = half_hash(algorithm, input);
        report.require(
            value == &hash,
            "at_hash and c_hash (OpenID Connect Core §3.1.3.6)",
            || format!("{name} is {value}, computed was {hash:?}"),
        );
    }
}

pub fn half_hash(algorithm: &str, input: &str) -> String {
    let digest = match algorithm {
        alg if alg.ends_with("384") => Sha384::digest(input).to_vec(),
        alg if alg.ends_with("512") || alg == "EdDSA" => Sha512::digest(input).to_vec(),
        _ => Sha256::digest(input).to_vec(),
    };
    URL_SAFE_NO_PAD.encode(&digest[..digest.len() / 2])
}

#[cfg(test)]
mod tests {
    use super::*;
    use josekit::jwk::alg::ec::{EcCurve, EcKeyPair};
    use josekit::jws::{ES256, JwsHeader};
    use serde_json::json;

    fn key() -> (EcKeyPair, Value) {
        let pair = EcKeyPair::generate(EcCurve::P256).unwrap();
        let mut public = serde_json::to_value(pair.to_jwk_public_key().as_ref()).unwrap();
        public["kid"] = json!("k1");
        public["alg"] = json!("ES256");
        (pair, public)
    }

    fn sign(pair: &EcKeyPair, claims: &Value) -> String {
        let mut header = JwsHeader::new();
        header.set_key_id("k1");
        let signer = ES256.signer_from_der(pair.to_der_private_key()).unwrap();
        jws::serialize_compact(claims.to_string().as_bytes(), &header, &signer).unwrap()
    }

    fn judge(raw: &str, public: &Value) -> Vec<String> {
        let expected = Expected {
            issuer: "https://op.example",
            client_id: "me",
            nonce: Some("n1"),
            access_token: Some("at"),
            code: None,
        };
        let mut report = Report::default();
        let _ = read(raw, &json!({ "keys": [public] }), &expected, &mut report);
        report.findings.into_iter().map(|it| it.detail).collect()
    }

    fn good() -> Value {
        json!({"iss": "https://op.example", "aud": "me", "sub": "u", "nonce": "n1", "iat": now(),
               "exp": now() + 300, "auth_time": now(), "acr": "1", "at_hash": half_hash("ES256", "at")})
    }

    #[test]
    fn each_tampered_claim_is_found() {
        let (pair, public) = key();
        assert_eq!(judge(&sign(&pair, &good()), &public), Vec::<String>::new());
        for (name, value) in [
            ("iss", json!("https://op.example/")),
            ("aud", json!("you")),
            ("azp", json!("you")),
            ("sub", json!("")),
            ("sub", json!("ü")),
            ("nonce", json!("n2")),
            ("nonce", json!(null)),
            ("iat", json!(now() - 3600)),
            ("iat", json!("now")),
            ("exp", json!(now() - 3600)),
            ("exp", json!(now() + 60 * YEAR)),
            ("auth_time", json!(now() + 3600)),
            ("auth_time", json!(now().to_string())),
            ("acr", json!("")),
            ("updated_at", json!("2020-01-01")),
            ("at_hash", json!("wrong")),
        ] {
            let mut claims = good();
            claims[name] = value;
            assert_eq!(judge(&sign(&pair, &claims), &public).len(), 1, "{claims}");
        }
    }

    #[test]
    fn a_foreign_or_missing_signature_is_found() {
        let (pair, public) = key();
        let (other, other_public) = key();
        assert_eq!(judge(&sign(&other, &good()), &public).len(), 1);
        let mut renamed = other_public;
        renamed["kid"] = json!("k2");
        assert_eq!(judge(&sign(&pair, &good()), &renamed).len(), 1);
        let signed = sign(&pair, &good());
        let body = signed.split('.').nth(1).unwrap();
        let unsigned = format!("{}.{body}.", URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#));
        assert_eq!(judge(&unsigned, &public).len(), 1);
        assert_eq!(judge("a.b", &public).len(), 1);
    }
}
