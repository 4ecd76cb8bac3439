//! Scope: a set of words that a client asks for and a person grants (RFC 6749 §3.3).
//! The values of this provider are in product.md, "What a service receives".

use std::fmt;

pub const OPENID: &str = "openid";
pub const PROFILE: &str = "profile";
pub const EMAIL: &str = "email";
pub const OFFLINE_ACCESS: &str = "offline_access";
pub const ITU_MEMBERSHIP: &str = "itu_membership";
pub const ITU_PROFESSIONAL: &str = "itu_professional";
pub const ITU_NEWSLETTER: &str = "itu_newsletter";
pub const ADMIN: &str = "admin";
/// The streams of the client itself (CAEP Interoperability Profile §2.7.3).
pub const SSF_READ: &str = "ssf.read";
pub const SSF_MANAGE: &str = "ssf.manage";
/// SCIM: to read, and to read and write (RFC 7644 §2).
pub const SCIM_READ: &str = "scim:read";
pub const SCIM: &str = "scim";
/// Grant Management for OAuth 2.0 §6.1
pub const GRANT_MANAGEMENT_QUERY: &str = "grant_management_query";
pub const GRANT_MANAGEMENT_REVOKE: &str = "grant_management_revoke";

/// The scope values about a person, in the order in which pages list them.
pub const STANDARD: [&str; 7] = [
    OPENID,
    PROFILE,
    EMAIL,
    ITU_MEMBERSHIP,
    ITU_PROFESSIONAL,
    ITU_NEWSLETTER,
    OFFLINE_ACCESS,
];

/// Distinct scope values in the order in which they were given; equal when they hold the same values.
#[derive(Clone, Debug, Default, Eq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Scope(Vec<String>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("scope holds a character that RFC 6749 does not allow there")]
pub struct BadScope;

impl Scope {
    /// Parses values separated by single spaces. Doubled spaces and doubled values are forgiven: both come from clients
    /// that join lists, and neither can change what is meant.
    pub fn parse(value: &str) -> Result<Self, BadScope> {
        // RFC 6749 §3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E )
        let allowed = |b: u8| matches!(b, b' ' | 0x21 | 0x23..=0x5B | 0x5D..=0x7E);
        if !value.bytes().all(allowed) {
            return Err(BadScope);
        }
        Ok(value.split(' ').filter(|it| !it.is_empty()).collect())
    }

    pub fn contains(&self, value: &str) -> bool {
        self.0.iter().any(|it| it == value)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Returns the values that are in both, in the order of this one.
    pub fn limited_to(&self, allowed: &Self) -> Self {
        self.iter().filter(|it| allowed.contains(it)).collect()
    }

    pub fn without(&self, value: &str) -> Self {
        self.iter().filter(|it| *it != value).collect()
    }

    pub fn with(&self, other: &Self) -> Self {
        self.iter().chain(other.iter()).collect()
    }

    pub fn is_within(&self, other: &Self) -> bool {
        self.iter().all(|it| other.contains(it))
    }
}

impl PartialEq for Scope {
    fn eq(&self, other: &Self) -> bool {
        self.0.len() == other.0.len() && self.is_within(other)
    }
}

impl<'a> FromIterator<&'a str> for Scope {
    fn from_iter<I: IntoIterator<Item = &'a str>>(values: I) -> Self {
        let mut distinct: Vec<String> = Vec::new();
        for value in values {
            if !distinct.iter().any(|it| it == value) {
                distinct.push(value.to_owned());
            }
        }
        Self(distinct)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

impl TryFrom<String> for Scope {
    type Error = BadScope;

    fn try_from(value: String) -> Result<Self, BadScope> {
        Self::parse(&value)
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> Self {
        scope.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_does_not_matter_and_nothing_is_doubled() {
        let one = Scope::parse("email openid  email").expect("good");
        assert_eq!(one, Scope::parse("openid email").expect("good"));
        assert_eq!(one.to_string(), "email openid");
    }

    #[test]
    fn what_the_grammar_forbids_is_refused() {
        for bad in ["open\"id", "a\\b", "é", "a\tb", "a\u{7f}"] {
            assert_eq!(Scope::parse(bad), Err(BadScope), "{bad}"); // RFC 6749 §3.3
        }
    }

    #[test]
    fn a_scope_is_limited_never_widened() {
        let asked = Scope::parse("openid admin email").expect("good");
        let allowed = Scope::parse("email openid profile").expect("good");
        assert_eq!(asked.limited_to(&allowed).to_string(), "openid email");
        assert!(asked.limited_to(&allowed).is_within(&allowed));
    }
}
