//! `/weekly-digest/stop`, the page of the link in the weekly digest of those who hold an office.

use serde::Serialize;

use crate::templates::Page;

/// `/weekly-digest/stop`: `action=stop`, in each of its states.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum WeeklyDigestStop {
    /// The link is valid: its button stops the digest.
    Open,
    Stopped,
    /// The link is none of ours.
    Void,
}

impl Page for WeeklyDigestStop {
    const TEMPLATE: &'static str = "weekly_digest_stop";

    fn samples() -> Vec<Self> {
        vec![Self::Open, Self::Stopped, Self::Void]
    }
}
