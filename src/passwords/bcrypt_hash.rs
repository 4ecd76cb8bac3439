//! bcrypt as crypt(3) writes it, and as Django does: with its name before it, or of the SHA-256 of the password.

use bcrypt::{BcryptError, HashParts};
use openssl::sha::sha256;

use super::refusal::Refusal;

const FORMAT: &str = "bcrypt";
/// The time doubles with each.
const MOST_COST: u32 = 14;

pub(super) struct BcryptHash {
    text: String,
    /// `true` if the SHA-256 of the password is hashed, in hexadecimal digits, which no length cuts.
    of_digest: bool,
}

impl BcryptHash {
    /// Reads a hash, or returns `None` if it is of another kind.
    pub(super) fn read(text: &str) -> Option<Result<Self, Refusal>> {
        let (of_digest, bcrypt) = if let Some(rest) = text.strip_prefix("bcrypt_sha256$") {
            (true, rest)
        } else if let Some(rest) = text.strip_prefix("bcrypt$") {
            (false, rest)
        } else {
            let is_bcrypt = ["$2a$", "$2b$", "$2y$"].iter().any(|it| text.starts_with(it));
            (false, is_bcrypt.then_some(text)?)
        };
        Some(Self::of(bcrypt, of_digest))
    }

    fn of(text: &str, of_digest: bool) -> Result<Self, Refusal> {
        let malformed = Refusal::Malformed(FORMAT);
        // `$2x$` marks hashes of a program that lost bits of passwords that are not ASCII.
        let parts: HashParts = text.parse().map_err(|_| malformed)?;
        let is_plain = text.as_bytes()[4..6].iter().all(u8::is_ascii_digit);
        if text.starts_with("$2x$") || !is_plain || parts.get_cost() < 4 {
            return Err(malformed);
        }
        if parts.get_cost() > MOST_COST {
            return Err(Refusal::Costly {
                format: FORMAT,
                most: "a cost of 14",
            });
        }
        let text = text.to_owned();
        Ok(Self { text, of_digest })
    }

    pub(super) fn verify(&self, password: &[u8]) -> Result<bool, BcryptError> {
        if self.of_digest {
            let digits = base16ct::lower::encode_string(&sha256(password));
            return bcrypt::verify(digits, &self.text);
        }
        // As every bcrypt does, this reads the first 72 bytes.
        bcrypt::verify(password, &self.text)
    }
}
