//! A client that receives encrypted messages: its key, and how it opens a JWE by its own hand (RFC 7516 §5.2).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use openssl::bn::{BigNum, BigNumContext};
use openssl::derive::Deriver;
use openssl::ec::{EcGroup, EcKey, PointConversionForm};
use openssl::encrypt::Decrypter;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private, Public};
use openssl::rsa::{Padding, Rsa};
use openssl::sign::Signer;
use openssl::symm::{Cipher, decrypt, decrypt_aead};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

pub struct Recipient {
    alg: &'static str,
    key: PKey<Private>,
    kid: &'static str,
}

/// The content of a JWE.
pub struct Opened {
    pub header: Value,
    pub content: String,
}

impl Recipient {
    /// Makes a key for `RSA-OAEP-256` or `ECDH-ES`.
    pub fn new(alg: &'static str, kid: &'static str) -> Self {
        let key = match alg {
            "RSA-OAEP-256" => PKey::from_rsa(Rsa::generate(2048).expect("a key")),
            _ => PKey::from_ec_key(EcKey::generate(&p256()).expect("a key")),
        };
        let key = key.expect("a key");
        Self { alg, key, kid }
    }

    /// Returns the public key as it is registered.
    pub fn public(&self) -> Value {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let mut jwk = match self.alg {
            "RSA-OAEP-256" => {
                let rsa = self.key.rsa().expect("RSA");
                json!({"kty": "RSA", "n": text(&rsa.n().to_vec()), "e": text(&rsa.e().to_vec())})
            }
            _ => {
                let (ec, mut context) = (
                    self.key.ec_key().expect("EC"),
                    BigNumContext::new().expect("a context"),
                );
                let form = PointConversionForm::UNCOMPRESSED;
                let point = ec.public_key().to_bytes(ec.group(), form, &mut context);
                let point = point.expect("a point");
                json!({"kty": "EC", "crv": "P-256", "x": text(&point[1..33]), "y": text(&point[33..])})
            }
        };
        jwk["use"] = "enc".into();
        jwk["kid"] = self.kid.into();
        jwk
    }

    pub fn opens(&self, jwe: &str) -> Opened {
        let parts: Vec<&str> = jwe.split('.').collect();
        let [protected, key, iv, ciphertext, tag] = parts[..] else {
            panic!("not a compact JWE: {jwe}");
        };
        let bytes = |it: &str| URL_SAFE_NO_PAD.decode(it).expect("base64url");
        let header: Value = serde_json::from_slice(&bytes(protected)).expect("JSON");
        assert_eq!(
            (&header["alg"], &header["kid"]),
            (&self.alg.into(), &self.kid.into())
        );
        let enc = header["enc"].as_str().expect("enc");
        let key = match self.alg {
            "RSA-OAEP-256" => self.unwraps(&bytes(key)),
            _ => {
                assert_eq!(key, ""); // RFC 7518 §4.6: agreed upon directly
                self.agrees(&header["epk"], enc)
            }
        };
        let sealed = Sealed {
            enc,
            protected,
            iv: &bytes(iv),
            ciphertext: &bytes(ciphertext),
            tag: &bytes(tag),
        };
        let content = sealed.open(&key);
        let content = String::from_utf8(content).expect("UTF-8");
        Opened { header, content }
    }

    fn unwraps(&self, encrypted: &[u8]) -> Vec<u8> {
        let mut decrypter = Decrypter::new(&self.key).expect("a decrypter");
        decrypter.set_rsa_padding(Padding::PKCS1_OAEP).expect("OAEP");
        decrypter.set_rsa_oaep_md(MessageDigest::sha256()).expect("OAEP");
        decrypter.set_rsa_mgf1_md(MessageDigest::sha256()).expect("OAEP");
        let length = decrypter.decrypt_len(encrypted).expect("a length");
        let mut key = vec![0; length];
        let length = decrypter.decrypt(encrypted, &mut key).expect("decrypted");
        key.truncate(length);
        key
    }

    /// Derives the key by the Concat KDF of NIST SP 800-56A (RFC 7518 §4.6.2).
    fn agrees(&self, epk: &Value, enc: &str) -> Vec<u8> {
        let part = |name: &str| {
            let value = epk[name].as_str().expect("a coordinate");
            BigNum::from_slice(&URL_SAFE_NO_PAD.decode(value).expect("base64url")).expect("a number")
        };
        let point = EcKey::from_public_key_affine_coordinates(&p256(), &part("x"), &part("y"));
        let peer: PKey<Public> = PKey::from_ec_key(point.expect("a point")).expect("a key");
        let mut deriver = Deriver::new(&self.key).expect("a deriver");
        deriver.set_peer(&peer).expect("a peer");
        let secret = deriver.derive_to_vec().expect("a secret");
        let bits: u32 = match enc {
            "A128GCM" => 128,
            "A256CBC-HS512" => 512,
            _ => 256,
        };
        let name_length = u32::try_from(enc.len()).expect("short");
        let rounds = (1..=bits.div_ceil(256)).flat_map(|round| {
            let mut hash = Sha256::new();
            hash.update(round.to_be_bytes());
            hash.update(&secret);
            hash.update(name_length.to_be_bytes());
            hash.update(enc);
            hash.update([0; 8]); // neither party says who it is
            hash.update(bits.to_be_bytes());
            hash.finalize()
        });
        rounds.take(bits as usize / 8).collect()
    }
}

/// The parts that a content encryption key opens (RFC 7516 §5.2).
struct Sealed<'a> {
    enc: &'a str,
    protected: &'a str,
    iv: &'a [u8],
    ciphertext: &'a [u8],
    tag: &'a [u8],
}

impl Sealed<'_> {
    fn open(&self, key: &[u8]) -> Vec<u8> {
        let aad = self.protected.as_bytes();
        let gcm = |cipher| {
            decrypt_aead(cipher, key, Some(self.iv), aad, self.ciphertext, self.tag).expect("authentic")
        };
        let (cipher, digest) = match self.enc {
            "A128GCM" => return gcm(Cipher::aes_128_gcm()),
            "A256GCM" => return gcm(Cipher::aes_256_gcm()),
            "A128CBC-HS256" => (Cipher::aes_128_cbc(), MessageDigest::sha256()),
            "A256CBC-HS512" => (Cipher::aes_256_cbc(), MessageDigest::sha512()),
            other => panic!("{other}"),
        };
        // RFC 7518 §5.2.2: the first half authenticates, the second encrypts.
        let (mac, key) = key.split_at(key.len() / 2);
        let mac_key = PKey::hmac(mac).expect("a key");
        let mut signer = Signer::new(digest, &mac_key).expect("a MAC");
        let bits = u64::try_from(aad.len() * 8).expect("short").to_be_bytes();
        for part in [aad, self.iv, self.ciphertext, &bits] {
            signer.update(part).expect("a MAC");
        }
        assert_eq!(signer.sign_to_vec().expect("a MAC")[..mac.len()], *self.tag);
        decrypt(cipher, key, Some(self.iv), self.ciphertext).expect("decrypted")
    }
}

fn p256() -> EcGroup {
    EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).expect("a curve")
}
