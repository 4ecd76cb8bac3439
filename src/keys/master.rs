//! Derives from the master key the keys of seals, the keys that authenticate codes, and the pepper of passwords
//! (security.md JW-7). Each purpose has a key of its own by HKDF-SHA-256 (RFC 5869); labels carry a version.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use openssl::symm::{self, Cipher};
use sha2::Sha256;

use super::error::Error;
use crate::random;

const NONCE: usize = 12;
const TAG: usize = 16;

#[derive(Clone)]
pub struct Master {
    hkdf: Hkdf<Sha256>,
    pepper: [u8; 32],
}

impl std::fmt::Debug for Master {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

impl Master {
    pub fn new(key: &[u8; 32]) -> Self {
        let hkdf = Hkdf::new(Some(b"itu-account"), key);
        let mut master = Self {
            hkdf,
            pepper: [0; 32],
        };
        master.pepper = master.derive("v1 pepper", "");
        master
    }

    fn derive(&self, label: &str, name: &str) -> [u8; 32] {
        let mut key = [0; 32];
        self.hkdf
            .expand_multi_info(&[label.as_bytes(), b"\0", name.as_bytes()], &mut key)
            .expect("32 bytes are within what HKDF can give");
        key
    }

    /// Returns the secret that every password is hashed with.
    pub fn pepper(&self) -> &[u8; 32] {
        &self.pepper
    }

    pub fn hmac(&self, purpose: &str, data: &[u8]) -> [u8; 32] {
        mac(&self.derive("v1 hmac", purpose), data)
    }

    /// Encrypts under the key of `kind`. Only `open` with the same kind decrypts it.
    pub fn seal(&self, kind: &str, plaintext: &[u8]) -> Result<Vec<u8>, Error> {
        let salt: [u8; NONCE] = random::bytes();
        let nonce: [u8; NONCE] = random::bytes();
        let key = self.message_key(kind, &salt);
        let mut tag = [0; TAG];
        let sealed = symm::encrypt_aead(
            Cipher::aes_256_gcm(),
            &key,
            Some(&nonce),
            kind.as_bytes(),
            plaintext,
            &mut tag,
        )?;
        Ok([&salt, &nonce, sealed.as_slice(), &tag].concat())
    }

    pub fn open(&self, kind: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let (salt, rest) = sealed.split_at_checked(NONCE)?;
        let (nonce, rest) = rest.split_at_checked(NONCE)?;
        let (text, tag) = rest.split_at_checked(rest.len().checked_sub(TAG)?)?;
        let key = self.message_key(kind, salt);
        symm::decrypt_aead(
            Cipher::aes_256_gcm(),
            &key,
            Some(nonce),
            kind.as_bytes(),
            text,
            tag,
        )
        .ok()
    }

    /// Returns a key for one message. A random nonce of 96 bits allows 2^32 messages under one key (NIST SP 800-38D
    /// §8.3), and access tokens are many.
    fn message_key(&self, kind: &str, salt: &[u8]) -> [u8; 32] {
        mac(&self.derive("v1 seal", kind), salt)
    }

    pub fn seal_text(&self, kind: &str, plaintext: &[u8]) -> Result<String, Error> {
        Ok(URL_SAFE_NO_PAD.encode(self.seal(kind, plaintext)?))
    }

    pub fn open_text(&self, kind: &str, sealed: &str) -> Option<Vec<u8>> {
        self.open(kind, &URL_SAFE_NO_PAD.decode(sealed).ok()?)
    }
}

fn mac(key: &[u8; 32], data: &[u8]) -> [u8; 32] {
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(data);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_opens_for_its_kind_and_master_only() {
        let master = Master::new(&[7; 32]);
        let sealed = master.seal_text("access", b"content").expect("sealed");
        assert_eq!(
            master.open_text("access", &sealed).as_deref(),
            Some(&b"content"[..])
        );
        assert_eq!(master.open_text("other", &sealed), None); // G-7
        assert_eq!(Master::new(&[8; 32]).open_text("access", &sealed), None);
        assert_ne!(sealed, master.seal_text("access", b"content").expect("sealed"));
    }

    #[test]
    fn what_was_changed_or_cut_does_not_open() {
        let master = Master::new(&[7; 32]);
        let sealed = master.seal("access", b"content").expect("sealed");
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(master.open("access", &changed), None, "byte {at}");
            assert_eq!(master.open("access", &sealed[..at]), None, "length {at}");
        }
    }

    #[test]
    fn purposes_have_keys_of_their_own() {
        let master = Master::new(&[7; 32]);
        assert_ne!(master.hmac("a", b"x"), master.hmac("b", b"x"));
        assert_ne!(master.pepper(), &master.hmac("", b""));
    }
}
