//! A sign-up on its way: what was filled in, in the order of its steps (product.md). There is no account until
//! the code that was mailed comes back (security.md SU-5, G-6).

use chrono::Duration;

use super::account::EmailAddress;
use super::document::{Acceptance, DocumentKind};
use super::newsletter::Consent;
use super::profile::{Language, Profile};
use super::{MembershipTypeId, OrganizationId, Time};

/// The time for which an unfinished sign-up is kept (SU-5).
pub const KEPT: Duration = Duration::hours(24);

/// The organization of the person: step 3 (product.md). The room `affiliations` checks it against the directory,
/// before it is kept here and again when it is acted on.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Choice {
    pub organization: OrganizationChoice,
    pub request_ties: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrganizationChoice {
    Listed(OrganizationId),
    /// A record that the person typed: no member until an administrator says otherwise (SU-6).
    Typed(TypedOrganization),
}

#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct TypedOrganization {
    pub name: String,
    pub acronym: String,
    pub website: String,
    pub city: String,
    pub membership_type: MembershipTypeId,
    /// The code of ISO 3166-1 alpha-2, or `ZZ`.
    pub member_state: String,
}

/// The stage that a sign-up has reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Step 2 is done (product.md): name, address and password.
    Details,
    /// Step 3 is done: a code was mailed.
    Code,
}

/// An unfinished sign-up, without its password's hash.
#[derive(Clone, Debug)]
pub struct PendingSignup {
    pub id: PendingSignupId,
    pub email: EmailAddress,
    pub profile: Profile,
    pub language: Language,
    /// The proof that the newsletter is wanted, if it is.
    pub newsletter: Option<Consent>,
    pub choice: Option<Choice>,
    /// The documents that were accepted with step 3 (product.md).
    pub accepted: Option<Vec<Acceptance>>,
    /// The authorization request that was interrupted, as its room wrote it (security.md AZ-6).
    pub resume: Option<String>,
    pub created_at: Time,
    /// How long its mails wait: its form came without a proof of work (security.md DS-5).
    pub mail_delay: Duration,
    /// A program filled in the decoy field: no mail leaves (DS-6).
    pub is_decoy: bool,
}

super::id! {
    PendingSignupId,
}

impl PendingSignup {
    pub fn stage(&self) -> Stage {
        if self.accepted.is_some() {
            Stage::Code
        } else {
            Stage::Details
        }
    }

    pub fn terms_version(&self) -> Option<String> {
        let accepted = self.accepted.as_deref().unwrap_or_default();
        Acceptance::version_of(DocumentKind::Terms, accepted)
    }

    pub fn is_alive(&self, now: Time) -> bool {
        now - self.created_at < KEPT
    }
}
