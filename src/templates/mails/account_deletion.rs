//! Mails about the deletion of an account (security.md LG-4): begun, soon, stopped. After the deletion there is nobody
//! to write to.

use serde::Serialize;

use crate::domain::Time;
use crate::templates::MailTemplate;

/// What became of a deletion. The token is that of the link `/account/delete/stop?token=…`.
#[derive(Clone, Serialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum DeletionNews {
    Begun { until: Time, token: String },
    Reminder { until: Time, token: String },
    Stopped { at: Time },
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
        let token = "ad_0123456789".to_owned();
        let all = [
            DeletionNews::Begun {
                until,
                token: token.clone(),
            },
            DeletionNews::Reminder { until, token },
            DeletionNews::Stopped { at: until },
        ];
        let sample = |news| Self {
            name: "John <i>Doe</i>".into(),
            news,
        };
        all.map(sample).to_vec()
    }
}
