//! Salted digests, once or many times: `{SSHA}` of LDAP servers, `$P$` of phpass, `$S$` of Drupal 7.

use openssl::error::ErrorStack;
use openssl::hash::{Hasher, MessageDigest, hash};
use subtle::ConstantTimeEq;

use super::refusal::Refusal;
use super::text::{base64, crypt_value, to_crypt_base64};

const LDAP: &str = "LDAP";
const PHPASS: &str = "phpass";
const DRUPAL: &str = "Drupal 7";
/// Of 2 to this power, the digests of a password of 512 bytes take two seconds.
const MOST_LOG: u32 = 19;

pub(super) enum SaltedHash {
    /// The digest of password and salt, in that order.
    Once {
        digest: MessageDigest,
        salt: Vec<u8>,
        tag: Vec<u8>,
    },
    /// The digest of salt and password, and then again and again of that and the password.
    Repeated {
        digest: MessageDigest,
        log: u32,
        salt: String,
        /// What is compared, in letters; Drupal leaves the last ones away.
        letters: String,
    },
}

impl SaltedHash {
    /// Reads a hash, or returns `None` if it is of another kind.
    pub(super) fn read(text: &str) -> Option<Result<Self, Refusal>> {
        if let Some(rest) = text.strip_prefix("$P$") {
            return Some(repeated(rest, MessageDigest::md5(), PHPASS, 22));
        }
        if let Some(rest) = text.strip_prefix("$S$") {
            return Some(repeated(rest, MessageDigest::sha512(), DRUPAL, 43));
        }
        let (scheme, rest) = text.strip_prefix("{SSHA")?.split_once('}')?;
        let digest = match scheme {
            "" => MessageDigest::sha1(),
            "256" => MessageDigest::sha256(),
            "512" => MessageDigest::sha512(),
            _ => return None,
        };
        Some(once(rest, digest))
    }

    pub(super) fn verify(&self, password: &[u8]) -> Result<bool, ErrorStack> {
        match self {
            Self::Once { digest, salt, tag } => {
                let computed = hash(*digest, &[password, salt].concat())?;
                Ok(computed.ct_eq(tag).into())
            }
            Self::Repeated {
                digest,
                log,
                salt,
                letters,
            } => {
                let mut hasher = Hasher::new(*digest)?;
                hasher.update(salt.as_bytes())?;
                hasher.update(password)?;
                let mut value = hasher.finish()?;
                for _ in 0..1_u32 << log {
                    hasher.update(&value)?;
                    hasher.update(password)?;
                    value = hasher.finish()?;
                }
                let mut computed = to_crypt_base64(&value);
                computed.truncate(letters.len());
                Ok(computed.as_bytes().ct_eq(letters.as_bytes()).into())
            }
        }
    }
}

fn once(rest: &str, digest: MessageDigest) -> Result<SaltedHash, Refusal> {
    let malformed = Refusal::Malformed(LDAP);
    let mut tag = base64(rest).ok_or(malformed)?;
    let length = digest.size();
    if !(length + 1..=length + 64).contains(&tag.len()) {
        return Err(malformed);
    }
    let salt = tag.split_off(length);
    Ok(SaltedHash::Once { digest, salt, tag })
}

/// Reads the letter of the count, eight of the salt, and the digest.
fn repeated(
    rest: &str,
    digest: MessageDigest,
    format: &'static str,
    length: usize,
) -> Result<SaltedHash, Refusal> {
    let malformed = Refusal::Malformed(format);
    let values = rest.bytes().map(crypt_value).collect::<Option<Vec<u32>>>();
    let values = values.filter(|it| it.len() == 9 + length).ok_or(malformed)?;
    let log = values[0];
    if !(7..=30).contains(&log) {
        return Err(malformed);
    }
    if log > MOST_LOG {
        return Err(Refusal::Costly {
            format,
            most: "2^19 rounds",
        });
    }
    Ok(SaltedHash::Repeated {
        digest,
        log,
        salt: rest[1..9].to_owned(),
        letters: rest[9..].to_owned(),
    })
}
