//! What a password must be (security.md PW-1; the rules are shown on the sign-up page, product.md
//! "Sign-up", step 2), and the value itself, which never prints.

use unicode_normalization::UnicodeNormalization;

use super::account::Email;

/// A password in the clear, in NFC, of bounded length: ready to be hashed, otherwise untouched.
#[derive(Clone)]
pub struct Password(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    Length,
    Uppercase,
    Lowercase,
    Number,
    Symbol,
    TooLong,
    /// On the list of passwords known from breaches, or little more than one of them.
    Common,
    /// Contains a part of the person's address or names, or the word ITU.
    Personal,
}

impl Rule {
    /// The key of what is said when the rule is broken.
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
    /// As it was typed at a login: nothing but the bounds is checked, for rules change.
    pub fn typed(value: &str) -> Option<Self> {
        // The bound comes first: normalizing must not be asked to do much (PW-1).
        if value.is_empty() || value.len() > 512 {
            return None;
        }
        let value: String = value.nfc().collect();
        (value.len() <= 512 && value.chars().count() <= 128).then_some(Self(value))
    }

    /// A new password, or the rules it breaks.
    pub fn choose(value: &str, email: Option<&Email>, names: &[&str]) -> Result<Self, Vec<Rule>> {
        if value.is_empty() {
            return Err(vec![Rule::Length]);
        }
        let password = Self::typed(value).ok_or_else(|| vec![Rule::TooLong])?;
        let text = password.0.as_str();
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
        ask(!is_common(text), Rule::Common);
        ask(!is_personal(text, email, names), Rule::Personal);
        if broken.is_empty() {
            Ok(password)
        } else {
            Err(broken)
        }
    }

    /// The value itself: for hashing and for comparing the two fields of a form.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

/// The list has about 100 000 entries. What only adds a few digits or symbols around one of them, or
/// writes it with the usual substitutes, is as easily guessed as the entry.
fn is_common(text: &str) -> bool {
    let lower = text.to_lowercase();
    let plain: String = lower.chars().map(substituted).collect();
    let core = |it: &str| it.trim_matches(|c: char| !c.is_alphabetic()).to_owned();
    let listed = |it: &str| passwords::analyzer::is_common_password(it);
    let mostly = |it: &str| {
        let length = it.chars().count();
        length >= 4 && length + 4 >= text.chars().count() && listed(it)
    };
    listed(text) || listed(&lower) || listed(&plain) || mostly(&core(&lower)) || mostly(&core(&plain))
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

fn is_personal(text: &str, email: Option<&Email>, names: &[&str]) -> bool {
    let lower = text.to_lowercase();
    let runs = |it: &str| -> Vec<String> {
        it.to_lowercase()
            .split(|c: char| !c.is_alphabetic())
            .map(str::to_owned)
            .collect()
    };
    runs(&lower).iter().any(|it| it == "itu")
        || email
            .map(Email::as_str)
            .into_iter()
            .chain(names.iter().copied())
            .flat_map(|it| runs(&it.nfc().collect::<String>()))
            .any(|part| part.chars().count() >= 4 && lower.contains(&part))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(value: &str) -> Result<Password, Vec<Rule>> {
        let email = Email::parse("john.doe@company.com").unwrap();
        Password::choose(value, Some(&email), &["Jonathan", "Doe"])
    }

    #[test]
    fn every_broken_rule_is_told() {
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
        ] {
            assert!(choose(value).unwrap_err().contains(&Rule::Common), "{value}");
        }
        assert!(choose("Dragon-9471-x").is_ok());
    }

    #[test]
    fn a_password_of_ones_own_names_is_refused() {
        // PW-1
        for value in ["my-Jonathan-77", "COMPANY-zq-1a", "zq8-ITU-wxyz", "Itu2026!vkzq"] {
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
