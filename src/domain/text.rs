//! Text that is shown to people: names of people and organizations, job titles (security.md DR-5).
//! Kept in NFC, of letters, marks, digits, space and common punctuation, one script a word (UTS 39).

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};
use unicode_script::{Script, UnicodeScript};

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("is empty")]
    Empty,
    #[error("is too long")]
    TooLong,
    #[error("has a character that is no letter, digit, space or common punctuation")]
    /// A character that is no letter, mark, digit, space or common punctuation.
    Character,
    #[error("mixes letters of several scripts in one word")]
    /// Letters of several scripts in one word: how one name is made to look like another.
    MixedScripts,
}

impl Refused {
    /// The key of what is said about the field.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Empty => "error.required",
            Self::TooLong => "error.too_long",
            Self::Character => "error.characters",
            Self::MixedScripts => "error.mixed_scripts",
        }
    }
}

/// One line of text: outer space falls away, the rest is kept in NFC or refused.
pub fn line(value: &str, longest: usize) -> Result<String, Refused> {
    // Bounded before it is normalized: no name needs more than four times its characters.
    if value.chars().count() > longest.saturating_mul(4) {
        return Err(Refused::TooLong);
    }
    let text: String = value.trim_matches(' ').nfc().collect();
    if text.is_empty() {
        return Err(Refused::Empty);
    }
    if text.chars().count() > longest {
        return Err(Refused::TooLong);
    }
    if !text.chars().all(is_allowed) || !text.chars().any(char::is_alphanumeric) {
        return Err(Refused::Character);
    }
    if !text.split(|c: char| !is_letter(c)).all(has_one_script) {
        return Err(Refused::MixedScripts);
    }
    Ok(text)
}

fn is_letter(c: char) -> bool {
    c.is_alphabetic() || is_combining_mark(c)
}

fn is_allowed(c: char) -> bool {
    const PUNCTUATION: &str = " -'’‘ʼ.,()&/+:;!?\"“”«»–—·•@#%*°ºª№_、。・،؛؟־׳״।";
    is_letter(c) || c.is_numeric() || PUNCTUATION.contains(c)
}

fn has_one_script(word: &str) -> bool {
    let mut scripts: Vec<Script> = word
        .chars()
        .map(|c| c.script())
        .filter(|it| !matches!(it, Script::Common | Script::Inherited))
        .collect();
    scripts.sort_unstable_by_key(|it| it.short_name());
    scripts.dedup();
    let all = |allowed: &[Script]| scripts.iter().all(|it| allowed.contains(it));
    // UTS 39 §5.1: Japanese, Korean and Chinese are written in several scripts.
    scripts.len() <= 1
        || all(&[Script::Han, Script::Hiragana, Script::Katakana])
        || all(&[Script::Han, Script::Hangul])
        || all(&[Script::Han, Script::Bopomofo])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_all_peoples_are_kept() {
        for name in [
            "Zoë",
            "O’Connor",
            "Иван",
            "محمد بن سلمان",
            "李小龙",
            "さくら子",
            "김철수",
            "Smith-Jones",
            "José Mª",
            "Nguyễn",
        ] {
            assert_eq!(line(name, 100).as_deref(), Ok(name));
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        // DR-5
        assert_eq!(line("   ", 100), Err(Refused::Empty));
        assert_eq!(line(&"a".repeat(101), 100), Err(Refused::TooLong));
        for value in [
            "a\u{202e}b",
            "a<b>",
            "a\nb",
            "x\u{0}",
            "=cmd|",
            "...",
            "😀",
            "a\u{200b}b",
        ] {
            assert_eq!(line(value, 100), Err(Refused::Character), "{value:?}");
        }
        assert_eq!(line("pаypal", 100), Err(Refused::MixedScripts)); // a Cyrillic а
    }

    #[test]
    fn text_is_kept_in_nfc() {
        assert_eq!(line(" Zoe\u{308} ", 100).as_deref(), Ok("Zoë"));
    }

    proptest::proptest! {
        #[test]
        fn a_kept_text_is_kept_again(value in "\\PC{0,40}") {
            if let Ok(kept) = line(&value, 100) {
                proptest::prop_assert_eq!(line(&kept, 100), Ok(kept));
            }
        }
    }
}
