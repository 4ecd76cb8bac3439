//! Parses the compact form of a JWS (RFC 7515 §7.1) and verifies what a client signed. Keys and algorithms come from
//! the client's registration, never from the token (RFC 7515 §5.2, RFC 8725; security.md JW-1 to JW-4).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use super::jwks::ClientKeys;
use super::strict_json;
use crate::domain::client::SigningAlg;

/// The longest JWS: 8 KiB (JW-1).
const LONGEST: usize = 8 * 1024;

/// The members that ask for processing that is not implemented: a header with one is refused (RFC 7515 §4.1.11).
const NOT_PROCESSED: [&str; 4] = ["crit", "b64", "zip", "enc"];

/// The reasons why a JWS was refused. The log says them; the client's answer is the same for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("it is not a compact JWS that is processed here")]
    Malformed,
    #[error("its algorithm is not one that the client registered")]
    Algorithm,
    #[error("its type is another")]
    Type,
    #[error("no registered key has its kid and algorithm")]
    UnknownKey,
    #[error("its signature is wrong")]
    Signature,
    #[error("its claims are not strict JSON of the expected types")]
    Claims,
}

/// The algorithms and the type that a JWS must have.
#[derive(Clone, Copy, Debug)]
pub struct Expect<'a> {
    /// The algorithms that the client's registration allows.
    pub algs: &'a [SigningAlg],
    /// The type: `client-authentication+jwt`, `oauth-authz-req+jwt`, `dpop+jwt`.
    pub typ: &'a str,
    /// Accepts `JWT`, or no `typ`, as well. It is set for assertions and request objects (security.md JW-4), which the
    /// caller then distinguishes by their claims.
    pub plain: bool,
}

pub struct Parts<'a> {
    pub alg: SigningAlg,
    pub kid: Option<String>,
    pub typ: Option<String>,
    /// A key in the header. Only `verify_embedded` uses it.
    pub jwk: Option<Map<String, Value>>,
    pub signed: &'a str,
    pub signature: Vec<u8>,
    claims: Vec<u8>,
}

impl<'a> Parts<'a> {
    /// Splits a JWS and verifies nothing. Returns `None` for anything that is not processed here.
    pub fn parse(jws: &'a str) -> Option<Self> {
        if jws.len() > LONGEST {
            return None;
        }
        let (signed, signature) = jws.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        if claims.contains('.') {
            return None; // five parts: encrypted, which is refused (JW-1)
        }
        let header = strict_json::object(&URL_SAFE_NO_PAD.decode(header).ok()?)?;
        if NOT_PROCESSED.iter().any(|it| header.contains_key(*it)) {
            return None;
        }
        Some(Self {
            alg: SigningAlg::parse(header.get("alg")?.as_str()?)?,
            kid: text(&header, "kid")?,
            typ: text(&header, "typ")?,
            jwk: match header.get("jwk") {
                None => None,
                Some(Value::Object(key)) => Some(key.clone()),
                Some(_) => return None,
            },
            signed,
            signature: URL_SAFE_NO_PAD.decode(signature).ok()?,
            claims: URL_SAFE_NO_PAD.decode(claims).ok()?,
        })
    }

    /// Returns the claims. Call it after the signature was verified.
    pub fn claims(&self) -> Option<Value> {
        strict_json::claims(&self.claims)
    }

    /// Compares `typ`. RFC 7515 §4.1.9: case does not matter, and `application/` may be left out.
    pub fn is_typ(&self, expected: &str) -> bool {
        self.typ.as_deref().is_some_and(|typ| {
            let typ = typ.to_ascii_lowercase();
            typ.strip_prefix("application/").unwrap_or(&typ) == expected.to_ascii_lowercase()
        })
    }
}

/// Returns the claims of a JWS that one of `keys` has signed. The caller checks times, issuer and audience.
pub fn verify(jws: &str, keys: &ClientKeys, expect: Expect<'_>) -> Result<Value, Refusal> {
    let parts = Parts::parse(jws).ok_or(Refusal::Malformed)?;
    if !expect.algs.contains(&parts.alg) {
        return Err(Refusal::Algorithm);
    }
    if !(parts.is_typ(expect.typ) || expect.plain && (parts.typ.is_none() || parts.is_typ("JWT"))) {
        return Err(Refusal::Type);
    }
    let mut candidates = keys.verifiers(parts.alg, parts.kid.as_deref()).peekable();
    candidates.peek().ok_or(Refusal::UnknownKey)?;
    if !candidates.any(|it| it.verify(parts.signed.as_bytes(), &parts.signature).is_ok()) {
        return Err(Refusal::Signature);
    }
    parts.claims().ok_or(Refusal::Claims)
}

/// Returns the claims of an unsigned JWT (RFC 7519 §6), for a client that registered to send such: the header says
/// `none` and the signature is empty. Nothing of it is verified; no key and no cipher is involved.
pub fn unsigned(jwt: &str) -> Result<Value, Refusal> {
    unsigned_claims(jwt).ok_or(Refusal::Malformed)
}

fn unsigned_claims(jwt: &str) -> Option<Value> {
    if jwt.len() > LONGEST {
        return None;
    }
    let (header, claims) = jwt.strip_suffix('.')?.split_once('.')?;
    let header = strict_json::object(&URL_SAFE_NO_PAD.decode(header).ok()?)?;
    let asks_more = NOT_PROCESSED.iter().any(|it| header.contains_key(*it));
    match header.get("alg")?.as_str()? {
        "none" if !asks_more => strict_json::claims(&URL_SAFE_NO_PAD.decode(claims).ok()?),
        _ => None,
    }
}

/// Returns `None` if the member is not a string, and `Some(None)` if it is absent.
fn text(header: &Map<String, Value>, name: &str) -> Option<Option<String>> {
    match header.get(name) {
        None => Some(None),
        Some(Value::String(text)) => Some(Some(text.clone())),
        Some(_) => None,
    }
}

pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
