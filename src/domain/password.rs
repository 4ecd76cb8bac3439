//! The rules of a password (security.md PW-1; the sign-up page shows them, product.md, step 2), and the value
//! itself, which never prints.

use breached_passwords::fold;
use unicode_normalization::UnicodeNormalization;

use super::account::EmailAddress;
use super::blocklist::Blocklist;

/// A password in the clear, in NFC, of bounded length: ready to be hashed, otherwise untouched.
#[derive(Clone)]
pub struct Password {
    nfc: String,
    /// The password before it was put into NFC, if that changed it.
    typed: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    Length,
    Uppercase,
    Lowercase,
    Number,
    Symbol,
    TooLong,
    /// The password is on the list from breaches or on the operator's, or little more than an entry of them.
    Common,
    /// The password contains a part of the person's address or names, or the word ITU.
    Personal,
}

impl Rule {
    /// Returns the key of the message about the broken rule.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Length | Self::Uppercase | Self::Lowercase | Self::Number | Self::Symbol => {
                "error.password.rules"
            }
            Self::TooLong => "error.password.too_long",
            Self::Common => "error.password.common",
            Self::Personal => "error.password.personal",
        }
    }
}

impl Password {
    /// Reads a password as it was typed at a login. Checks nothing but the bounds, for rules change.
    pub fn typed(value: &str) -> Option<Self> {
        // The bound comes first: normalizing must not be asked to do much (PW-1).
        if value.is_empty() || value.len() > 512 {
            return None;
        }
        let nfc: String = value.nfc().collect();
        let typed = (nfc != value).then(|| value.to_owned());
        (nfc.len() <= 512 && nfc.chars().count() <= 128).then_some(Self { nfc, typed })
    }

    /// Checks a new password, or returns the rules that it breaks.
    pub fn choose(
        value: &str,
        email: Option<&EmailAddress>,
        names: &[&str],
        blocklist: &Blocklist,
    ) -> Result<Self, Vec<Rule>> {
        if value.is_empty() {
            return Err(vec![Rule::Length]);
        }
        let password = Self::typed(value).ok_or_else(|| vec![Rule::TooLong])?;
        let text = password.nfc.as_str();
        let mut broken = Vec::new();
        let mut ask = |holds: bool, rule: Rule| {
            if !holds {
                broken.push(rule);
            }
        };
        ask(text.chars().count() >= 8, Rule::Length);
        ask(text.chars().any(char::is_uppercase), Rule::Uppercase);
        ask(text.chars().any(char::is_lowercase), Rule::Lowercase);
        ask(text.chars().any(char::is_numeric), Rule::Number);
        ask(text.chars().any(|c| !c.is_alphanumeric()), Rule::Symbol);
        ask(!is_common(text, blocklist), Rule::Common);
        ask(!is_personal(text, email, names), Rule::Personal);
        if broken.is_empty() {
            Ok(password)
        } else {
            Err(broken)
        }
    }

    /// Returns the value itself, for hashing and for comparing the two fields of a form.
    pub fn expose(&self) -> &str {
        &self.nfc
    }

