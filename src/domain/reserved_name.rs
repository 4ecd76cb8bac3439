//! Names that pass for the institution, its services or those of its administrators (security.md DR-7). They are
//! refused to a client that registers itself and to a person who proposes an organization; administrators may give
//! them.
//!
//! Names are compared as people see them: other shapes of a character folded (DR-5), by their skeletons
//! (UTS 39 §4), in every case.

use unicode_security::skeleton;

use unicode_normalization::UnicodeNormalization;

use super::text;

/// The institution's initials: reserved where they are a word.
const INITIALS: [&str; 3] = ["ITU", "UIT", "МСЭ"];

const LONGEST_INITIALS: usize = 3;

/// The institution's names: reserved at any place of a name.
const NAMES: [&str; 10] = [
    "International Telecommunication Union",
    "International Telecommunications Union",
    "Union internationale des télécommunications",
    "Unión Internacional de Telecomunicaciones",
    "Международный союз электросвязи",
    "国际电联",
    "國際電聯",
    "国际电信联盟",
    "國際電信聯盟",
    "الاتحاد الدولي للاتصالات",
];

/// The fewest letters of a name that is reserved also inside a longer one. A name of one word is reserved as it is, one
/// of several words also inside a longer name.
const FEWEST_LETTERS_WITHIN: usize = 8;

#[derive(Clone, Debug)]
pub struct ReservedNames {
    initials: Vec<String>,
    whole: Vec<String>,
    within: Vec<String>,
}

impl ReservedNames {
    /// Makes the list; `services` are the names of the deployment and of the clients of administrators.
    pub fn new<'a>(services: impl Iterator<Item = &'a str>) -> Self {
        let mut reserved = Self {
            initials: INITIALS.iter().flat_map(|it| forms(it)).collect(),
            whole: Vec::new(),
            within: NAMES.iter().flat_map(|it| forms(&letters(it))).collect(),
        };
        let unmarked = NAMES.iter().flat_map(|it| forms(&letters(&without_marks(it))));
        reserved.within.extend(unmarked);
        for name in services {
            let together = letters(name);
            let is_long = together.chars().count() >= FEWEST_LETTERS_WITHIN;
            if is_long && name.split_whitespace().count() > 1 {
                reserved.within.extend(forms(&together))
            } else {
                reserved.whole.extend(forms(&together))
            }
        }
        reserved.whole.retain(|it| !it.is_empty());
        reserved
    }

    /// Returns `true` if people could take this name for one of the reserved ones.
    pub fn are_passed_for_by(&self, name: &str) -> bool {
        let is_initials = |word: &String| forms(word).iter().any(|it| self.initials.contains(it));
        // A long name without its accents still means the name.
        let together = [letters(name), letters(&without_marks(name))];
        let together = together.iter().flat_map(|it| forms(it));
        words(name).iter().any(is_initials)
            || together
                .collect::<Vec<_>>()
                .iter()
                .any(|it| self.whole.contains(it) || self.within.iter().any(|name| it.contains(name)))
    }
}

/// Returns the skeletons of the text as it is, in lower and in upper case: `1TU` looks like `ITU`, `1tu` in upper case
/// does.
fn forms(text: &str) -> [String; 3] {
    let text = text::fold(text);
    [text.clone(), text.to_lowercase(), text.to_uppercase()].map(|it| skeleton(&it).collect())
}

fn without_marks(text: &str) -> String {
    let is_mark = unicode_normalization::char::is_combining_mark;
    text::fold(text).nfd().filter(|it| !is_mark(*it)).nfc().collect()
}

/// Returns the letters and digits, without the signs between them.
fn letters(text: &str) -> String {
    text::fold(text)
        .chars()
        .filter(|it| it.is_alphanumeric())
        .collect()
}

