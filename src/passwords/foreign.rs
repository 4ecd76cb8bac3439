//! The hashes of other platforms, for accounts that come from there: told apart by their text alone, bounded in cost when
//! they are read, verified until the first login. New hashes are made in `passwords`, and never of these kinds.

use super::argon2_hash::Argon2Hash;
use super::aspnet_hash;
use super::bcrypt_hash::BcryptHash;
use super::crypt_hash::CryptHash;
use super::pbkdf2_hash::Pbkdf2Hash;
use super::refusal::Refusal;
use super::salted_hash::SaltedHash;
use super::scrypt_hash::ScryptHash;

/// A hash that was taken apart, and that can be verified within two seconds and 64 MiB.
pub struct ForeignHash(Kind);

enum Kind {
    Argon2(Argon2Hash),
    Bcrypt(BcryptHash),
    Crypt(CryptHash),
    Pbkdf2(Pbkdf2Hash),
    Salted(SaltedHash),
    Scrypt(ScryptHash),
}

/// Each returns `None` for a text of another kind; for every text, at most one answers.
type Reader = fn(&str) -> Option<Result<Kind, Refusal>>;

const READERS: [Reader; 7] = [
    |it| Some(Argon2Hash::read(it)?.map(Kind::Argon2)),
    |it| Some(BcryptHash::read(it)?.map(Kind::Bcrypt)),
    |it| Some(CryptHash::read(it)?.map(Kind::Crypt)),
    |it| Some(Pbkdf2Hash::read(it)?.map(Kind::Pbkdf2)),
    |it| Some(SaltedHash::read(it)?.map(Kind::Salted)),
    |it| Some(ScryptHash::read(it)?.map(Kind::Scrypt)),
    |it| Some(aspnet_hash::read(it)?.map(Kind::Pbkdf2)),
];

/// The longest text that any platform writes is far shorter.
const LONGEST: usize = 512;

impl ForeignHash {
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        if text.len() > LONGEST {
            return Err(Refusal::Unknown);
        }
        let read = READERS.iter().find_map(|reader| reader(text));
        read.unwrap_or(Err(Refusal::Unknown)).map(Self)
    }

    /// Counts the formats that answer for a text, for a test that it is never more than one.
    #[cfg(feature = "testing")]
    pub fn formats(text: &str) -> usize {
        READERS.iter().filter(|reader| reader(text).is_some()).count()
    }

    /// Returns `true` if the hash is of this password.
    pub fn verify(&self, password: &[u8]) -> Result<bool, String> {
        match &self.0 {
            Kind::Argon2(it) => it.verify(password).map_err(|it| it.to_string()),
            Kind::Bcrypt(it) => it.verify(password).map_err(|it| it.to_string()),
            Kind::Crypt(it) => it.verify(password).map_err(|it| it.to_string()),
            Kind::Pbkdf2(it) => it.verify(password).map_err(|it| it.to_string()),
            Kind::Salted(it) => it.verify(password).map_err(|it| it.to_string()),
            Kind::Scrypt(it) => it.verify(password).map_err(|it| it.to_string()),
        }
    }
}

impl std::fmt::Debug for ForeignHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}
