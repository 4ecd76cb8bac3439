//! Second factors that are typed: codes of an authenticator app (TOTP, RFC 6238 over RFC 4226),
//! and codes from a list for the day when the app is lost.

use hmac::{Hmac, Mac};
use sha1::Sha1;
use subtle::ConstantTimeEq;

use super::account::EmailAddress;
use super::{Time, typed_code};

/// The seconds that a code lasts (RFC 6238 §4.1, the default of every app).
pub const STEP: i64 = 30;
/// The steps before and after the current one that count, too: clocks drift (RFC 6238 §5.2).
const DRIFT: i64 = 1;
const DIGITS: usize = 6;

/// The name of the account in apps.
const NAME: &str = "ITU User Account";

/// The letters that make no words and are not mistaken for each other or for digits.
const ALPHABET: &str = "BCDFGHJKLMNPQRSTVWXZ";
/// The letters of a recovery code: 69 bits.
const RECOVERY_LENGTH: usize = 16;
/// The codes on a list.
pub const RECOVERY_CODES: usize = 10;

/// Holds the secret that app and service share: 160 bits (RFC 4226 §4, R6).
#[derive(Clone, PartialEq, Eq)]
pub struct TotpSecret([u8; 20]);

impl std::fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

impl TotpSecret {
    pub fn new(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }

    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// Returns the secret as it is typed into an app (RFC 4648 §6).
    pub fn base32(&self) -> String {
        const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let mut text = String::with_capacity(32);
        for group in self.0.chunks(5) {
            let bits = group
                .iter()
                .fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
            let letters = (0..8).rev().map(|at| (bits >> (5 * at)) & 31);
            text.extend(
                letters
                    .filter_map(|it| LETTERS.get(it as usize))
                    .map(|it| char::from(*it)),
            );
        }
        text
    }

    /// Returns the secret as an app reads it from a picture (the `otpauth` scheme, which all of them support).
    pub fn uri(&self, email: &EmailAddress) -> String {
        let escaped = |text: &str| {
            let text: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
            text.replace('+', "%20")
        };
        format!(
            "otpauth://totp/{name}:{email}?secret={secret}&issuer={name}&algorithm=SHA1&digits={DIGITS}&period={STEP}",
            name = escaped(NAME),
            email = escaped(email.as_str()),
            secret = self.base32(),
        )
    }

    /// Returns the code of a step (RFC 4226 §5.3, RFC 6238 §4.2).
    pub fn code_of(&self, step: i64) -> String {
        let mut mac = <Hmac<Sha1> as Mac>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        mac.update(&step.to_be_bytes());
        let hash: [u8; 20] = mac.finalize().into_bytes().into();
        let offset = usize::from(hash[19] & 15);
        let word = hash[offset..offset + 4]
            .iter()
            .fold(0_u32, |word, byte| word << 8 | u32::from(*byte));
        format!("{:0DIGITS$}", (word & 0x7fff_ffff) % 1_000_000)
    }

    /// Returns the step that `code` belongs to, if it counts now and is later than the last one used: a code counts
    /// once, and none before it does afterwards (RFC 6238 §5.2).
    pub fn accepts(&self, code: &str, now: Time, last: Option<i64>) -> Option<i64> {
        let current = step_of(now);
        let mut found = None;
        // All of them are compared, whichever fits: the time that it takes reveals nothing.
        for step in current - DRIFT..=current + DRIFT {
            let same: bool = self.code_of(step).as_bytes().ct_eq(code.as_bytes()).into();
            if same && last.is_none_or(|last| step > last) {
                found = Some(step);
            }
        }
        found
    }
}

pub fn step_of(now: Time) -> i64 {
    now.timestamp().div_euclid(STEP)
}

/// Holds what was typed as a second step.
#[derive(Clone, PartialEq, Eq)]
pub enum TypedCode {
    Totp(String),
    /// A recovery code in capitals, without what groups it.
    Recovery(String),
    /// The text has the form of neither code, and is no attempt at one.
    Nonsense,
}

impl TypedCode {
    /// Reads a code. Apps and our list show codes in groups, and people type what they see.
    pub fn read(text: &str) -> Self {
        let totp = typed_code::digits(text, DIGITS).map(Self::Totp);
        let recovery = || typed_code::letters(text, RECOVERY_LENGTH, ALPHABET).map(Self::Recovery);
        totp.or_else(recovery).unwrap_or(Self::Nonsense)
    }
}

/// Returns a new code for the list; `letters` draws from an alphabet.
pub fn recovery_code(letters: impl FnOnce(&str, usize) -> String) -> String {
    letters(ALPHABET, RECOVERY_LENGTH)
}

/// Groups a code for reading: `BCDF-GHJK-LMNP-QRST`.
pub fn grouped(code: &str) -> String {
    let groups: Vec<&str> = code
        .as_bytes()
        .chunks(4)
        .filter_map(|it| std::str::from_utf8(it).ok())
        .collect();
    groups.join("-")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: i64) -> Time {
        chrono::DateTime::from_timestamp(seconds, 0).expect("a time")
    }

    #[test]
    fn codes_are_those_of_the_standard() {
        let secret = TotpSecret::new(*b"12345678901234567890");
        // RFC 6238 appendix B, the last six of its eight digits.
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(secret.code_of(step_of(at(seconds))), code);
        }
        assert_eq!(secret.base32(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        let email = EmailAddress::parse("o'neil+itu@example.org").expect("an address");
        assert_eq!(
            secret.uri(&email),
            "otpauth://totp/ITU%20User%20Account:o%27neil%2Bitu%40example.org?\
             secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=ITU%20User%20Account&algorithm=SHA1&digits=6&period=30"
        );
    }

    #[test]
    fn what_is_typed_may_be_grouped() {
        for typed in [" 123 456 ", "１２３４５６", "۱۲۳-۴۵۶", "123\u{A0}456\u{200F}"] {
            assert!(
                matches!(TypedCode::read(typed), TypedCode::Totp(code) if code == "123456"),
                "{typed}"
            );
        }
        let code = recovery_code(|alphabet, length| alphabet.chars().cycle().take(length).collect());
        let typed = TypedCode::read(&grouped(&code).to_lowercase());
        assert!(matches!(typed, TypedCode::Recovery(read) if read == code));
        let long = "1".repeat(200);
        for bad in ["", "12345", "1234567", "12345a", "AEIO-AEIO-AEIO-AEIO", &long] {
            assert!(TypedCode::read(bad) == TypedCode::Nonsense, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_code_counts_once_in_its_step_and_one_beside(
            key: [u8; 20], now in 1_500_000_000_i64..4_000_000_000, ahead in -5_i64..=5, used in -5_i64..=5,
        ) {
            let secret = TotpSecret::new(key);
            let (now, current) = (at(now), step_of(at(now)));
            let (step, last) = (current + ahead, current + used);
            let code = secret.code_of(step);
            // A few different steps have the same code: this rule is not about them.
            let steps = current - 6..=current + 6;
            prop_assume!(steps.filter(|it| secret.code_of(*it) == code).count() == 1);

            let counts = ahead.abs() <= 1;
            prop_assert_eq!(secret.accepts(&code, now, None), counts.then_some(step));
            prop_assert_eq!(secret.accepts(&code, now, Some(last)), (counts && step > last).then_some(step));
            prop_assert_eq!(secret.accepts(&code, now, Some(step)), None); // once
            for other in ["", "0", &code[1..], &format!("{code}0"), &format!(" {code}")] {
                prop_assert_eq!(secret.accepts(other, now, None), None);
            }
        }
    }
}
