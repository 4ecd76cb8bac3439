//! The compact form of a JWS (RFC 7515 §7.1), apart: what is signed, the header, the claims, the signature.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use super::strict;
use crate::domain::client::SigningAlg;

/// JW-1: 8 KiB at most.
const LONGEST: usize = 8 * 1024;

/// RFC 7515 §4.1.11: what asks for processing that we do not implement is refused.
const NOT_PROCESSED: [&str; 4] = ["crit", "b64", "zip", "enc"];

pub(super) struct Parts<'a> {
    pub alg: SigningAlg,
    pub kid: Option<String>,
    pub typ: Option<String>,
    /// A key that it brings along: believed by nobody but who asks for it.
    pub jwk: Option<Map<String, Value>>,
    pub signed: &'a str,
    pub signature: Vec<u8>,
    claims: Vec<u8>,
}

impl<'a> Parts<'a> {
    /// Takes it apart without believing any of it; `None` for what is not a JWS that we would process.
    pub(super) fn parse(jws: &'a str) -> Option<Self> {
        if jws.len() > LONGEST {
            return None;
        }
        let (signed, signature) = jws.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        if claims.contains('.') {
            return None; // five parts: encrypted, which is refused (JW-1)
        }
        let header = strict::object(&URL_SAFE_NO_PAD.decode(header).ok()?)?;
        if NOT_PROCESSED.iter().any(|it| header.contains_key(*it)) {
            return None;
        }
        Some(Self {
            alg: SigningAlg::parse(header.get("alg")?.as_str()?)?,
            kid: text(&header, "kid")?,
            typ: text(&header, "typ")?,
            jwk: match header.get("jwk") {
                None => None,
                Some(Value::Object(it)) => Some(it.clone()),
                Some(_) => return None,
            },
            signed,
            signature: URL_SAFE_NO_PAD.decode(signature).ok()?,
            claims: URL_SAFE_NO_PAD.decode(claims).ok()?,
        })
    }

    /// The claims, once the signature was verified.
    pub(super) fn claims(&self) -> Option<Value> {
        strict::claims(&self.claims)
    }

    /// RFC 7515 §4.1.9: compared without regard to case, `application/` may be left out.
    pub(super) fn is_typ(&self, expected: &str) -> bool {
        self.typ.as_deref().is_some_and(|it| {
            let it = it.to_ascii_lowercase();
            it.strip_prefix("application/").unwrap_or(&it) == expected.to_ascii_lowercase()
        })
    }
}

/// The claims of a JWT whose header says `none` and whose signature is empty, and of nothing else.
pub(super) fn unsigned(jwt: &str) -> Option<Value> {
    if jwt.len() > LONGEST {
        return None;
    }
    let (header, claims) = jwt.strip_suffix('.')?.split_once('.')?;
    let header = strict::object(&URL_SAFE_NO_PAD.decode(header).ok()?)?;
    let asks_more = NOT_PROCESSED.iter().any(|it| header.contains_key(*it));
    match header.get("alg")?.as_str()? {
        "none" if !asks_more => strict::claims(&URL_SAFE_NO_PAD.decode(claims).ok()?),
        _ => None,
    }
}

/// `None` if it is there and no text; `Some(None)` if it is not there.
fn text(header: &Map<String, Value>, name: &str) -> Option<Option<String>> {
    match header.get(name) {
        None => Some(None),
        Some(Value::String(it)) => Some(Some(it.clone())),
        Some(_) => None,
    }
}

pub(super) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
