//! The keys of a client, and the JWTs that it signs with them by its own hand.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use openssl::bn::BigNumContext;
use openssl::ec::{EcGroup, EcKey};
use openssl::ecdsa::EcdsaSig;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::{Padding, Rsa};
use openssl::sign::{RsaPssSaltlen, Signer as Openssl};
use serde_json::{Value, json};

/// One key for one algorithm.
pub struct Signer {
    alg: &'static str,
    key: PKey<Private>,
}

impl Signer {
    pub fn new(alg: &'static str) -> Self {
        let key = match alg {
            "RS256" | "PS256" => PKey::from_rsa(Rsa::generate(2048).expect("a key")),
            "ES256" => {
                let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).expect("a curve");
                PKey::from_ec_key(EcKey::generate(&group).expect("a key"))
            }
            _ => PKey::generate_ed25519(),
        };
        Self {
            alg,
            key: key.expect("a key"),
        }
    }

    /// Returns the public key as it is registered, without a `kid`.
    pub fn public(&self) -> Value {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match self.alg {
            "RS256" | "PS256" => {
                let rsa = self.key.rsa().expect("RSA");
                json!({"kty": "RSA", "n": text(&rsa.n().to_vec()), "e": text(&rsa.e().to_vec())})
            }
            "ES256" => {
                let ec = self.key.ec_key().expect("EC");
                let mut context = BigNumContext::new().expect("a context");
                let form = openssl::ec::PointConversionForm::UNCOMPRESSED;
                let point = ec.public_key().to_bytes(ec.group(), form, &mut context);
                let point = point.expect("a point");
                json!({"kty": "EC", "crv": "P-256", "x": text(&point[1..33]), "y": text(&point[33..])})
            }
            _ => {
                let x = self.key.raw_public_key().expect("its public half");
                json!({"kty": "OKP", "crv": "Ed25519", "x": text(&x)})
            }
        }
    }

    pub fn signs(&self, claims: &Value) -> String {
        self.signs_as(&json!({"alg": self.alg}), claims)
    }

    /// Signs with any header.
    pub fn signs_as(&self, header: &Value, claims: &Value) -> String {
        let part = |it: &Value| URL_SAFE_NO_PAD.encode(it.to_string());
        let input = format!("{}.{}", part(header), part(claims));
        let signature = self.signature(input.as_bytes());
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn signature(&self, input: &[u8]) -> Vec<u8> {
        if self.alg == "EdDSA" {
            let mut signer = Openssl::new_without_digest(&self.key).expect("a signer");
            return signer.sign_oneshot_to_vec(input).expect("signed");
        }
        let mut signer = Openssl::new(MessageDigest::sha256(), &self.key).expect("a signer");
        if self.alg == "PS256" {
            signer.set_rsa_padding(Padding::PKCS1_PSS).expect("PSS");
            signer
                .set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH)
                .expect("PSS");
        }
        let signature = signer.sign_oneshot_to_vec(input).expect("signed");
        if self.alg != "ES256" {
            return signature;
        }
        // RFC 7518 §3.4: the signature is the two numbers, 32 bytes each.
        let pair = EcdsaSig::from_der(&signature).expect("a signature");
        let half = |it: &openssl::bn::BigNumRef| it.to_vec_padded(32).expect("32 bytes");
        [half(pair.r()), half(pair.s())].concat()
    }
}
