//! Parses the JWK set of a client (RFC 7517 §5) into verifiers of its signatures and encrypters to it. It accepts
//! public keys only, of sufficient strength, for the algorithms that are supported (RFC 8725; security.md JW-1 to
//! JW-6).

use std::sync::Arc;

use josekit::jwe::JweEncrypter;
use josekit::jwk::Jwk;
use josekit::jws::JwsVerifier;
use serde_json::{Map, Value};

use super::{algorithms, rsa_modulus};
use crate::domain::client::{EncryptionAlg, SigningAlg};

/// The largest number of keys in a set (DR-3).
const MOST_KEYS: usize = 16;

/// A client's public keys, parsed and ready.
#[derive(Clone, Debug, Default)]
pub struct ClientKeys {
    keys: Arc<[ClientKey]>,
    /// The set as it came: it may hold more than keys.
    set: Arc<Value>,
}

#[derive(Debug)]
struct ClientKey {
    kid: Option<String>,
    /// `true` if its owner reserves it for encryption (RFC 7517 §4.2).
    only_encrypts: bool,
    verifiers: Vec<(SigningAlg, Box<dyn JwsVerifier>)>,
    encrypters: Vec<(EncryptionAlg, Box<dyn JweEncrypter>)>,
}

impl ClientKeys {
    /// Parses a JWK set (RFC 7517 §5), or returns the first problem. Keys for other uses are skipped.
    pub fn parse(set: &Value) -> Result<Self, String> {
        let keys = set
            .get("keys")
            .and_then(Value::as_array)
            .ok_or("it has no array \"keys\"")?;
        if keys.len() > MOST_KEYS {
            return Err(format!("at most {MOST_KEYS} keys"));
        }
        let mut read: Vec<ClientKey> = Vec::new();
        for (at, key) in keys.iter().enumerate() {
            let wrong = |why: String| format!("key {}: {why}", at + 1);
            let key = key
                .as_object()
                .ok_or_else(|| wrong("it is not an object".into()))?;
            read.extend(ClientKey::parse(key).map_err(wrong)?);
        }
        let signing = read.iter().filter(|it| !it.verifiers.is_empty());
        let mut kids: Vec<&str> = signing.filter_map(|it| it.kid.as_deref()).collect();
        kids.sort_unstable();
        if kids.windows(2).any(|it| it[0] == it[1]) {
            return Err("two keys have the same kid".into());
        }
        Ok(Self {
            keys: read.into(),
            set: Arc::new(set.clone()),
        })
    }

    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Returns `true` if a key of the set verifies one of the algorithms.
    pub fn can_sign_by(&self, algs: &[SigningAlg]) -> bool {
        let mut verifiers = self.keys.iter().flat_map(|it| &it.verifiers);
        verifiers.any(|(alg, _)| algs.contains(alg))
    }

    /// Returns `true` if a key of the set can be encrypted to by this algorithm.
    pub fn can_be_encrypted_to_by(&self, alg: EncryptionAlg) -> bool {
        self.recipient(alg).is_some()
    }

    /// Returns the verifiers of an algorithm. A JWS that names its key is verified by that key alone, and the name must
    /// be equal to the byte (security.md JW-2).
    pub(super) fn verifiers<'a>(
        &'a self,
        alg: SigningAlg,
        kid: Option<&'a str>,
    ) -> impl Iterator<Item = &'a dyn JwsVerifier> {
        self.keys
            .iter()
            .filter(move |it| kid.is_none() || it.kid.as_deref() == kid)
            .flat_map(|it| &it.verifiers)
            .filter(move |(by, _)| *by == alg)
            .map(|(_, it)| it.as_ref())
    }

    /// Returns the key to encrypt to, with its name. A key that is for encryption only is preferred.
    pub(super) fn recipient(&self, alg: EncryptionAlg) -> Option<(Option<&str>, &dyn JweEncrypter)> {
        let encrypts = |it: &&ClientKey| it.encrypters.iter().any(|(by, _)| *by == alg);
        let mut fitting = self.keys.iter().filter(encrypts);
        let key = fitting
            .clone()
            .find(|it| it.only_encrypts)
            .or_else(|| fitting.next())?;
        let (_, encrypter) = key.encrypters.iter().find(|(by, _)| *by == alg)?;
        Some((key.kid.as_deref(), encrypter.as_ref()))
    }

    /// Returns the JWK set as it came.
    pub fn set(&self) -> &Value {
        &self.set
    }

    /// Returns `true` if both are one parsed set in memory, not merely equal ones.
    pub(super) fn are(&self, others: &Self) -> bool {
        Arc::ptr_eq(&self.keys, &others.keys)
    }
}

