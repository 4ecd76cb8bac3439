//! Mails about a change of the account's address (security.md SU-7).

use serde::Serialize;

use crate::domain::Time;
use crate::domain::email_change;
use crate::templates::{MailTemplate, Opens};

/// The mail to an address that an account wants: fixed text and the code, alone on a line and not in the subject
/// (security.md SU-5).
#[derive(Clone, Debug, Serialize)]
pub struct EmailChangeCode {
    pub code: String,
}

impl MailTemplate for EmailChangeCode {
    const NAME: &'static str = "email_change_code";

    fn samples() -> Vec<Self> {
        vec![Self {
            code: "01234567".into(),
        }]
    }

    fn opens(&self) -> Opens {
        Opens::Code
    }
}

/// The mail to the owner of an account whose address another account wants (security.md SU-1).
#[derive(Clone, Debug, Serialize)]
pub struct EmailChangeTaken {
    pub name: String,
}

impl MailTemplate for EmailChangeTaken {
    const NAME: &'static str = "email_change_taken";

    fn samples() -> Vec<Self> {
        vec![Self {
            name: "John Doe".into(),
        }]
    }
}

/// The mail after a change, to both addresses.
#[derive(Clone, Debug, Serialize)]
pub struct EmailChanged {
    pub name: String,
    pub at: Time,
    /// `true` for the mail to the new address.
    pub is_new: bool,
    /// The link for the old address, unless this change undid an earlier one.
    pub undo: Option<UndoLink>,
}

/// The link `/account/email/undo?token=…`.
#[derive(Clone, Serialize)]
pub struct UndoLink {
    pub token: String,
    pub until: Time,
}

impl std::fmt::Debug for UndoLink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UndoLink").finish_non_exhaustive()
    }
}

impl MailTemplate for EmailChanged {
    const NAME: &'static str = "email_changed";

    fn samples() -> Vec<Self> {
        let undo = UndoLink {
            token: "eu_0123456789".into(),
            until: sample_time() + chrono::Duration::hours(72),
        };
        let sample = |(is_new, undo)| Self {
            name: "John <i>Doe</i>".into(),
            at: sample_time(),
            is_new,
            undo,
        };
        [(false, Some(undo)), (false, None), (true, None)]
            .map(sample)
            .to_vec()
    }

    fn opens(&self) -> Opens {
        match self.undo {
            Some(_) => Opens::Link(email_change::UNDO),
            None => Opens::Nothing,
        }
    }
}

/// The mail after a change was undone: to the restored address with the link `/reset-password?token=…`, to the other one
/// without.
#[derive(Clone, Serialize)]
pub struct EmailChangeUndone {
    pub name: String,
    pub at: Time,
    pub token: Option<String>,
}

impl std::fmt::Debug for EmailChangeUndone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EmailChangeUndone").finish_non_exhaustive()
    }
}

impl MailTemplate for EmailChangeUndone {
    const NAME: &'static str = "email_change_undone";

    fn samples() -> Vec<Self> {
        let sample = |token| Self {
            name: "John <i>Doe</i>".into(),
            at: sample_time(),
            token,
        };
        [Some("pr_0123456789".to_owned()), None].map(sample).to_vec()
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
