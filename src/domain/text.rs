//! Text that is shown to people: names of people and organizations, job titles (security.md DR-5).
//! Other shapes of a character are folded (`fold`), invisible characters at the ends dropped; then letters, marks, digits,
//! space and common punctuation are kept in NFC, one script a word (UTS 39), with what a writing system needs (`writing`).

mod fold;
mod writing;

use std::fmt;

use unicode_normalization::UnicodeNormalization;

use fold::Folded;
pub use fold::fold;
pub use writing::is_invisible;
use writing::{Word, is_letter};

use super::message::Message;

/// A character that was typed, and its place in the text, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub character: char,
    pub position: usize,
}

impl fmt::Display for Place {
    /// Writes the character as people can see it, with its code point.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (c, code) = (self.character, u32::from(self.character));
        if c.is_control() || c.is_whitespace() || is_invisible(c) {
            write!(f, "U+{code:04X}")
        } else if unicode_normalization::char::is_combining_mark(c) {
            write!(f, "\u{25CC}{c} (U+{code:04X})")
        } else {
            write!(f, "{c} (U+{code:04X})")
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("is empty")]
    Empty,
    #[error("is too long")]
    TooLong,
    /// The text has a character that is no letter, mark, digit, space or common punctuation.
    #[error("has a character that cannot be used here: {0}, at position {position}", position = .0.position)]
    Character(Place),
    /// The text has letters of several scripts in one word, by which one name is made to look like another.
    #[error("has a letter of another script than the rest of its word: {0}, at position {position}", position = .0.position)]
    MixedScripts(Place),
}

impl Refused {
    /// Returns the message about the field.
    pub fn message(self) -> Message {
        let placed = |key, place: Place| {
            Message::new(key)
                .with("character", place)
                .with("position", place.position)
        };
        match self {
            Self::Empty => "error.required".into(),
            Self::TooLong => "error.too_long".into(),
            Self::Character(place) => placed("error.characters", place),
            Self::MixedScripts(place) => placed("error.mixed_scripts", place),
        }
    }
}

/// Returns one line of text, folded; or the first reason why not.
pub fn line(value: &str, longest: usize) -> Result<String, Refused> {
    // The text is bounded before it is normalized: no name needs more than four times its characters.
    if value.chars().count() > longest.saturating_mul(4) {
        return Err(Refused::TooLong);
    }
    let folded = fold::placed(value);
    let folded = trim(&folded, |folded| {
        folded.character == ' ' || is_line_end(folded.character) || is_invisible(folded.character)
    });
    let characters: Vec<char> = folded.iter().map(|it| it.character).collect();
    let text: String = characters.iter().copied().nfc().collect();
    if text.is_empty() {
        return Err(Refused::Empty);
    }
    if text.chars().count() > longest {
        return Err(Refused::TooLong);
    }
    let wrong = (0..characters.len()).find(|at| !is_allowed(&characters, *at));
    if let Some(at) = wrong {
        return Err(Refused::Character(place(folded[at])));
    }
    if !text.chars().any(char::is_alphanumeric) {
        return Err(Refused::Character(place(folded[0])));
    }
    match foreign_letter(&characters) {
        Some(at) => Err(Refused::MixedScripts(place(folded[at]))),
        None => Ok(text),
    }
}

/// Returns text of several lines that a person writes for others to read, such as the reason of a decision: in NFC,
/// without what is invisible at its ends; or the first reason why not. Empty text is a text.
pub fn prose(value: &str, longest: usize) -> Result<String, Refused> {
    let text: String = value.replace("\r\n", "\n").nfc().collect();
    let text = text.trim_matches(|c: char| c.is_whitespace() || is_invisible(c));
    if text.chars().count() > longest {
        return Err(Refused::TooLong);
    }
    let refused = |c: char| {
        // Embeddings and overrides of direction turn other people's words around.
        c.is_control() && !matches!(c, '\n' | '\t')
            || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
    };
    let skipped = value
        .replace("\r\n", "\n")
        .nfc()
        .take_while(|c| c.is_whitespace() || is_invisible(*c))
        .count();
    match text.chars().zip(skipped + 1..).find(|(c, _)| refused(*c)) {
        Some((character, position)) => Err(Refused::Character(Place { character, position })),
        None => Ok(text.to_owned()),
    }
}

const fn is_line_end(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{2028}' | '\u{2029}')
}

fn trim(all: &[Folded], drops: impl Fn(&Folded) -> bool) -> &[Folded] {
    let start = all.iter().position(|it| !drops(it)).unwrap_or(all.len());
    let end = all.iter().rposition(|it| !drops(it)).map_or(start, |it| it + 1);
    &all[start..end]
}

const fn place(folded: Folded) -> Place {
    Place {
        character: folded.typed,
        position: folded.position,
    }
}

fn is_allowed(text: &[char], at: usize) -> bool {
    const PUNCTUATION: &str = " -'’‘ʼ.,()&/+:;!?¡¿\"“”„‚«»‹›–—·•@#%*°ºª№_";
    let c = text[at];
    if is_invisible(c) {
        return writing::needs_invisible(text, at);
    }
    is_letter(c) || c.is_numeric() || PUNCTUATION.contains(c) || writing::is_punctuation_of(text, c)
}

