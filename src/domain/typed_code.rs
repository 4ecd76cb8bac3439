//! The reader of every code that a person types: of a mail, an authenticator app, a list of recovery codes, a device. People
//! type what they see, on the keyboard they have: digits of any script, letters of any width and case, with spaces, hyphens
//! and invisible marks that came along when they copied it.

use icu_properties::CodePointMapData;
use icu_properties::props::GeneralCategory;
use unicode_normalization::UnicodeNormalization;

use super::text;

/// The longest text that is read: longer than any code with all that may be around and between its characters.
const LONGEST: usize = 200;

/// Returns the digits and capital letters of ASCII that were meant, without what groups them; `None` if there is
/// anything that occurs in no code, or nothing.
pub fn read(typed: &str) -> Option<String> {
    if typed.chars().nth(LONGEST).is_some() {
        return None;
    }
    let meant = typed.nfkc().filter(|c| !groups(*c)).map(meant);
    let code = meant.collect::<Option<String>>()?;
    (!code.is_empty()).then_some(code)
}

/// Returns a code of exactly `length` digits.
pub fn digits(typed: &str, length: usize) -> Option<String> {
    read(typed).filter(|it| it.len() == length && it.bytes().all(|b| b.is_ascii_digit()))
}

/// Returns a code of exactly `length` letters of `alphabet`.
pub fn letters(typed: &str, length: usize, alphabet: &str) -> Option<String> {
    read(typed).filter(|it| it.len() == length && it.chars().all(|c| alphabet.contains(c)))
}

fn groups(c: char) -> bool {
    c.is_whitespace()
        || text::is_invisible(c)
        || matches!(c, '\u{2212}' | '\u{02D7}' | '\u{2043}')
        || category(c) == GeneralCategory::DashPunctuation
}

fn meant(c: char) -> Option<char> {
    if c.is_ascii_alphanumeric() {
        return Some(c.to_ascii_uppercase());
    }
    (category(c) == GeneralCategory::DecimalNumber)
        .then(|| digit(c))
        .flatten()
}

/// Returns the ASCII digit of a digit of any script. The digits of a script follow each other from zero to nine
/// (Unicode Standard §4.6), so the value is the distance from the first of the run.
fn digit(c: char) -> Option<char> {
    let mut distance = 0;
    while let Some(before) = u32::from(c).checked_sub(distance + 1).and_then(char::from_u32)
        && category(before) == GeneralCategory::DecimalNumber
    {
        distance += 1;
    }
    char::from_digit(distance % 10, 10)
}

fn category(c: char) -> GeneralCategory {
    CodePointMapData::<GeneralCategory>::new().get(c)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The zeros of scripts whose digits are on keyboards.
    const ZEROS: &str = "0٠۰०০੦૦௦౦೦๐໐༠၀០᠐０𞥐𑛐";

    proptest! {
        #[test]
        fn a_code_is_read_whatever_its_digits_and_whatever_groups_them(
            code in "[0-9]{1,12}",
            zero in prop::sample::select(ZEROS.chars().collect::<Vec<_>>()),
            gap in prop::collection::vec("[ \u{A0}\u{202F}\u{3000}\t\u{200B}\u{200E}\u{200F}\u{FEFF}\u{2066}\u{2069}\u{AD}‐‑–—−-]{0,3}", 13),
        ) {
            let digits = code.bytes().map(|b| char::from_u32(u32::from(zero) + u32::from(b - b'0')).expect("a digit"));
            let mut typed: String = digits.zip(&gap).map(|(digit, gap)| format!("{gap}{digit}")).collect();
            typed.push_str(&gap[12]);
            prop_assert_eq!(read(&typed), Some(code.clone()));
            prop_assert_eq!(super::digits(&typed, code.len()), Some(code));
        }

        #[test]
        fn letters_are_read_in_any_width_and_case(code in "[A-Z]{1,12}", wide: bool, small: bool) {
            let typed = if small { code.to_lowercase() } else { code.clone() };
            let typed: String = typed
                .chars()
                .map(|c| if wide { char::from_u32(u32::from(c) + 0xFEE0).expect("a letter") } else { c })
                .collect();
            prop_assert_eq!(read(&typed), Some(code));
        }

        #[test]
        fn what_is_read_is_plain_and_read_again(typed in "\\PC{0,60}") {
            if let Some(code) = read(&typed) {
                prop_assert!(code.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase()), "{}", code);
                prop_assert_eq!(read(&code), Some(code));
            }
        }
    }

    #[test]
    fn what_is_in_no_code_makes_none() {
        for bad in ["", " - ", "1234_5678", "12345678.", "жжж", "12<34", "½", "1½"] {
            assert_eq!(read(bad), None, "{bad}");
        }
        assert_eq!(read(&"1".repeat(LONGEST + 1)), None);
        assert_eq!(digits("1234567", 8), None);
        assert_eq!(digits("1234567A", 8), None);
        assert_eq!(letters("BCDA", 4, "BCD"), None);
    }
}
