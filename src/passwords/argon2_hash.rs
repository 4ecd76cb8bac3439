//! argon2i, argon2d and argon2id as PHC strings, and as Django writes them. A hash with our pepper is not read here.

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, Version};
use subtle::ConstantTimeEq;

use super::refusal::Refusal;

const FORMAT: &str = "argon2";
const MOST: Refusal = Refusal::Costly {
    format: FORMAT,
    most: "m=65536 (KiB), t*m=655360, p=16",
};

pub(super) struct Argon2Hash {
    algorithm: Algorithm,
    version: Version,
    params: Params,
    salt: Vec<u8>,
    tag: Vec<u8>,
}

impl Argon2Hash {
    /// Reads a hash, or returns `None` if it is of another kind.
    pub(super) fn read(text: &str) -> Option<Result<Self, Refusal>> {
        // Django puts the name of its hasher before the PHC string.
        let phc = text
            .strip_prefix("argon2")
            .filter(|it| it.starts_with("$argon2"))
            .or_else(|| text.starts_with("$argon2").then_some(text))?;
        Some(Self::of(phc))
    }

    fn of(phc: &str) -> Result<Self, Refusal> {
        let malformed = Refusal::Malformed(FORMAT);
        let hash = PasswordHash::new(phc).map_err(|_| malformed)?;
        let params = Params::try_from(&hash).map_err(|_| malformed)?;
        let algorithm = hash
            .algorithm
            .as_str()
            .parse::<Algorithm>()
            .map_err(|_| malformed)?;
        // Without a version it is the first one.
        let version = hash.version.map_or(Ok(Version::V0x10), Version::try_from);
        let version = version.map_err(|_| malformed)?;
        if !params.keyid().is_empty() || !params.data().is_empty() {
            return Err(Refusal::Pepper);
        }
        let work = u64::from(params.m_cost()) * u64::from(params.t_cost());
        if params.m_cost() > 65_536 || work > 655_360 || params.p_cost() > 16 {
            return Err(MOST);
        }
        match (hash.salt, hash.hash) {
            (Some(salt), Some(tag)) if tag.len() >= 16 => Ok(Self {
                algorithm,
                version,
                params,
                salt: salt.to_vec(),
                tag: tag.as_bytes().to_vec(),
            }),
            _ => Err(malformed),
        }
    }

    pub(super) fn verify(&self, password: &[u8]) -> Result<bool, argon2::Error> {
        let argon2 = Argon2::new(self.algorithm, self.version, self.params.clone());
        let mut tag = vec![0; self.tag.len()];
        argon2.hash_password_into(password, &self.salt, &mut tag)?;
        Ok(tag.ct_eq(&self.tag).into())
    }
}
