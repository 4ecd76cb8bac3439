//! Keys of clients, and the JWTs that they sign: assertions, request objects, DPoP proofs.

use anyhow::{Context, Result, bail};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use josekit::jwk::Jwk;
use josekit::jwk::alg::ec::{EcCurve, EcKeyPair};
use josekit::jws::{self, JwsSigner};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// A private key as a JWK.
#[derive(Clone, Debug)]
pub struct Key {
    members: Map<String, Value>,
}

impl Key {
    /// Reads a key from the settings, also out of a key set.
    pub fn read(text: &str) -> Result<Self> {
        let value: Value = serde_json::from_str(text).context("a key is not JSON")?;
        let key = value["keys"].get(0).unwrap_or(&value);
        let members = key.as_object().context("a key is not a JSON object")?;
        Ok(Self {
            members: members.clone(),
        })
    }

    /// Makes a key for proofs of possession.
    pub fn generate() -> Result<Self> {
        let pair = EcKeyPair::generate(EcCurve::P256)?.to_jwk_key_pair();
        let mut members = pair.as_ref().clone();
        members.insert("alg".into(), "ES256".into());
        Ok(Self { members })
    }

    pub fn alg(&self) -> String {
        let named = self.members.get("alg").and_then(Value::as_str);
        let fallback = match self.members.get("kty").and_then(Value::as_str) {
            Some("RSA") => "PS256",
            Some("OKP") => "EdDSA",
            _ => "ES256",
        };
        named.unwrap_or(fallback).to_owned()
    }

    pub fn is_rsa(&self) -> bool {
        self.members.get("kty").is_some_and(|it| it == "RSA")
    }

    pub fn kid(&self) -> Option<&Value> {
        self.members.get("kid")
    }

    /// Returns the JWK with its private part.
    pub fn private(&self) -> Value {
        Value::Object(self.members.clone())
    }

    pub fn public(&self) -> Value {
        const PUBLIC: [&str; 8] = ["kty", "crv", "x", "y", "n", "e", "kid", "alg"];
        let public = self.members.iter().filter(|it| PUBLIC.contains(&it.0.as_str()));
        Value::Object(public.map(|(name, it)| (name.clone(), it.clone())).collect())
    }

    /// Computes the thumbprint (RFC 7638 §3).
    pub fn thumbprint(&self) -> String {
        let names: &[&str] = match self.members.get("kty").and_then(Value::as_str) {
            Some("RSA") => &["e", "kty", "n"],
            Some("OKP") => &["crv", "kty", "x"],
            _ => &["crv", "kty", "x", "y"],
        };
        let pairs = names
            .iter()
            .map(|name| format!("{}:{}", json!(name), self.members[*name]));
        let text = format!("{{{}}}", pairs.collect::<Vec<_>>().join(","));
        URL_SAFE_NO_PAD.encode(Sha256::digest(text))
    }

    fn signer(&self, alg: &str) -> Result<Box<dyn JwsSigner>> {
        let mut members = self.members.clone();
        // Some modules sign with an algorithm that the key is not for.
        for name in ["alg", "use", "key_ops"] {
            members.remove(name);
        }
        let jwk = Jwk::from_map({
            members.remove("kid");
            members
        })?;
        Ok(match alg {
            "PS256" => Box::new(jws::PS256.signer_from_jwk(&jwk)?),
            "RS256" => Box::new(jws::RS256.signer_from_jwk(&jwk)?),
            "ES256" => Box::new(jws::ES256.signer_from_jwk(&jwk)?),
            "EdDSA" | "Ed25519" => Box::new(jws::EdDSA.signer_from_jwk(&jwk)?),
            other => bail!("cannot sign with {other}"),
        })
    }
}

/// A JWT before it is signed; a mutation may change all of it.
#[derive(Clone, Debug)]
pub struct Jwt {
    pub header: Value,
    pub claims: Value,
    pub key: Key,
    /// The algorithm that signs it, whatever the header says; `none` leaves the signature out.
    pub alg: String,
    /// Spoils the signature.
    pub broken: bool,
}

impl Jwt {
    /// Begins with a header that names the key and its algorithm.
    pub fn new(key: &Key, claims: Value) -> Self {
        let mut header = json!({"alg": key.alg()});
        if let Some(kid) = key.kid() {
            header["kid"] = kid.clone();
        }
        Self {
            header,
            claims,
            key: key.clone(),
            alg: key.alg(),
            broken: false,
        }
    }

    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.claims[name] = value.into();
    }

    pub fn drop(&mut self, name: &str) {
        remove(&mut self.claims, name);
    }

    pub fn drop_from_header(&mut self, name: &str) {
        remove(&mut self.header, name);
    }

    /// Changes the header and the signature alike.
    pub fn sign_with(&mut self, alg: &str) {
        self.header["alg"] = alg.into();
        self.alg = alg.to_owned();
    }

    /// Changes the header and the signature alike.
    pub fn sign_by(&mut self, key: &Key) {
        let Self { header, alg, .. } = Self::new(key, Value::Null);
        (self.header, self.alg, self.key) = (header, alg, key.clone());
    }

    pub fn compact(&self) -> Result<String> {
        let part = |it: &Value| URL_SAFE_NO_PAD.encode(it.to_string());
        let input = format!("{}.{}", part(&self.header), part(&self.claims));
        if self.alg == "none" {
            return Ok(format!("{input}."));
        }
        let mut signature = self.key.signer(&self.alg)?.sign(input.as_bytes())?;
        if self.broken {
            signature.iter_mut().for_each(|it| *it ^= 0x5a);
        }
        Ok(format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

fn remove(value: &mut Value, name: &str) {
    if let Some(members) = value.as_object_mut() {
        members.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::id_token::{apart, signature};
    use crate::report::Report;

    #[test]
    fn a_thumbprint_is_that_of_the_standard() {
        // RFC 7638 §3.1
        let key = json!({"kty": "RSA", "e": "AQAB", "alg": "RS256", "kid": "2011-04-29", "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"});
        let key = Key::read(&key.to_string()).unwrap();
        assert_eq!(key.thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
        assert!(key.public().get("d").is_none());
    }

    #[test]
    fn a_jwt_is_signed_as_it_says_or_not() {
        let key = Key::generate().unwrap();
        assert!(key.public().get("d").is_none() && key.private().get("d").is_some());
        let jwks = json!({"keys": [key.public()]});
        let findings = |jwt: &Jwt| {
            let mut report = Report::default();
            let token = apart(&jwt.compact().unwrap()).unwrap();
            signature(&token, &jwks, &mut report);
            report.findings.len()
        };
        let good = Jwt::new(&key, json!({"iss": "me"}));
        assert_eq!(findings(&good), 0);
        let mut broken = good.clone();
        broken.broken = true;
        assert_eq!(findings(&broken), 1);
        let mut unsigned = good.clone();
        unsigned.sign_with("none");
        assert_eq!(findings(&unsigned), 1);
        let mut foreign = good.clone();
        foreign.sign_by(&Key::generate().unwrap());
        assert_eq!(findings(&foreign), 1);
    }
}
