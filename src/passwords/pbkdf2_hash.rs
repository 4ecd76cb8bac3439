//! PBKDF2 with SHA-1, SHA-256 or SHA-512: as passlib, the PHC, Django, Werkzeug, OpenLDAP and ASP.NET Identity write it.

use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkcs5::pbkdf2_hmac;
use subtle::ConstantTimeEq;

use super::refusal::Refusal;
use super::text::{base64, base64_adapted, base64_unpadded, fields, hexadecimal, number, written_salt};

const FORMAT: &str = "PBKDF2";
/// The iterations that take two seconds, for each block of the output.
const MOST_ITERATIONS: u64 = 2_000_000;
/// Shorter outputs are guessed by chance.
const SHORTEST: usize = 16;
const LONGEST: usize = 64;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Digest {
    Sha1,
    Sha256,
    Sha512,
}

impl Digest {
    fn parse(name: &str) -> Option<Self> {
        match name {
            "sha1" => Some(Self::Sha1),
            "sha256" => Some(Self::Sha256),
            "sha512" => Some(Self::Sha512),
            _ => None,
        }
    }

    const fn len(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }

    fn message_digest(self) -> MessageDigest {
        match self {
            Self::Sha1 => MessageDigest::sha1(),
            Self::Sha256 => MessageDigest::sha256(),
            Self::Sha512 => MessageDigest::sha512(),
        }
    }
}

pub(super) struct Pbkdf2Hash {
    digest: Digest,
    iterations: u32,
    salt: Vec<u8>,
    tag: Vec<u8>,
}

impl Pbkdf2Hash {
    /// Reads a hash, or returns `None` if it is of another kind.
    pub(super) fn read(text: &str) -> Option<Result<Self, Refusal>> {
        let parts = if let Some(rest) = text.strip_prefix("$pbkdf2$") {
            modular(Digest::Sha1, rest)
        } else if let Some(rest) = text.strip_prefix("$pbkdf2-") {
            rest.split_once('$')
                .and_then(|(name, rest)| modular(Digest::parse(name)?, rest))
        } else if let Some(rest) = text.strip_prefix("pbkdf2_") {
            django(rest)
        } else if let Some(rest) = text.strip_prefix("pbkdf2:") {
            werkzeug(rest)
        } else {
            ldap(text.strip_prefix("{PBKDF2")?)
        };
        Some(parts.map_or(Err(Refusal::Malformed(FORMAT)), Self::bounded))
    }

    /// Refuses what is too short to prove anything, and what takes too long.
    pub(super) fn bounded(self) -> Result<Self, Refusal> {
        let length = self.tag.len();
        if self.salt.is_empty() || self.iterations == 0 || !(SHORTEST..=LONGEST).contains(&length) {
            return Err(Refusal::Malformed(FORMAT));
        }
        let blocks = length.div_ceil(self.digest.len()) as u64;
        if u64::from(self.iterations) * blocks > MOST_ITERATIONS {
            return Err(Refusal::Costly {
                format: FORMAT,
                most: "2 000 000 iterations",
            });
        }
        Ok(self)
    }

    pub(super) const fn of(digest: Digest, iterations: u32, salt: Vec<u8>, tag: Vec<u8>) -> Self {
        Self {
            digest,
            iterations,
            salt,
            tag,
        }
    }

    pub(super) fn verify(&self, password: &[u8]) -> Result<bool, ErrorStack> {
        let mut tag = vec![0; self.tag.len()];
        let digest = self.digest.message_digest();
        pbkdf2_hmac(password, &self.salt, self.iterations as usize, digest, &mut tag)?;
        Ok(tag.ct_eq(&self.tag).into())
    }
}

/// Reads `29000$salt$hash` of passlib, or `i=29000,l=32$salt$hash` of the PHC.
fn modular(digest: Digest, rest: &str) -> Option<Pbkdf2Hash> {
    let [parameters, salt, tag] = fields(rest)?;
    let Some(parameters) = parameters.strip_prefix("i=") else {
        let tag = base64_adapted(tag).filter(|it| it.len() == digest.len())?;
        return Some(Pbkdf2Hash::of(
            digest,
            number(parameters)?,
            base64_adapted(salt)?,
            tag,
        ));
    };
    let (iterations, length) = match parameters.split_once(",l=") {
        Some((iterations, length)) => (iterations, Some(number(length)?)),
        None => (parameters, None),
    };
    let tag = base64_unpadded(tag)?;
    let is_as_long = length.is_none_or(|it| it as usize == tag.len());
    is_as_long.then_some(())?;
    Some(Pbkdf2Hash::of(
        digest,
        number(iterations)?,
        base64_unpadded(salt)?,
        tag,
    ))
}

/// Reads `sha256$600000$salt$hash`, what follows `pbkdf2_`.
fn django(rest: &str) -> Option<Pbkdf2Hash> {
    let [name, iterations, salt, tag] = fields(rest)?;
    let digest = Digest::parse(name)?;
    let tag = base64(tag).filter(|it| it.len() == digest.len())?;
    Some(Pbkdf2Hash::of(
        digest,
        number(iterations)?,
        written_salt(salt)?,
        tag,
    ))
}

/// Reads `sha256:600000$salt$hash`, what follows `pbkdf2:`.
fn werkzeug(rest: &str) -> Option<Pbkdf2Hash> {
    let [method, salt, tag] = fields(rest)?;
    let (name, iterations) = method.split_once(':')?;
    let digest = Digest::parse(name)?;
    let tag = hexadecimal(tag).filter(|it| it.len() == digest.len())?;
    Some(Pbkdf2Hash::of(
        digest,
        number(iterations)?,
        written_salt(salt)?,
        tag,
    ))
}

/// Reads `-SHA256}10000$salt$hash`, what follows `{PBKDF2`; without a name the digest is SHA-1.
fn ldap(rest: &str) -> Option<Pbkdf2Hash> {
    let (scheme, rest) = rest.split_once('}')?;
    let digest = match scheme {
        "" | "-SHA1" => Digest::Sha1,
        "-SHA256" => Digest::Sha256,
        "-SHA512" => Digest::Sha512,
        _ => return None,
    };
    let [iterations, salt, tag] = fields(rest)?;
    let tag = base64_adapted(tag).filter(|it| it.len() == digest.len())?;
    Some(Pbkdf2Hash::of(
        digest,
        number(iterations)?,
        base64_adapted(salt)?,
        tag,
    ))
}
