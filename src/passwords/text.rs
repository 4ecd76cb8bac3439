//! The alphabets and the fields of which hashes of other platforms are made, read strictly: what a platform would not
//! have written is refused.

use base64::Engine;
use base64::alphabet::Alphabet;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::{NO_PAD, STANDARD, STANDARD_NO_PAD};

/// The alphabet of crypt(3), in which six bits are one letter, the lowest first.
const CRYPT: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The Base64 of passlib and OpenLDAP: a dot where others have a plus, without padding.
const ADAPTED: GeneralPurpose = GeneralPurpose::new(&ADAPTED_ALPHABET, NO_PAD);
const ADAPTED_ALPHABET: Alphabet =
    match Alphabet::new("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789./") {
        Ok(alphabet) => alphabet,
        Err(_) => panic!("64 letters, each once"),
    };

/// Decodes Base64 with padding.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// Decodes Base64 without padding, as in PHC strings.
pub(super) fn base64_unpadded(text: &str) -> Option<Vec<u8>> {
    STANDARD_NO_PAD.decode(text).ok()
}

pub(super) fn base64_adapted(text: &str) -> Option<Vec<u8>> {
    ADAPTED.decode(text).ok()
}

pub(super) fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digit = |letter: &u8| {
        char::from(*letter)
            .to_digit(16)
            .and_then(|it| u8::try_from(it).ok())
    };
    let is_lower = |it: &u8| matches!(it, b'0'..=b'9' | b'a'..=b'f');
    let bytes = text.as_bytes();
    if !bytes.len().is_multiple_of(2) || !bytes.iter().all(is_lower) {
        return None;
    }
    bytes
        .chunks(2)
        .map(|it| Some(digit(&it[0])? << 4 | digit(&it[1])?))
        .collect()
}

/// Returns the value of a letter of crypt(3).
pub(super) fn crypt_value(letter: u8) -> Option<u32> {
    CRYPT
        .iter()
        .position(|it| *it == letter)
        .and_then(|it| u32::try_from(it).ok())
}

/// Returns `true` if the text is whole bytes in the letters of crypt(3), with no bit set behind the last.
pub(super) fn is_crypt_base64(text: &str) -> bool {
    let Some(values) = text.bytes().map(crypt_value).collect::<Option<Vec<u32>>>() else {
        return false;
    };
    let last = values.last().copied().unwrap_or_default();
    match values.len() % 4 {
        0 => true,
        2 => last < 4,
        3 => last < 16,
        _ => false,
    }
}

/// Encodes bytes in the letters of crypt(3), as phpass does.
pub(super) fn to_crypt_base64(bytes: &[u8]) -> String {
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let value = three
            .iter()
            .rev()
            .fold(0_usize, |all, it| all << 8 | usize::from(*it));
        for place in 0..=three.len() {
            text.push(char::from(CRYPT[value >> (6 * place) & 63]));
        }
    }
    text
}

/// Reads a number as programs write it: digits alone, and none to no effect.
pub(super) fn number(text: &str) -> Option<u32> {
    let is_plain = text.bytes().all(|it| it.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| is_plain)
}

/// Reads a salt that is hashed as it is written.
pub(super) fn written_salt(text: &str) -> Option<Vec<u8>> {
    let fits = (1..=128).contains(&text.len()) && text.bytes().all(|it| it.is_ascii_graphic());
    fits.then(|| text.as_bytes().to_vec())
}

/// Returns the fields between dollar signs, if there are exactly so many.
pub(super) fn fields<const N: usize>(text: &str) -> Option<[&str; N]> {
    let all: Vec<&str> = text.splitn(N + 1, '$').collect();
    all.try_into().ok()
}
