//! Organizations and their relation to the Union: membership type, category, sectors, status.
//!
//! A record typed by a visitor is `proposed`, and a non-member, until an administrator says otherwise
//! (security.md SU-6); then it is active, suspended or ended, or merged into another (product.md).

pub mod search;

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

pub use search::{key_of, words_of};

use super::{AccountId, MembershipTypeId, OrganizationId, Time};

/// A type of membership that a visitor chooses. Types are data: an administrator can add one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MembershipType {
    pub id: MembershipTypeId,
    /// The names by language (`en`, `fr`, …).
    pub names: BTreeMap<String, String>,
    /// `true` if an organization of such a type is 'a member': its Focal Point decides who belongs to it.
    pub needs_approval: bool,
    pub ties_entitled: bool,
    pub position: i32,
}

impl MembershipType {
    /// The type of every record that an administrator has not yet seen.
    pub const NON_MEMBER: &str = "non_member";

    pub fn name(&self, language: &str) -> &str {
        translated(&self.names, language).unwrap_or(self.id.as_str())
    }
}

/// Returns a translated name: in `language`, else in English.
pub fn translated<'a>(names: &'a BTreeMap<String, String>, language: &str) -> Option<&'a str> {
    names
        .get(language)
        .or_else(|| names.get("en"))
        .map(String::as_str)
}

/// Makes an enum whose values are written as in forms, files and claims.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$said:meta])* $value:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$said])* #[serde(rename = $text)] $value),+ }

        impl $name {
            pub const ALL: &[Self] = &[$(Self::$value),+];

            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$value => $text),+ }
            }

            pub fn parse(value: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|it| it.as_str() == value)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
pub(crate) use words;

words! {
    /// The category code, as the Union writes it.
    Category {
        Administration = "ADMIN",
        RecognizedOperatingAgency = "ROA",
        ScientificOrIndustrial = "SIO",
        RegionalTelecommunication = "RTO",
        Intergovernmental = "IGO",
        UnitedNations = "UN",
        Associate = "ASSOC",
        Academia = "ACAD",
        Other = "OTHER",
    }
}

words! { Sector { Radiocommunication = "R", Standardization = "T", Development = "D" } }

words! {
    /// The state of a record.
    OrganizationStatus {
        Proposed = "proposed",
        Active = "active",
        Suspended = "suspended",
        Ended = "ended",
        /// A proposal that an administrator did not accept.
        Rejected = "rejected",
        /// Its people have moved; its id still resolves to the survivor.
        Merged = "merged",
    }
}

impl OrganizationStatus {
    /// Returns `true` if the record may go from here to `next`. An ended membership can be reinstated, but its
    /// affiliations have lapsed and need new requests (security.md AF-1).
    pub fn may_become(self, next: Self) -> bool {
        use OrganizationStatus::{Active, Ended, Merged, Proposed, Rejected, Suspended};
        match (self, next) {
            (Merged | Rejected, _) => false,
            (_, Merged) | (Proposed, Active | Suspended | Ended | Rejected) => true,
            (Active | Suspended | Ended, Active | Suspended | Ended) => self != next,
            _ => false,
        }
    }

    /// Returns `true` if an administrator has seen it and it was not merged away.
    pub fn is_accepted(self) -> bool {
        matches!(self, Self::Active | Self::Suspended | Self::Ended)
    }
}

/// The code of ISO 3166-1 alpha-2, or `ZZ`, other country or territory. `i18n` has the names of the codes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Country(String);

impl Country {
    pub const OTHER: &str = "ZZ";

    pub fn parse(code: &str) -> Option<Self> {
        (code.len() == 2 && code.bytes().all(|b| b.is_ascii_uppercase())).then(|| Self(code.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the claim's value: absent for `ZZ` (product.md).
    pub fn claim(&self) -> Option<&str> {
        (self.0 != Self::OTHER).then_some(&*self.0)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organization {
    pub id: OrganizationId,
    pub name: String,
    pub acronym: Option<String>,
    pub membership_type: MembershipTypeId,
    /// The type that the visitor stated for a record of their own: a hint for the administrator, no more.
    pub claimed_type: Option<MembershipTypeId>,
    pub category: Category,
    pub sectors: Vec<Sector>,
    /// The country; absent for international organizations, which appear under every country.
    pub country: Option<Country>,
    pub website: Option<String>,
    pub city: Option<String>,
    pub status: OrganizationStatus,
    pub valid_from: Option<NaiveDate>,
    pub valid_until: Option<NaiveDate>,
    pub email_domains: Vec<String>,
    pub merged_into: Option<OrganizationId>,
    pub proposed_by: Option<AccountId>,
    pub created_at: Time,
    pub updated_at: Time,
    /// The count of changes: a change is conditional on the version it was decided on (security.md G-9).
    pub version: i32,
}

/// Whether an e-mail address is one of the organization. It helps whoever decides, and decides nothing (security.md AF-5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressDomain {
    /// Of one of the domains, or below one.
    Own,
    Foreign,
    /// No domain of the organization is recorded.
    Unknown,
}

impl Organization {
    pub const LONGEST_NAME: usize = 250;

    pub fn address_domain(&self, email: &str) -> AddressDomain {
        let domain = email.rsplit_once('@').map_or("", |(_, it)| it).to_lowercase();
        let holds = |own: &String| {
            let own = own.to_lowercase();
            domain == own || domain.strip_suffix(&own).is_some_and(|it| it.ends_with('.'))
        };
        match self.email_domains.iter().any(holds) {
            _ if self.email_domains.is_empty() => AddressDomain::Unknown,
            true => AddressDomain::Own,
            false => AddressDomain::Foreign,
        }
    }

    pub fn is_active(&self) -> bool {
        self.status == OrganizationStatus::Active
    }

    /// Returns `true` for a member in the sense of product.md: accepted, of a type that needs approval.
    pub fn is_member(&self, its_type: &MembershipType) -> bool {
        self.status.is_accepted() && its_type.needs_approval
    }

    /// Returns `true` if people of the organization, which is of this type, can have TIES rights (security.md AF-3).
    pub fn can_have_ties(&self, its_type: &MembershipType) -> bool {
        self.is_active() && its_type.ties_entitled
    }

    /// Returns `true` if a person can ask to belong to it, or say so.
    pub fn takes_people(&self) -> bool {
        matches!(
            self.status,
            OrganizationStatus::Active | OrganizationStatus::Proposed
        )
    }

    /// Returns all words that it can be searched for by, sorted.
    pub fn search_words(&self) -> Vec<String> {
        let mut words = search::search_words(&self.name);
        if let Some(acronym) = &self.acronym {
            words.extend(search::search_words(acronym));
            // `I.T.U.` is found as ITU too.
            words.push(key_of(acronym).replace(' ', ""));
        }
        words.retain(|it| !it.is_empty());
        words.sort();
        words.dedup();
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_merged_record_never_moves_again() {
        for next in OrganizationStatus::ALL {
            assert!(!OrganizationStatus::Merged.may_become(*next));
            assert!(!next.may_become(OrganizationStatus::Proposed)); // nothing is unseen again
        }
        assert!(OrganizationStatus::Ended.may_become(OrganizationStatus::Active));
    }

    #[test]
    fn other_country_is_no_claim() {
        assert_eq!(
            Country::parse("ZZ").and_then(|it| it.claim().map(str::to_owned)),
            None
        );
        assert_eq!(Country::parse("ch"), None);
    }
}
