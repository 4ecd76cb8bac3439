//! SHA-256-crypt, SHA-512-crypt and yescrypt, as crypt(3) writes them.

use sha_crypt::password_hash::Error;
use sha_crypt::{PasswordVerifier, ShaCrypt};
use yescrypt::Yescrypt;

use super::refusal::Refusal;
use super::text::{fields, is_crypt_base64, number};

/// The rounds of a password of 512 bytes take about two seconds.
const MOST_ROUNDS: u32 = 700_000;
const MOST_YESCRYPT_BYTES: u64 = 64 * 1024 * 1024;

pub(super) enum CryptHash {
    Sha(String),
    Yescrypt(String),
}

impl CryptHash {
    /// Reads a hash, or returns `None` if it is of another kind.
    pub(super) fn read(text: &str) -> Option<Result<Self, Refusal>> {
        if let Some(rest) = text.strip_prefix("$5$") {
            Some(sha(text, rest, "SHA-256-crypt", 43))
        } else if let Some(rest) = text.strip_prefix("$6$") {
            Some(sha(text, rest, "SHA-512-crypt", 86))
        } else {
            text.strip_prefix("$y$").map(|rest| yescrypt(text, rest))
        }
    }

    pub(super) fn verify(&self, password: &[u8]) -> Result<bool, Error> {
        let verified = match self {
            Self::Sha(text) => ShaCrypt::default().verify_password(password, text.as_str()),
            Self::Yescrypt(text) => Yescrypt::default().verify_password(password, text.as_str()),
        };
        match verified {
            Ok(()) => Ok(true),
            Err(Error::PasswordInvalid) => Ok(false),
            Err(other) => Err(other),
        }
    }
}

fn sha(text: &str, rest: &str, format: &'static str, letters: usize) -> Result<CryptHash, Refusal> {
    let malformed = Refusal::Malformed(format);
    let (rounds, rest) = match rest.strip_prefix("rounds=") {
        Some(rest) => {
            let [rounds, rest] = rest.split_once('$').map(<[&str; 2]>::from).ok_or(malformed)?;
            (number(rounds).ok_or(malformed)?, rest)
        }
        None => (5_000, rest),
    };
    let [salt, hash] = fields(rest).ok_or(malformed)?;
    let is_salt = (1..=16).contains(&salt.len()) && salt.bytes().all(is_letter);
    if !is_salt || hash.len() != letters || !is_crypt_base64(hash) || rounds < 1_000 {
        return Err(malformed);
    }
    if rounds > MOST_ROUNDS {
        return Err(Refusal::Costly {
            format,
            most: "700 000 rounds",
        });
    }
    Ok(CryptHash::Sha(text.to_owned()))
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'/'
}

/// Reads the parameters that crypt(3) writes: its flags (`j`), N, r, and p if there is more than one. Others, such as
/// more time, are written by no system.
fn yescrypt(text: &str, rest: &str) -> Result<CryptHash, Refusal> {
    const FORMAT: &str = "yescrypt";
    let malformed = Refusal::Malformed(FORMAT);
    let [written, salt, hash] = fields(rest).ok_or(malformed)?;
    if !matches!(written.as_bytes(), [b'j', _, _] | [b'j', _, _, b'.', _]) {
        return Err(malformed);
    }
    let params: yescrypt::Params = written.parse().map_err(|_| malformed)?;
    let is_salt = (1..=86).contains(&salt.len()) && is_crypt_base64(salt);
    if !is_salt || hash.len() != 43 || !is_crypt_base64(hash) {
        return Err(malformed);
    }
    let block = 128 * u64::from(params.r());
    let bytes = params.n().checked_mul(block);
    if bytes.is_none_or(|it| it > MOST_YESCRYPT_BYTES) || params.p() > 16 {
        return Err(Refusal::Costly {
            format: FORMAT,
            most: "64 MiB and p=16",
        });
    }
    Ok(CryptHash::Yescrypt(text.to_owned()))
}
