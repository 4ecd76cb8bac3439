//! The mail to people whose account the staff acted on.

use serde::Serialize;

use super::account::sample_time;
use crate::domain::Time;
use crate::domain::role::Role;
use crate::templates::MailTemplate;

/// What the staff did to an account.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(tag = "name", content = "role", rename_all = "snake_case")]
pub enum Administered {
    Unlocked,
    Suspended,
    Reinstated,
    NewsletterStopped,
    /// The account has this role now.
    Role(Role),
}

/// The mail to a person whose account the staff unlocked or suspended, whose role changed, or whose newsletter it stopped (security.md AD-1).
#[derive(Clone, Debug, Serialize)]
pub struct AccountAdministered {
    pub name: String,
    pub at: Time,
    pub act: Administered,
    pub reason: Option<String>,
}

impl MailTemplate for AccountAdministered {
    const NAME: &'static str = "account_administered";

    fn samples() -> Vec<Self> {
        let sample = |act, reason: Option<&str>| Self {
            name: "John Doe".into(),
            at: sample_time(),
            act,
            reason: reason.map(str::to_owned),
        };
        vec![
            sample(Administered::Unlocked, None),
            sample(Administered::Suspended, Some("Left the <i>organization</i>")),
            sample(Administered::Reinstated, None),
            sample(Administered::NewsletterStopped, None),
            sample(Administered::Role(Role::Support), None),
            sample(Administered::Role(Role::User), None),
        ]
    }
}
