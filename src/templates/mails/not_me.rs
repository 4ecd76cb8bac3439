//! *This was not me*: the link in mails about an account's security, and the mail after it was used.

use serde::Serialize;

use crate::domain::Time;
use crate::templates::{MailTemplate, Opens};

/// The link `/account/not-me?token=…`.
#[derive(Clone, Serialize)]
pub struct NotMeLink {
    pub token: String,
    pub until: Time,
}

impl std::fmt::Debug for NotMeLink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NotMeLink").finish_non_exhaustive()
    }
}

impl NotMeLink {
    pub(super) fn sample() -> Self {
        Self {
            token: "nm_0123456789".into(),
            until: sample_time() + chrono::Duration::days(7),
        }
    }
}

/// The mail after the link was used.
#[derive(Clone, Serialize)]
pub struct AccountSecured {
    pub name: String,
    pub at: Time,
    /// The token of the link `/reset-password?token=…`. There is none, and no factor is named, where the account was secured
    /// from a former address that could not be restored.
    pub token: Option<String>,
    /// The second factors that were added since, and those that were there before.
    pub added: Vec<FactorLine>,
    pub earlier: Vec<FactorLine>,
    pub voids_codes: bool,
}

#[derive(Clone, Debug, Serialize)]
pub struct FactorLine {
    /// `totp` or `passkey`.
    pub factor: &'static str,
    pub added_at: Time,
}

impl std::fmt::Debug for AccountSecured {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccountSecured").finish_non_exhaustive()
    }
}

impl MailTemplate for AccountSecured {
    const NAME: &'static str = "account_secured";

    fn samples() -> Vec<Self> {
        let line = |factor| FactorLine {
            factor,
            added_at: sample_time(),
        };
        let mail = Self {
            name: "John <i>Doe</i>".into(),
            at: sample_time(),
            token: Some("pr_0123456789".into()),
            added: vec![],
            earlier: vec![],
            voids_codes: false,
        };
        let whole = Self {
            added: vec![line("passkey")],
            earlier: vec![line("totp")],
            voids_codes: true,
            ..mail.clone()
        };
        let of_former = Self {
            token: None,
            ..mail.clone()
        };
        vec![mail, whole, of_former]
    }

    fn opens(&self) -> Opens {
        match self.token {
            Some(_) => Opens::ResetLink,
            None => Opens::Nothing,
        }
    }
}

fn sample_time() -> Time {
    crate::clock::from_unix(1_772_623_800).unwrap_or_default()
}
