//! `/newsletter/stop`, the page of the link in mails of the newsletter, and the proof of consent on the profile's page.

use serde::Serialize;

use crate::domain::Time;
use crate::templates::Page;

/// `/newsletter/stop`: `action=stop|again`, in each of its states.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum NewsletterStop {
    /// The link is valid: its button stops the newsletter.
    Open,
    Stopped {
        can_be_undone: bool,
    },
    /// The link is none of ours.
    Void,
}

impl Page for NewsletterStop {
    const TEMPLATE: &'static str = "newsletter_stop";

    fn samples() -> Vec<Self> {
        let stopped = |can_be_undone| Self::Stopped { can_be_undone };
        vec![Self::Open, stopped(true), stopped(false), Self::Void]
    }
}

/// The proof of consent.
#[derive(Clone, Debug, Serialize)]
pub struct ConsentView {
    pub given_at: Time,
    /// `signup`, `profile`, `stop`.
    pub page: String,
    /// The language's own name.
    pub language: String,
    pub words: String,
    pub network: String,
}
