//! A mail on its way out, as those who operate the platform see it: where it stands, and whether it can go once more. What
//! it says is not part of it (security.md G-13).

use super::organization::words;
use super::{AccountId, Time};

words! {
    /// The stages of a mail.
    MailState {
        /// It waits for its first or its next attempt.
        Queued = "queued",
        /// A sender has it.
        BeingSent = "being_sent",
        Sent = "sent",
        /// Nobody tries any more.
        GivenUp = "given_up",
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutgoingMail {
    pub id: String,
    pub created_at: Time,
    /// The name of its template.
    pub kind: String,
    pub recipient: String,
    /// The account that it is mailed for.
    pub account: Option<AccountId>,
    pub subject: String,
    pub attempts: i32,
    pub next_attempt_at: Option<Time>,
    pub claimed_until: Option<Time>,
    pub sent_at: Option<Time>,
    pub failed_at: Option<Time>,
    /// The last words of the mail server.
    pub last_error: Option<String>,
    /// The time from which the code or the link in it opens nothing any more; `None` if it holds none.
    pub void_at: Option<Time>,
    /// `true` while its sealed text is there.
    pub has_text: bool,
}

impl OutgoingMail {
    pub fn state(&self, now: Time) -> MailState {
        if self.sent_at.is_some() {
            MailState::Sent
        } else if self.failed_at.is_some() {
            MailState::GivenUp
        } else if self.claimed_until.is_some_and(|it| it > now) {
            MailState::BeingSent
        } else {
            MailState::Queued
        }
    }

    /// Returns `true` if it was given up and can go once more: its text is there, and what it holds still opens something.
    pub fn can_be_resent(&self, now: Time) -> bool {
        self.state(now) == MailState::GivenUp && self.has_text && self.void_at.is_none_or(|it| it > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Time {
        chrono::DateTime::from_timestamp(1_800_000_000 + seconds, 0).expect("valid")
    }

    fn queued() -> OutgoingMail {
        OutgoingMail {
            id: "m".into(),
            created_at: at(0),
            kind: "password_reset".into(),
            recipient: "a@example.org".into(),
            account: None,
            subject: "S".into(),
            attempts: 0,
            next_attempt_at: Some(at(0)),
            claimed_until: None,
            sent_at: None,
            failed_at: None,
            last_error: None,
            void_at: Some(at(1800)),
            has_text: true,
        }
    }

    #[test]
    fn a_mail_is_queued_being_sent_sent_or_given_up() {
        let claimed = OutgoingMail {
            claimed_until: Some(at(10)),
            ..queued()
        };
        assert_eq!(queued().state(at(5)), MailState::Queued);
        assert_eq!(claimed.state(at(5)), MailState::BeingSent);
        assert_eq!(claimed.state(at(10)), MailState::Queued, "its sender has died");
        let sent = OutgoingMail {
            sent_at: Some(at(5)),
            ..queued()
        };
        assert_eq!(sent.state(at(5)), MailState::Sent);
    }

    #[test]
    fn only_what_was_given_up_and_still_opens_something_goes_once_more() {
        let given_up = OutgoingMail {
            failed_at: Some(at(5)),
            ..queued()
        };
        assert_eq!(given_up.state(at(6)), MailState::GivenUp);
        assert!(given_up.can_be_resent(at(1799)) && !given_up.can_be_resent(at(1800))); // DS-7
        let emptied = OutgoingMail {
            has_text: false,
            ..given_up.clone()
        };
        assert!(!emptied.can_be_resent(at(6)) && !queued().can_be_resent(at(6)));
        let plain = OutgoingMail {
            void_at: None,
            ..given_up
        };
        assert!(plain.can_be_resent(at(1_000_000)));
    }
}