/// Returns the place of the first letter that is of another script than its word.
fn foreign_letter(text: &[char]) -> Option<usize> {
    let mut word = Word::default();
    for (at, c) in text.iter().enumerate() {
        if is_letter(*c) {
            if !word.takes(*c) {
                return Some(at);
            }
        } else if !is_invisible(*c) {
            word = Word::default();
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_all_peoples_are_kept() {
        // DR-5
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
            "AK텔레콤",
            "NTTデータ",
            "ソフトバンクBB",
            "中国移动5G研究院",
            "Col·legi d’Enginyers",
            "علی\u{200C}رضا",
            "ශ්\u{200D}රී ලංකා",
            "ক্\u{200D}ষ",
            "র\u{200D}\u{9CD}য",
            "חב״ד ז׳בוטינסקי",
            "葛\u{E0100}城市",
            "ラーメン・ハウス",
            "「きずな」協会",
            "བོད་ལྗོངས",
            "ኢትዮ፡ቴሌኮም",
            "ប្រទេស\u{200B}កម្ពុជា",
            "Հայաստանի Հանրապետություն և",
            "กำธร",
            "दूरसंचार वि॰",
            "Kāʻoi Ñandú",
            "„Łączność” Sp. z o.o.",
            "¡Hola!",
            "3М 〇一二",
        ] {
            assert_eq!(line(name, 100).as_deref(), Ok(name));
        }
    }

    #[test]
    fn other_shapes_and_invisible_ends_are_no_fault() {
        // DR-5
        for (typed, kept) in [
            ("Marie\u{A0}Ange", "Marie Ange"),
            ("东方通信研究所（北京）", "东方通信研究所(北京)"),
            ("\u{FEFF}\u{200E}John \u{200B}\u{200F}\r\n", "John"),
            ("\u{202B}سلام\u{202C}", "سلام"),
            (" Zoe\u{308} ", "Zoë"),
            ("Smith\u{2011}Jones", "Smith-Jones"),
        ] {
            assert_eq!(line(typed, 100).as_deref(), Ok(kept), "{typed:?}");
        }
    }

    #[test]
    fn what_is_no_name_is_refused_with_its_place() {
        // DR-5
        assert_eq!(line("   ", 100), Err(Refused::Empty));
        assert_eq!(line("\u{200B}\u{3164}", 100), Err(Refused::Empty));
        assert_eq!(line(&"a".repeat(101), 100), Err(Refused::TooLong));
        for (value, character, position) in [
            ("a\u{202e}b", '\u{202e}', 2),
            ("a<b>", '<', 2),
            ("a\nb", '\n', 2),
            ("x\u{0}", '\u{0}', 2),
            ("=cmd|", '=', 1),
            ("...", '.', 1),
            ("😀", '😀', 1),
            ("a\u{200b}b", '\u{200b}', 2),
            ("a\u{3164}b", '\u{3164}', 2),
            (" Jo\u{A0}＜b", '＜', 5),
            ("Anna\u{200C}Bell", '\u{200C}', 5),
            ("1\u{20E3}", '\u{20E3}', 2),
            ("Acme。", '。', 5),
        ] {
            let place = Place { character, position };
            assert_eq!(line(value, 100), Err(Refused::Character(place)), "{value:?}");
        }
        for (value, character, position) in [
            ("pаypal", 'а', 2), // a Cyrillic а
            ("Bank of Ηellas", 'e', 10),
            ("中国ж", 'ж', 3),
            ("жーи", 'ー', 2),
        ] {
            let place = Place { character, position };
            assert_eq!(line(value, 100), Err(Refused::MixedScripts(place)), "{value:?}");
        }
    }

    #[test]
    fn a_message_names_the_character_and_its_place() {
        // DR-5
        let said = |value| line(value, 100).unwrap_err().to_string();
        assert_eq!(
            said("a<b"),
            "has a character that cannot be used here: < (U+003C), at position 2"
        );
        assert_eq!(
            said("a\u{200B}b"),
            "has a character that cannot be used here: U+200B, at position 2"
        );
    }

    #[test]
    fn prose_keeps_lines_and_refuses_what_turns_text_around() {
        // DR-5
        assert_eq!(
            prose("\u{FEFF} a = b\r\nc <d>\u{200F} ", 100).as_deref(),
            Ok("a = b\nc <d>")
        );
        assert_eq!(prose(" \u{200B}", 100).as_deref(), Ok(""));
        assert_eq!(prose("abc", 2), Err(Refused::TooLong));
        let place = Place {
            character: '\u{202E}',
            position: 4,
        };
        assert_eq!(prose(" ab\u{202E}c", 100), Err(Refused::Character(place)));
    }

    proptest::proptest! {
        #[test]
        fn a_kept_text_is_kept_again(value in "\\PC{0,40}") {
            if let Ok(kept) = line(&value, 100) {
                proptest::prop_assert_eq!(line(&kept, 100), Ok(kept));
            }
        }

        #[test]
        fn a_fold_is_folded(value in "\\PC{0,40}") {
            proptest::prop_assert_eq!(fold(&fold(&value)), fold(&value));
        }
    }
}
