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
    /// Somebody with this role sees its pages as the person does (security.md AD-12).
    Viewed(Role),
}

/// The mail to a person whose account the staff unlocked or suspended, whose role changed, whose newsletter it
/// stopped, or whose pages it looks at (security.md AD-1, AD-12).
#[derive(Clone, Debug, Serialize)]
pub struct AccountAdministered {
    pub name: String,
    pub at: Time,
    pub act: Administered,
    pub reason: Option<String>,
    /// The number of the ticket of the ServiceDesk.
    pub ticket: Option<String>,
}

impl MailTemplate for AccountAdministered {
    const NAME: &'static str = "account_administered";

    fn samples() -> Vec<Self> {
        let sample = |act, reason: Option<&str>| Self {
            name: "John Doe".into(),
            at: sample_time(),
            act,
            reason: reason.map(str::to_owned),
            ticket: matches!(act, Administered::Viewed(Role::Support)).then(|| "INC-0042".into()),
        };
        vec![
            sample(Administered::Unlocked, None),
            sample(Administered::Suspended, Some("Left the <i>organization</i>")),
            sample(Administered::Reinstated, None),
            sample(Administered::NewsletterStopped, None),
            sample(Administered::Role(Role::Support), None),
            sample(Administered::Role(Role::User), None),
            sample(
                Administered::Viewed(Role::Support),
                Some("Asked <b>why</b> a request is missing"),
            ),
            sample(Administered::Viewed(Role::Administrator), Some("Asked for help")),
        ]
    }
}
