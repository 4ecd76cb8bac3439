//! Mails about a recovery through the ServiceDesk (security.md PW-10).

use serde::Serialize;

use crate::domain::Time;
use crate::domain::assisted_recovery;
use crate::templates::{MailTemplate, Opens};

/// The mail to the other administrators: one of them is to confirm. It carries a plain link to the page, and no power.
#[derive(Clone, Debug, Serialize)]
pub struct RecoveryRequested {
    /// The address of the account.
    pub person: String,
    pub id: String,
    pub until: Time,
}

impl MailTemplate for RecoveryRequested {
    const NAME: &'static str = "recovery_requested";

    fn samples() -> Vec<Self> {
        vec![Self {
            person: "john.doe@company.com".into(),
            id: "0123456789".into(),
            until: sample_time(),
        }]
    }
}

/// The mail to every address of the person, with the link `/recovery/stop?token=…`.
#[derive(Clone, Serialize)]
pub struct RecoveryWaiting {
    pub name: String,
    pub at: Time,
    pub token: String,
}

impl std::fmt::Debug for RecoveryWaiting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RecoveryWaiting").finish_non_exhaustive()
    }
}

impl MailTemplate for RecoveryWaiting {
    const NAME: &'static str = "recovery_waiting";

    fn samples() -> Vec<Self> {
        vec![Self {
            name: "John <i>Doe</i>".into(),
            at: sample_time(),
            token: "ar_0123456789".into(),
        }]
    }

    fn opens(&self) -> Opens {
        Opens::Link(assisted_recovery::WAIT)
    }
}

/// The mail to every address of the person after it was stopped or cancelled.
#[derive(Clone, Debug, Serialize)]
pub struct RecoveryStopped {
    pub name: String,
    pub at: Time,
}

impl MailTemplate for RecoveryStopped {
    const NAME: &'static str = "recovery_stopped";

    fn samples() -> Vec<Self> {
        vec![Self {
            name: "John <i>Doe</i>".into(),
            at: sample_time(),
        }]
    }
}

/// The mail after the factors were removed, with the link `/reset-password?token=…`.
#[derive(Clone, Serialize)]
pub struct RecoveryDone {
    pub name: String,
    pub token: String,
}

impl std::fmt::Debug for RecoveryDone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RecoveryDone").finish_non_exhaustive()
    }
}

impl MailTemplate for RecoveryDone {
    const NAME: &'static str = "recovery_done";

    fn samples() -> Vec<Self> {
        vec![Self {
            name: "John <i>Doe</i>".into(),
            token: "pr_0123456789".into(),
        }]
    }

    fn opens(&self) -> Opens {
        Opens::ResetLink
    }
}

fn sample_time() -> Time {
    crate::clock::from_unix(1_772_623_800).unwrap_or_default()
}