impl ClientKey {
    fn parse(key: &Map<String, Value>) -> Result<Option<Self>, String> {
        // JW-6: public members only. A private key that was sent to somebody is no longer private.
        if ["d", "p", "q", "dp", "dq", "qi", "oth", "k"]
            .iter()
            .any(|it| key.contains_key(*it))
        {
            return Err("it holds a private or symmetric key".into());
        }
        let text = |name: &str| match key.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str())),
            Some(_) => Err(format!("\"{name}\" is not a string")),
        };
        let (signatures, encryptions): (&[SigningAlg], &[EncryptionAlg]) = match (text("kty")?, text("crv")?)
        {
            (Some("RSA"), _) => (
                &[SigningAlg::RS256, SigningAlg::PS256],
                &[EncryptionAlg::RsaOaep256],
            ),
            (Some("EC"), Some("P-256")) => (&[SigningAlg::ES256], &[EncryptionAlg::EcdhEs]),
            (Some("OKP"), Some("Ed25519")) => (&[SigningAlg::EdDSA], &[]),
            (Some(_), _) => return Ok(None),
            (None, _) => return Err("\"kty\" is missing".into()),
        };
        let (kid, alg, purpose) = (text("kid")?, text("alg")?, text("use")?);
        let is_for = |wanted: &str, name: &str| {
            purpose.is_none_or(|it| it == wanted) && alg.is_none_or(|it| it == name)
        };
        let operations = operations(key)?;
        let can = |any: &[&str]| {
            operations
                .as_ref()
                .is_none_or(|it| it.iter().any(|it| any.contains(it)))
        };
        let (verify, encrypt) = (
            can(&["verify"]),
            can(&["encrypt", "wrapKey", "deriveKey", "deriveBits"]),
        );
        let signatures: Vec<SigningAlg> = signatures
            .iter()
            .copied()
            .filter(|it| verify && is_for("sig", it.as_str()))
            .collect();
        let encryptions: Vec<EncryptionAlg> = encryptions
            .iter()
            .copied()
            .filter(|it| encrypt && is_for("enc", it.as_str()))
            .collect();
        if signatures.is_empty() && encryptions.is_empty() {
            return Ok(None);
        }
        if text("kty")? == Some("RSA") {
            rsa_modulus::check(text("n")?.unwrap_or_default(), text("e")?.unwrap_or_default())?;
        }
        let mut key = key.clone();
        key.remove("key_ops"); // read above
        let jwk = Jwk::from_map(key).map_err(|_| "it is not a JWK".to_owned())?;
        // josekit refuses RSA keys below 2048 bits; OpenSSL refuses points that are not on the curve.
        let invalid = |_| "it is too short or not valid".to_owned();
        Ok(Some(Self {
            kid: kid.map(str::to_owned),
            only_encrypts: purpose == Some("enc"),
            verifiers: signatures
                .into_iter()
                .map(|it| Ok((it, algorithms::verifier(it, &jwk).map_err(invalid)?)))
                .collect::<Result<_, String>>()?,
            encrypters: encryptions
                .into_iter()
                .map(|it| Ok((it, algorithms::encrypter(it, &jwk).map_err(invalid)?)))
                .collect::<Result<_, String>>()?,
        }))
    }
}

/// Returns the `key_ops` (RFC 7517 §4.3), or `None` if the key may do whatever its `use` allows.
fn operations(key: &Map<String, Value>) -> Result<Option<Vec<&str>>, String> {
    let Some(named) = key.get("key_ops") else {
        return Ok(None);
    };
    let names = named.as_array().map(|it| it.iter().map(Value::as_str).collect());
    match names {
        Some(Some(names)) => Ok(Some(names)),
        _ => Err("\"key_ops\" is not a list of strings".into()),
    }
}
