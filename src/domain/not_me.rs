//! The link *This was not me* of a mail about an account's security (security.md LG-4).

use chrono::Duration;

use super::account::EmailAddress;
use super::organization::words;
use super::{AccountId, Time};

/// The time for which a link works: people read their mail after a holiday, too.
pub const VALID: Duration = Duration::days(7);
/// The time for which a link that expired is kept: a browser is recognized for no longer (security.md PW-4).
pub const KEPT: Duration = Duration::days(90);

words! {
    /// What the mail was about.
    Cause {
        NewBrowser = "new_browser",
        PasswordChanged = "password_changed",
        SecondFactor = "second_factor",
        Data = "data",
    }
}

#[derive(Clone, Debug)]
pub struct NotMeLink {
    pub account: AccountId,
    /// The address that the mail went to.
    pub email: EmailAddress,
    pub cause: Cause,
    /// The time of what the mail was about: what was added to the account since then is not trusted.
    pub mailed_at: Time,
    /// The time at which this link, or another of the account, was used.
    pub used_at: Option<Time>,
    pub expires_at: Time,
}

/// What a link can still do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkState {
    Open,
    Used(Time),
    Expired,
}

impl NotMeLink {
    pub fn state(&self, now: Time) -> LinkState {
        match self.used_at {
            Some(at) => LinkState::Used(at),
            None if self.expires_at <= now => LinkState::Expired,
            None => LinkState::Open,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_open_until_it_is_used_or_its_time_is_over() {
        let at = |days| chrono::DateTime::UNIX_EPOCH + Duration::days(days);
        let link = |used_at| NotMeLink {
            account: AccountId::new("a"),
            email: EmailAddress::parse("a@example.org").expect("an address"),
            cause: Cause::NewBrowser,
            mailed_at: at(0),
            used_at,
            expires_at: at(0) + VALID,
        };
        assert_eq!(link(None).state(at(6)), LinkState::Open);
        assert_eq!(link(None).state(at(7)), LinkState::Expired);
        assert_eq!(link(Some(at(1))).state(at(8)), LinkState::Used(at(1)));
    }
}
