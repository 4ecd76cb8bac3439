//! An account: one e-mail address, one human being. The address and its keys (security.md SU-2), and the data of an
//! account that the rest of the service may have. No password is ever in here.

use super::profile::{Language, Profile};
use super::role::Role;
use super::{AccountId, Subject, Time};

/// An e-mail address: the local part as it was given, the domain in A-labels.
#[derive(Clone, PartialEq, Eq)]
pub struct EmailAddress {
    address: String,
    at: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an e-mail address")]
pub struct InvalidEmail;

/// The key that finds an account, for whatever is done with it: the address as given, all in lower case.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct EmailKey(String);

/// The key without a `+tag`, which may exist once. Sign-up, import and the making of an administrator ask by it whether
/// an address is taken, and limits that protect an inbox count it. It leads to no account (security.md SU-2).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct UniqueKey(String);

impl EmailAddress {
    /// Parses an address. SU-2: outer space removed, one `@`, an ASCII dot-atom, a domain of at least two labels.
    pub fn parse(value: &str) -> Result<Self, InvalidEmail> {
        let value = value.trim_matches(' ');
        if value.len() > 1024 {
            return Err(InvalidEmail);
        }
        let (local, domain) = value.split_once('@').ok_or(InvalidEmail)?;
        if !is_dot_atom(local) || local.len() > 64 {
            return Err(InvalidEmail);
        }
        let domain = idna::domain_to_ascii_strict(domain).map_err(|_| InvalidEmail)?;
        let labels = domain.split('.').count();
        if labels < 2 || domain.ends_with('.') || domain.len() > 253 || local.len() + 1 + domain.len() > 254 {
            return Err(InvalidEmail);
        }
        Ok(Self {
            address: format!("{local}@{domain}"),
            at: local.len(),
        })
    }

    pub fn as_str(&self) -> &str {
        &self.address
    }

    pub fn local(&self) -> &str {
        &self.address[..self.at]
    }

    pub fn domain(&self) -> &str {
        &self.address[self.at + 1..]
    }

    pub fn key(&self) -> EmailKey {
        EmailKey(self.address.to_ascii_lowercase())
    }

    pub fn unique_key(&self) -> UniqueKey {
        let local = self.local();
        // A local part that is nothing but a tag keeps it.
        let local = local
            .split_once('+')
            .map_or(local, |(name, _)| if name.is_empty() { local } else { name });
        UniqueKey(format!("{local}@{}", self.domain()).to_ascii_lowercase())
    }
}

// An address names a person: logs show that there is one, not which (LG-3).
impl std::fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[address]")
    }
}

impl serde::Serialize for EmailAddress {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.address)
    }
}

macro_rules! key {
    ($name:ident) => {
        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("[address]")
            }
        }
    };
}

key!(EmailKey);
key!(UniqueKey);

fn is_dot_atom(local: &str) -> bool {
    // RFC 5322 §3.2.3
    local.split('.').all(|atom| {
        !atom.is_empty()
            && atom
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b))
    })
}

/// Says whether the account may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Active,
    /// The person deletes it and may still keep it: a login leads to that choice and to the own data, nothing else.
    Leaving,
    /// An administrator suspended it: no session, no token.
    Suspended,
    /// Its deletion is under way: nothing stops it any more.
    Deleted,
}

impl Status {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Leaving => "leaving",
            Self::Suspended => "suspended",
            Self::Deleted => "deleted",
        }
    }

    /// Reads a stored status. A value that cannot be read is no permission.
    pub fn parse(value: &str) -> Self {
        match value {
            "active" => Self::Active,
            "leaving" => Self::Leaving,
            "deleted" => Self::Deleted,
            _ => Self::Suspended,
        }
    }
}

/// Why and since when an account is suspended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspension {
    pub at: Time,
    pub reason: String,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Account {
    pub id: AccountId,
    pub sub: Subject,
    pub email: EmailAddress,
    /// `true` if a code or a link that was mailed to the address verified it. An imported address is not, until then.
    pub email_verified: bool,
    pub profile: Profile,
    pub role: Role,
    pub status: Status,
    pub newsletter: bool,
    pub language: Language,
    /// The version of the Terms of Use that the person accepted, if any yet.
    pub terms_version: Option<String>,
    /// The same of the Privacy Notice.
    pub privacy_version: Option<String>,
    pub created_at: Time,
    /// The claim `updated_at`: when what services read about the person changed last.
    pub updated_at: Time,
}

impl Account {
    pub fn is_active(&self) -> bool {
        self.status == Status::Active
    }

    /// Returns `true` if its person deletes it and may still keep it.
    pub fn is_leaving(&self) -> bool {
        self.status == Status::Leaving
    }

    /// Returns `true` if its deletion is final and under way: for everybody it is gone.
    pub fn is_deleted(&self) -> bool {
        self.status == Status::Deleted
    }

    /// Returns `true` if a login starts a session. Whoever leaves may log in to keep the account; services get nothing.
    pub fn may_log_in(&self) -> bool {
        self.is_active() || self.is_leaving()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_local_part_and_one_domain() {
        // SU-2
        for address in [
            "john.doe@company.com",
            " a+b@x.example ",
            "o'neil@bücher.example",
            "A@B.CH",
        ] {
            assert!(EmailAddress::parse(address).is_ok(), "{address}");
        }
        for address in [
            "",
            "@",
            "a@",
            "@b.ch",
            "a@b",
            "a@@b.ch",
            "a@b@c.ch",
            "a b@c.ch",
            ".a@b.ch",
            "a.@b.ch",
            "a..b@c.ch",
            "\"a\"@b.ch",
            "a@[127.0.0.1]",
            "a@b.ch\n",
            "a@b_c.ch",
            "a@-b.ch",
            "jo\u{308}@b.ch",
            "a@b.ch.",
            "a@b..ch",
        ] {
            assert!(EmailAddress::parse(address).is_err(), "{address:?}");
        }
        assert!(EmailAddress::parse(&format!("{}@b.ch", "a".repeat(64))).is_ok());
        assert!(EmailAddress::parse(&format!("{}@b.ch", "a".repeat(65))).is_err());
    }

    #[test]
    fn case_and_tag_do_not_make_a_second_account() {
        // SU-2
        let one = EmailAddress::parse("John+events@Bücher.example").unwrap();
        let other = EmailAddress::parse("john@xn--bcher-kva.example").unwrap();
        assert_eq!(one.unique_key(), other.unique_key());
        assert_ne!(one.key(), other.key());
        assert_eq!(one.as_str(), "John+events@xn--bcher-kva.example");
        assert_eq!(
            EmailAddress::parse("+a@b.ch").unwrap().unique_key().as_str(),
            "+a@b.ch"
        );
    }

    proptest::proptest! {
        #[test]
        fn parsing_is_stable(value in "[ -~]{0,12}@[a-zA-Z0-9.\\-é]{0,20}") {
            if let Ok(email) = EmailAddress::parse(&value) {
                let again = EmailAddress::parse(email.as_str()).unwrap();
                proptest::prop_assert_eq!(again.key(), email.key());
                proptest::prop_assert!(email.as_str().is_ascii());
            }
        }
    }
}