    /// Returns the texts of which another platform may have made a hash: it may not know NFC.
    pub fn spellings(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.nfc.as_str()).chain(self.typed.as_deref())
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Returns `true` if the text is guessed as easily as an entry of the lists: also one with digits and signs around it,
/// however many, or written with the usual substitutes.
fn is_common(text: &str, blocklist: &Blocklist) -> bool {
    let lower = fold(text);
    let is_letter = |it: char| it.is_alphabetic();
    let mut candidates = vec![lower.clone(), substitute(&lower)];
    if let (Some(start), Some(end)) = (lower.find(is_letter), lower.rfind(is_letter)) {
        let end = end + lower[end..].chars().next().map_or(0, char::len_utf8);
        // A substitute at an edge of the word is no letter: `$ecret`, `Passw0rd5`.
        let before = lower[..start]
            .chars()
            .next_back()
            .filter(|it| substituted(*it) != *it);
        let after = lower[end..].chars().next().filter(|it| substituted(*it) != *it);
        let starts = [start, start - before.map_or(0, char::len_utf8)];
        let ends = [end, end + after.map_or(0, char::len_utf8)];
        for (from, to) in starts.into_iter().flat_map(|from| ends.map(|to| (from, to))) {
            candidates.push(substitute(&lower[from..to]));
        }
        candidates.push(lower[start..end].to_owned());
        // Some entries end in digits of their own.
        let digits = lower[end..].find(|it: char| !it.is_numeric());
        candidates.push(lower[start..digits.map_or(lower.len(), |it| end + it)].to_owned());
    }
    candidates.sort_unstable();
    candidates.dedup();
    candidates
        .iter()
        .filter(|it| it.chars().count() >= SHORTEST_PART)
        .map(|it| breached_passwords::key(it))
        .any(|it| breached_passwords::contains(it) || blocklist.contains(it))
}

/// The shortest part that counts: shorter words and parts of names are in too many passwords by chance.
const SHORTEST_PART: usize = 4;

fn substitute(text: &str) -> String {
    text.chars().map(substituted).collect()
}

fn substituted(c: char) -> char {
    match c {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    }
}

fn is_personal(text: &str, email: Option<&EmailAddress>, names: &[&str]) -> bool {
    let lower = fold(text);
    let runs = |text: &str| -> Vec<String> {
        fold(text)
            .split(|c: char| !c.is_alphabetic())
            .map(str::to_owned)
            .collect()
    };
    runs(&lower).iter().any(|it| it == "itu")
        || email
            .map(EmailAddress::as_str)
            .into_iter()
            .chain(names.iter().copied())
            .flat_map(runs)
            .any(|part| part.chars().count() >= SHORTEST_PART && lower.contains(&part))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(value: &str) -> Result<Password, Vec<Rule>> {
        choose_beside(value, &Blocklist::default())
    }

    fn choose_beside(value: &str, blocklist: &Blocklist) -> Result<Password, Vec<Rule>> {
        let email = EmailAddress::parse("john.doe@company.com").unwrap();
        Password::choose(value, Some(&email), &["Jonathan", "Doe"], blocklist)
    }

    #[test]
    fn every_broken_rule_is_named() {
        // PW-1
        assert!(choose("Tulip-lamp-42").is_ok());
        assert_eq!(choose("Ab1!").unwrap_err(), [Rule::Length]);
        assert_eq!(
            choose("zqxjvkwy").unwrap_err(),
            [Rule::Uppercase, Rule::Number, Rule::Symbol]
        );
        assert_eq!(choose("ZQXJ-VKWY-1").unwrap_err(), [Rule::Lowercase]);
        assert_eq!(choose("").unwrap_err(), [Rule::Length]);
    }

    #[test]
    fn a_password_from_a_breach_is_refused() {
        // PW-1
        for value in [
            "Password1!",
            "P@ssw0rd",
            "P@ssw0rd1",
            "Qwerty123!",
            "Welcome#1",
            "!QAZ2wsx",
            "Dragon-1",
            "Welcome2024!",
            "2024-Welcome!",
            "!!W3lc0me-20241231",
            "$ecret-2024",
            "Trustno1#99",
            "Ｗｅｌｃｏｍｅ２０２４！",
            "welCOME+2024",
            // These meet every other rule as they stand in the breach.
            "John3:16",
            "1qaz@WSX",
            "Jesusis#1",
        ] {
            assert!(choose(value).unwrap_err().contains(&Rule::Common), "{value}");
        }
        assert!(choose("Dragon-9471-x").is_ok());
    }

    #[test]
    fn an_entry_of_the_operator_is_refused_as_one_of_the_breaches_is() {
        // PW-1
        let list = Blocklist::parse(b"Blue-Salon\nZqx9-Vkwy-7").unwrap();
        for value in ["Zqx9-Vkwy-7", "zqX9-vKWY-7", "Blue-Salon-77!", "2026:BLUE-sal0n"] {
            assert!(choose(value).is_ok(), "{value}");
            assert_eq!(
                choose_beside(value, &list).unwrap_err(),
                [Rule::Common],
                "{value}"
            );
        }
        assert!(choose_beside("Tulip-lamp-42", &list).is_ok());
    }

    #[test]
    fn a_password_by_chance_is_hardly_ever_refused() {
        // PW-1: of 1,000 made of five syllables, digits and a sign, none may be taken for a common one.
        let syllable = |n: usize| {
            let (first, second) = ("bdfgklmnprstvz".as_bytes(), "aeiou".as_bytes());
            [first[n % 14] as char, second[n / 14 % 5] as char]
                .iter()
                .collect::<String>()
        };
        let refused = (0..1_000_usize).filter(|number| {
            let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15_u64 as usize);
            let word: String = (0..5).map(|at| syllable(mixed >> (at * 12))).collect();
            choose(&format!("X{word}-{}!", number % 90 + 10)).is_err()
        });
        assert!(refused.count() <= 1);
    }

    #[test]
    fn a_password_of_ones_own_names_is_refused() {
        // PW-1
        for value in [
            "my-Jonathan-77",
            "COMPANY-zq-1a",
            "zq8-ITU-wxyz",
            "Itu2026!vkzq",
            "zq8-ＩＴＵ-wxyz1",
        ] {
            assert_eq!(choose(value).unwrap_err(), [Rule::Personal], "{value}");
        }
        assert!(choose("Institute-of-9").is_ok());
    }

    #[test]
    fn bounds_hold_before_anything_is_hashed() {
        // PW-1
        assert!(Password::typed(&"a".repeat(128)).is_some());
        assert!(Password::typed(&"a".repeat(129)).is_none());
        assert!(Password::typed(&"文".repeat(171)).is_none());
        assert_eq!(Password::typed(" Zoe\u{308} ").unwrap().expose(), " Zoë ");
    }
}
