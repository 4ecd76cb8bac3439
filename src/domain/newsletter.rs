//! A subscription to the newsletter: the proof of consent that is kept with it, and how it was stopped.

use chrono::Duration;
use serde::{Deserialize, Serialize};

use super::Time;
use super::organization::words;
use super::profile::Language;

/// The time for which whoever stopped it by the link of a mail can take that back there.
pub const UNDO: Duration = Duration::hours(24);

words! {
    /// The page on which a person agreed.
    ConsentPage {
        SignUp = "signup",
        Profile = "profile",
        /// *Subscribe again*, after the link of a mail.
        Stop = "stop",
    }
}

words! {
    /// The way in which a subscription was stopped.
    StoppedBy {
        Profile = "profile",
        /// The page of the link in a mail.
        Link = "link",
        /// The button of a mail program (RFC 8058).
        OneClick = "one_click",
        /// The staff, on the wish of the person.
        Staff = "staff",
    }
}

/// The proof that a person agreed: when, where, from which network, to which words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    pub given_at: Time,
    pub page: ConsentPage,
    pub language: Language,
    /// The words as the page showed them.
    pub words: String,
    /// The client network.
    pub network: String,
}

#[derive(Clone, Debug)]
pub struct Subscription {
    pub consent: Consent,
    pub stopped: Option<(Time, StoppedBy)>,
}

impl Subscription {
    /// Returns `true` if the link of a mail stopped it just now, so that the same link can take that back.
    pub fn can_be_undone(&self, now: Time) -> bool {
        let by_link = |by| matches!(by, StoppedBy::Link | StoppedBy::OneClick);
        self.stopped
            .is_some_and(|(at, by)| by_link(by) && now - at < UNDO)
    }
}
