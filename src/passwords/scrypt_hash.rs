//! scrypt, as the PHC, Django and Werkzeug write it.

use openssl::error::ErrorStack;
use openssl::pkcs5::scrypt;
use subtle::ConstantTimeEq;

use super::refusal::Refusal;
use super::text::{base64, base64_unpadded, fields, hexadecimal, number, written_salt};

const FORMAT: &str = "scrypt";
const MOST_BYTES: u64 = 64 * 1024 * 1024;
/// The product of N, r and p that takes two seconds.
const MOST_WORK: u64 = 1 << 21;
/// The blocks that are mixed one after the other, p of them, stand beside the large table.
const MOST_BLOCK_BYTES: u64 = 1024 * 1024;
const MOST_P: u64 = 16;
/// Shorter outputs are guessed by chance.
const SHORTEST: usize = 16;
/// The output of Django and of Werkzeug.
const LONGEST: usize = 64;
/// The library wants room for more than both.
const ROOM: u64 = 2 * MOST_BYTES;

pub(super) struct ScryptHash {
    n: u64,
    r: u64,
    p: u64,
    salt: Vec<u8>,
    tag: Vec<u8>,
}

impl ScryptHash {
    /// Reads a hash, or returns `None` if it is of another kind.
    pub(super) fn read(text: &str) -> Option<Result<Self, Refusal>> {
        let parts = if let Some(rest) = text.strip_prefix("$scrypt$") {
            phc(rest)
        } else if let Some(rest) = text.strip_prefix("scrypt$") {
            django(rest)
        } else {
            werkzeug(text.strip_prefix("scrypt:")?)
        };
        Some(parts.map_or(Err(Refusal::Malformed(FORMAT)), Self::bounded))
    }

    fn bounded(self) -> Result<Self, Refusal> {
        let is_grammatical = self.n > 1
            && self.n.is_power_of_two()
            && self.r > 0
            && self.p > 0
            && !self.salt.is_empty()
            && (SHORTEST..=LONGEST).contains(&self.tag.len());
        if !is_grammatical {
            return Err(Refusal::Malformed(FORMAT));
        }
        let table = self.n.checked_mul(self.r);
        let work = table.and_then(|it| it.checked_mul(self.p));
        let blocks = self.r.checked_mul(self.p);
        let is_bearable = table.is_some_and(|it| it <= MOST_BYTES / 128)
            && blocks.is_some_and(|it| it <= MOST_BLOCK_BYTES / 128)
            && work.is_some_and(|it| it <= MOST_WORK)
            && self.p <= MOST_P;
        // RFC 7914 §6: N is less than 2^(128 * r / 8).
        let is_defined = self.r > 3 || self.n < 1 << (16 * self.r);
        match (is_bearable, is_defined) {
            (true, true) => Ok(self),
            (true, false) => Err(Refusal::Malformed(FORMAT)),
            (false, _) => Err(Refusal::Costly {
                format: FORMAT,
                most: "64 MiB (128*N*r), 1 MiB (128*r*p), p=16, and N*r*p of 2 097 152",
            }),
        }
    }

    pub(super) fn verify(&self, password: &[u8]) -> Result<bool, ErrorStack> {
        let mut tag = vec![0; self.tag.len()];
        scrypt(password, &self.salt, self.n, self.r, self.p, ROOM, &mut tag)?;
        Ok(tag.ct_eq(&self.tag).into())
    }
}

/// Reads `ln=16,r=8,p=1$salt$hash`, what follows `$scrypt$`.
fn phc(rest: &str) -> Option<ScryptHash> {
    let [parameters, salt, tag] = fields(rest)?;
    let (log, rest) = parameters.strip_prefix("ln=")?.split_once(",r=")?;
    let (r, p) = rest.split_once(",p=")?;
    Some(ScryptHash {
        n: 1_u64.checked_shl(number(log)?)?,
        r: number(r)?.into(),
        p: number(p)?.into(),
        salt: base64_unpadded(salt)?,
        tag: base64_unpadded(tag)?,
    })
}

/// Reads `16384$salt$8$5$hash`, what follows `scrypt$`.
fn django(rest: &str) -> Option<ScryptHash> {
    let [n, salt, r, p, tag] = fields(rest)?;
    Some(ScryptHash {
        n: number(n)?.into(),
        r: number(r)?.into(),
        p: number(p)?.into(),
        salt: written_salt(salt)?,
        tag: base64(tag).filter(|it| it.len() == LONGEST)?,
    })
}

/// Reads `32768:8:1$salt$hash`, what follows `scrypt:`.
fn werkzeug(rest: &str) -> Option<ScryptHash> {
    let [parameters, salt, tag] = fields(rest)?;
    let (n, rest) = parameters.split_once(':')?;
    let (r, p) = rest.split_once(':')?;
    Some(ScryptHash {
        n: number(n)?.into(),
        r: number(r)?.into(),
        p: number(p)?.into(),
        salt: written_salt(salt)?,
        tag: hexadecimal(tag).filter(|it| it.len() == LONGEST)?,
    })
}
