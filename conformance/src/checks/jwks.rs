//! Checks the provider's key set: RFC 7517, and what the suite demands beyond it (a distinct `kid` on each key).

use crate::report::Report;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use std::collections::HashSet;

const RULE: &str = "JWKS (RFC 7517)";

pub fn check(jwks: &Value, report: &mut Report) {
    let Some(keys) = jwks["keys"].as_array() else {
        report.fail(RULE, "there is no array `keys`");
        return;
    };
    report.require(!keys.is_empty(), RULE, || "the key set is empty".into());
    let mut kids = HashSet::new();
    for key in keys {
        let kid = key["kid"].as_str().unwrap_or_default();
        report.require(!kid.trim().is_empty(), RULE, || {
            format!("a key without kid: {}", key["kty"])
        });
        report.require(kid.is_empty() || kids.insert(kid), RULE, || {
            format!("kid {kid:?} is there twice")
        });
        for member in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
            report.require(key.get(member).is_none(), RULE, || {
                format!("key {kid:?} shows its private member `{member}`")
            });
        }
        let public: &[&str] = match key["kty"].as_str() {
            Some("RSA") => &["n", "e"],
            Some("EC") => &["x", "y"],
            Some("OKP") => &["x"],
            Some("oct") => {
                report.fail(RULE, format!("key {kid:?} is symmetric"));
                &[]
            }
            Some(other) => {
                report.warn(RULE, format!("key {kid:?} has the unknown kty {other:?}"));
                &[]
            }
            None => {
                report.fail(RULE, format!("key {kid:?} has no kty"));
                &[]
            }
        };
        for member in public {
            let text = key[*member].as_str().unwrap_or_default();
            let sound = !text.is_empty() && URL_SAFE_NO_PAD.decode(text).is_ok();
            report.require(sound, RULE, || {
                format!("`{member}` of key {kid:?} is not base64url")
            });
        }
        if let Some(curve) = key["crv"].as_str() {
            const REGISTERED: [&str; 8] = [
                "P-256",
                "P-384",
                "P-521",
                "secp256k1",
                "Ed25519",
                "Ed448",
                "X25519",
                "X448",
            ];
            report.advise(REGISTERED.contains(&curve), RULE, || {
                format!("unknown curve {curve:?}")
            });
        } else if matches!(key["kty"].as_str(), Some("EC" | "OKP")) {
            report.fail(RULE, format!("key {kid:?} has no crv"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn complaints(keys: Value) -> usize {
        let mut report = Report::default();
        check(&json!({ "keys": keys }), &mut report);
        report.findings.len()
    }

    #[test]
    fn private_nameless_and_doubled_keys_fail() {
        let key = json!({"kty": "EC", "crv": "P-256", "kid": "a", "x": "AQ", "y": "AQ"});
        let with = |member: &str, value: Value| {
            let mut key = key.clone();
            key[member] = value;
            key
        };
        assert_eq!(complaints(json!([key])), 0);
        assert_eq!(complaints(json!([])), 1);
        assert_eq!(complaints(json!([key, key])), 1);
        assert_eq!(complaints(json!([with("kid", json!(""))])), 1);
        assert_eq!(complaints(json!([with("d", json!("AQ"))])), 1);
        assert_eq!(complaints(json!([with("x", json!("not base64url!"))])), 1);
        assert_eq!(complaints(json!([{"kty": "oct", "kid": "s", "k": "AQ"}])), 2);
    }
}
