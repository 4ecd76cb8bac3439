//! Makes new secrets, codes and identifiers; the one caller of the system's randomness (security.md G-12).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

pub fn bytes<const N: usize>() -> [u8; N] {
    let mut out = [0; N];
    #[expect(
        clippy::disallowed_methods,
        reason = "the one caller of the system's randomness"
    )]
    getrandom::fill(&mut out).expect("a system without randomness cannot run this service");
    out
}

/// Returns 256 bits as 43 base64url characters: for everything that grants something.
pub fn token() -> String {
    URL_SAFE_NO_PAD.encode(bytes::<32>())
}

/// Returns 128 bits as 22 base64url characters: for identifiers.
pub fn id() -> String {
    URL_SAFE_NO_PAD.encode(bytes::<16>())
}

/// Returns a random UUID (RFC 9562 §5.4), where a specification wants one.
pub fn uuid() -> String {
    let value = u128::from_be_bytes(bytes());
    let marked = value & !(0xf << 76 | 0x3 << 62) | 0x4 << 76 | 0x2 << 62;
    let hex = format!("{marked:032x}");
    let (parts, mut rest) = ([8, 4, 4, 4], hex.as_str());
    let mut uuid = String::with_capacity(36);
    for length in parts {
        let (part, after) = rest.split_at(length);
        uuid.push_str(part);
        uuid.push('-');
        rest = after;
    }
    uuid + rest
}

/// Returns a code of `digits` decimal digits, each value equally likely.
pub fn decimal_code(digits: u32) -> String {
    let range = 10_u64.pow(digits);
    // Values above the last whole multiple would favour small codes.
    let limit = u64::MAX - u64::MAX % range;
    loop {
        let value = u64::from_le_bytes(bytes());
        if value < limit {
            return format!("{:0width$}", value % range, width = digits as usize);
        }
    }
}

/// Returns a code of `length` letters of an alphabet, each equally likely.
pub fn letters(alphabet: &str, length: usize) -> String {
    let letters: Vec<char> = alphabet.chars().collect();
    let limit = 256 - 256 % letters.len().clamp(1, 256);
    let mut code = String::with_capacity(length);
    while code.len() < length {
        let [byte] = bytes();
        // Values above the last whole multiple would favour the first letters.
        let fair = Some(usize::from(byte)).filter(|it| *it < limit);
        code.extend(fair.and_then(|it| letters.get(it % letters.len())));
    }
    code
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_uuid_states_its_version_and_variant() {
        for _ in 0..100 {
            let uuid = super::uuid();
            let groups: Vec<&str> = uuid.split('-').collect();
            assert!(groups.iter().map(|it| it.len()).eq([8, 4, 4, 4, 12]), "{uuid}");
            assert!(
                groups[2].starts_with('4') && groups[3].starts_with(['8', '9', 'a', 'b']),
                "{uuid}"
            );
        }
    }

    #[test]
    fn a_code_has_its_digits() {
        for _ in 0..100 {
            let code = super::decimal_code(8);
            assert!(code.len() == 8 && code.bytes().all(|b| b.is_ascii_digit()));
        }
    }
}
