//! Verifies assertions, request objects and proofs for the mock provider of FAPI.

use super::mock::{Client, Params};
use crate::checks::common::now;
use crate::checks::id_token::{apart, signature};
use crate::fapi::Key;
use crate::report::Report;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::Url;

const PERMITTED: [&str; 2] = ["PS256", "ES256"];

pub struct Judge<'a> {
    pub issuer: &'a str,
    pub any_alg: bool,
    pub any_audience: bool,
    pub any_time: bool,
    pub any_signer: bool,
    pub no_sub: bool,
    pub clock: i64,
}

fn is_signed(jws: &str, key: &Value) -> bool {
    let mut key = key.clone();
    if let Some(members) = key.as_object_mut() {
        members.retain(|name, _| name != "alg" && name != "kid");
    }
    let Some(mut token) = apart(jws) else {
        return false;
    };
    if let Some(members) = token.header.as_object_mut() {
        members.remove("kid");
    }
    let mut report = Report::default();
    signature(&token, &json!({"keys": [key]}), &mut report);
    report.findings.is_empty()
}

impl Judge<'_> {
    fn signed(&self, jws: &str, key: &Key) -> Option<crate::checks::id_token::IdToken> {
        let token = apart(jws)?;
        let alg = token.header["alg"].as_str()?;
        let fits = PERMITTED.contains(&alg) || self.any_alg;
        (fits && (self.any_signer || is_signed(jws, &key.public()))).then_some(token)
    }

    fn is_of_now(&self, claims: &Value) -> bool {
        let at = |name: &str| claims[name].as_i64();
        let begun = ["nbf", "iat"]
            .iter()
            .filter_map(|it| at(it))
            .all(|it| it <= now() + self.clock);
        self.any_time || begun && at("exp").is_some_and(|it| it > now() - 10)
    }

    pub fn assertion(&self, jws: &str, client: &Client) -> bool {
        let Some(token) = self.signed(jws, &client.key) else {
            return false;
        };
        let subject = token.claims["sub"] == client.id || self.no_sub;
        let audience = token.claims["aud"] == self.issuer || self.any_audience;
        subject && audience && self.is_of_now(&token.claims)
    }

    pub fn object(&self, jws: &str, client: &Client) -> Option<Params> {
        let token = self.signed(jws, &client.key)?;
        let audience = match &token.claims["aud"] {
            Value::Array(them) => them.iter().any(|it| it == self.issuer),
            one => one == self.issuer,
        };
        let at = |name: &str| token.claims[name].as_i64();
        let short = at("exp")? <= now() + 3600 && at("nbf")? >= now() - 3600;
        let refers = token.claims.get("request_uri").is_some();
        (audience && short && !refers && self.is_of_now(&token.claims)).then(|| params_of(jws))
    }
}

pub fn params_of(jws: &str) -> Params {
    let claims = apart(jws).map(|it| it.claims).unwrap_or_default();
    let members = claims.as_object().cloned().unwrap_or_default();
    let text = |it: Value| it.as_str().map_or_else(|| it.to_string(), str::to_owned);
    members.into_iter().map(|(name, it)| (name, text(it))).collect()
}

/// Returns the thumbprint of the key and the `jti` of the proof, unverified.
pub fn thumbprint_of(proof: &str) -> Option<(String, String)> {
    let token = apart(proof)?;
    let key = Key::read(&token.header["jwk"].to_string()).ok()?;
    Some((
        key.thumbprint(),
        token.claims["jti"].as_str().unwrap_or("-").to_owned(),
    ))
}

/// Verifies a DPoP proof (RFC 9449 §4.3).
pub fn check(
    proof: &str,
    (method, url): &(&str, String),
    access_token: Option<&str>,
    slack: i64,
) -> Option<(String, String)> {
    let token = apart(proof)?;
    let (header, claims) = (&token.header, &token.claims);
    let key = &header["jwk"];
    let bare = |uri: &str| {
        let mut uri = Url::parse(uri).ok()?;
        uri.set_query(None);
        uri.set_fragment(None);
        Some(uri)
    };
    let hash = access_token.map(|it| URL_SAFE_NO_PAD.encode(Sha256::digest(it)));
    let sound = header["typ"] == "dpop+jwt"
        && header["alg"].as_str().is_some_and(|it| PERMITTED.contains(&it))
        && key.get("d").is_none()
        && is_signed(proof, key)
        && claims["htm"] == *method
        && bare(claims["htu"].as_str()?) == bare(url)
        && (claims["iat"].as_i64()? - now()).abs() <= slack
        && claims["jti"].is_string()
        && (hash.is_none() || claims["ath"].as_str() == hash.as_deref());
    sound.then(|| thumbprint_of(proof)).flatten()
}
