//! One of our key pairs. Its signers and verifiers are prepared once: parsing an RSA key costs more than signing with
//! it.

use josekit::jwk::Jwk;
use josekit::jwk::alg::{ec::EcCurve, ed::EdCurve};
use josekit::jws::{JwsSigner, JwsVerifier};
use serde_json::{Value, json};

use super::algorithms::{signer, verifier};
use super::error::Error;
use crate::domain::client::SigningAlg;
use crate::domain::signing_key::{Family, SigningKey};

#[derive(Debug)]
pub struct KeyPair {
    pub key: SigningKey,
    /// The JWK that is published.
    pub public: Value,
    prepared: Vec<Prepared>,
}

#[derive(Debug)]
struct Prepared {
    alg: SigningAlg,
    signer: Box<dyn JwsSigner>,
    verifier: Box<dyn JwsVerifier>,
}

impl KeyPair {
    pub fn read(key: SigningKey, private: &[u8]) -> Result<Self, Error> {
        let private = Jwk::from_bytes(private)?;
        let public = private.to_public_key()?;
        let prepared = algs(key.family)
            .iter()
            .map(|alg| {
                Ok(Prepared {
                    alg: *alg,
                    signer: signer(*alg, &private)?,
                    verifier: verifier(*alg, &public)?,
                })
            })
            .collect::<Result<_, Error>>()?;
        let mut public = json!(public.as_ref());
        // RFC 7517 §4: `alg` is left out for RSA, whose one key signs RS256 and PS256.
        public["kid"] = json!(key.kid);
        public["use"] = json!("sig");
        if let [only] = algs(key.family) {
            public["alg"] = json!(only.as_str());
        }
        Ok(Self {
            key,
            public,
            prepared,
        })
    }

    pub fn sign(&self, alg: SigningAlg, message: &[u8]) -> Result<Vec<u8>, Error> {
        match self.prepared.iter().find(|it| it.alg == alg) {
            Some(prepared) => Ok(prepared.signer.sign(message)?),
            None => Err(Error::Algorithm(alg.as_str())),
        }
    }

    pub fn verify(&self, alg: SigningAlg, message: &[u8], signature: &[u8]) -> bool {
        let prepared = self.prepared.iter().find(|it| it.alg == alg);
        prepared.is_some_and(|it| it.verifier.verify(message, signature).is_ok())
    }
}

/// Generates a private key, as JWK.
pub fn generate(family: Family, rsa_bits: u32) -> Result<Vec<u8>, Error> {
    let jwk = match family {
        Family::Rsa => Jwk::generate_rsa_key(rsa_bits)?,
        Family::P256 => Jwk::generate_ec_key(EcCurve::P256)?,
        Family::Ed25519 => Jwk::generate_ed_key(EdCurve::Ed25519)?,
    };
    Ok(jwk.to_string().into_bytes())
}

const fn algs(family: Family) -> &'static [SigningAlg] {
    match family {
        Family::Rsa => &[SigningAlg::RS256, SigningAlg::PS256],
        Family::P256 => &[SigningAlg::ES256],
        Family::Ed25519 => &[SigningAlg::EdDSA],
    }
}
