//! Mails about the deletion of an account (security.md LG-4): begun, soon, stopped. After the deletion there is nobody
//! to write to.

use serde::Serialize;

use crate::domain::Time;
use crate::domain::account_deletion;
use crate::templates::{MailTemplate, Opens};

/// What became of a deletion.
#[derive(Clone, Serialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum DeletionNews {
    Begun(StopLink),
    Reminder(StopLink),
    Stopped { at: Time },
}

/// The link `/account/delete/stop?token=…`.
#[derive(Clone, Serialize)]
pub struct StopLink {
    /// The time of the deletion.
    pub until: Time,
    pub token: String,
    /// The end of the link that a former address gets, or `None` at the address of the account.
    pub former_until: Option<Time>,
}

#[derive(Clone, Serialize)]
pub struct DeletionMail {
    pub name: String,
    pub news: DeletionNews,
}

impl std::fmt::Debug for DeletionMail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DeletionMail").finish_non_exhaustive()
    }
}

impl MailTemplate for DeletionMail {
    const NAME: &'static str = "account_deletion";

    fn samples() -> Vec<Self> {
        let until = crate::clock::from_unix(1_772_623_800).unwrap_or_default();
        let link = StopLink {
            until,
            token: "ad_0123456789".to_owned(),
            former_until: None,
        };
        let of_former = StopLink {
            former_until: Some(until - chrono::Duration::days(12)),
            ..link.clone()
        };
        let all = [
            DeletionNews::Begun(link.clone()),
            DeletionNews::Begun(of_former),
            DeletionNews::Reminder(link),
            DeletionNews::Stopped { at: until },
        ];
        let sample = |news| Self {
            name: "John <i>Doe</i>".into(),
            news,
        };
        all.map(sample).to_vec()
    }

    fn opens(&self) -> Opens {
        match self.news {
            DeletionNews::Begun(_) | DeletionNews::Reminder(_) => Opens::Link(account_deletion::GRACE),
            DeletionNews::Stopped { .. } => Opens::Nothing,
        }
    }
}