/// Returns the words of a name, however they are parted: by spaces and signs, by a change of case (`ITUDesk`,
/// `ITUdesk`), by digits (`ITU2030`, `ITU24x7`); initials also letter by letter and in pieces (`I.T.U.`, `IT-U`).
fn words(name: &str) -> Vec<String> {
    let name = text::fold(name);
    let mut words = Vec::new();
    let mut initials = String::new();
    let tokens: Vec<&str> = name
        .split(|it: char| !it.is_alphanumeric())
        .filter(|it| !it.is_empty())
        .collect();
    let pieces = tokens.windows(2).map(<[&str]>::concat);
    words.extend(pieces.filter(|it| it.chars().count() == LONGEST_INITIALS));
    for token in tokens {
        match token.chars().count() {
            1 => initials.push_str(token),
            _ => words.push(std::mem::take(&mut initials)),
        }
        words.push(token.to_owned());
        words.push(token.trim_matches(char::is_numeric).to_owned());
        words.extend(by_case(token));
        words.extend(token.split(char::is_numeric).map(str::to_owned));
        // A digit may stand for a letter here: `1TUdesk`.
        for run in token.split(|it: char| !it.is_uppercase() && !it.is_numeric()) {
            words.push(run.to_owned());
            words.push(run.trim_matches(char::is_numeric).to_owned());
        }
    }
    words.push(initials);
    words.retain(|it| !it.is_empty());
    words
}

fn by_case(token: &str) -> Vec<String> {
    let characters: Vec<char> = token.chars().collect();
    let mut words = vec![String::new()];
    for (at, character) in characters.iter().enumerate() {
        let before = at.checked_sub(1).map(|it| characters[it]);
        let rises = before.is_some_and(|it| !it.is_uppercase()) && character.is_uppercase();
        let follows = characters.get(at + 1).is_some_and(|it| it.is_lowercase());
        let begins = before.is_some_and(char::is_uppercase) && character.is_uppercase() && follows;
        if rises || begins {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.push(*character);
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reserved() -> ReservedNames {
        ReservedNames::new(["ITU User Account", "Bookshop", "Event registration"].into_iter())
    }

    #[test]
    fn what_looks_like_a_reserved_name_is_one() {
        // DR-7
        for name in [
            "ITU Security Desk",
            "itu",
            "Security (ITU)",
            "ITU-T helpdesk",
            "I.T.U.",
            "I T U account",
            "1TU Security",
            "1tu security",
            "lTU Support",
            "\u{406}TU Support", // a Ukrainian I
            "\u{399}\u{3A4}U",   // Greek letters
            "ＩＴＵ",            // full width
            "ITUDesk",
            "MyITU",
            "ITU2030",
            "ITU24x7",
            "itu24x7",
            "ITUsecurity",
            "1TUhelpdesk",
            "my ITUonline",
            "IT-U",
            "I-TU support",
            "Union internationale des telecommunications",
            "Union Internacional de Telecomunicaciones",
            "UIT Assistance",
            "МСЭ",
            "служба мсэ",
            "国际电联安全中心",
            "国际 电联",
            "International Telecommunication Union – login",
            "INTERNATIONAL TELECOMMUNICATION UNION",
            "Unión Internacional de Telecomunicaciones",
            "الاتحاد الدولي للاتصالات",
            "Bookshop",
            "B\u{43E}\u{43E}kshop", // Cyrillic о
            "BOOK-SHOP",
            "The Event Registration Desk",
        ] {
            assert!(reserved().are_passed_for_by(name), "{name}");
        }
    }

    #[test]
    fn names_of_others_are_free() {
        for name in [
            "Institute of Situations",
            "Nuit blanche",
            "Lithium",
            "LTU Luleå",
            "Bookshop Tracker",
            "Events",
            "Country U",
            "IT University",
            "IT Union",
            "Ituri Telecom",
            "UI Tools",
            "Wi-Fi Union",
            "国际电信学院",
            "Московский университет",
            "Union internationale des transports",
        ] {
            assert!(!reserved().are_passed_for_by(name), "{name}");
        }
    }
}
