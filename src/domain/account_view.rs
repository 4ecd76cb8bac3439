//! A view of a person's account by the staff: for a short time a member of the staff sees the pages of the account as the
//! person does, and changes nothing (security.md AD-12). It is a state of one session of whoever looks.

use chrono::Duration;

use super::{AccountId, SessionId, Time};

super::id! {
    /// A view, in the audit trail.
    AccountViewId
}

/// The longest time of a view.
pub const LONGEST: Duration = Duration::minutes(15);

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountView {
    pub id: AccountViewId,
    /// The session of whoever looks.
    pub session: SessionId,
    /// The account that is looked at.
    pub account: AccountId,
    /// The language in which whoever looks read the pages before.
    pub language: String,
    pub began_at: Time,
    pub expires_at: Time,
    /// The time at which the view ended; the row stays until whoever looked has read that it did.
    pub ended_at: Option<Time>,
}

impl AccountView {
    /// Returns `true` if nothing is shown by it any more.
    pub fn is_over(&self, now: Time) -> bool {
        self.ended_at.is_some() || now >= self.expires_at
    }

    /// Returns whole minutes, rounded up, until it ends.
    pub fn minutes_left(&self, now: Time) -> u64 {
        let seconds = (self.expires_at - now).num_seconds();
        u64::try_from(seconds).map_or(0, |it| it.div_ceil(60))
    }
}

/// The reason for which a view ended, in the audit trail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ViewEnd {
    /// Whoever looked ended it.
    Viewer,
    Time,
    /// The session of whoever looked ended.
    Session,
    /// Whoever looked may not look any more, or the account is suspended or to be deleted.
    Account,
}

impl ViewEnd {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Time => "time",
            Self::Session => "session",
            Self::Account => "account",
        }
    }
}

/// The number of a ticket of the ServiceDesk: letters, digits and a few signs, so that it is never text about a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket(String);

impl Ticket {
    const LONGEST: usize = 40;

    /// Returns `Ok(None)` for nothing, and the key of a message for what is no number of a ticket.
    pub fn parse(value: &str) -> Result<Option<Self>, &'static str> {
        let value = value.trim();
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | '#');
        if value.is_empty() {
            Ok(None)
        } else if value.len() <= Self::LONGEST && value.chars().all(fits) {
            Ok(Some(Self(value.to_owned())))
        } else {
            Err("error.ticket")
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_is_over_after_fifteen_minutes() {
        // AD-12
        let start = Time::UNIX_EPOCH;
        let view = AccountView {
            id: AccountViewId::new("v"),
            session: SessionId::new("s"),
            account: AccountId::new("a"),
            language: "en".into(),
            began_at: start,
            expires_at: start + LONGEST,
            ended_at: None,
        };
        assert!(
            !view.is_over(start + Duration::seconds(899)) && view.is_over(start + Duration::seconds(900))
        );
        assert_eq!(view.minutes_left(start), 15);
        assert_eq!(view.minutes_left(start + Duration::seconds(1)), 15);
        assert_eq!(view.minutes_left(start + Duration::seconds(841)), 1);
        assert_eq!(view.minutes_left(start + LONGEST), 0);
        let ended = AccountView {
            ended_at: Some(start),
            ..view
        };
        assert!(ended.is_over(start));
    }

    #[test]
    fn a_ticket_is_a_number_and_no_text() {
        let number = |it: &str| Ticket::parse(it).map(|it| it.map(|it| it.as_str().to_owned()));
        assert_eq!(number(" INC-0042/7 "), Ok(Some("INC-0042/7".into())));
        assert_eq!(number("  "), Ok(None));
        assert!(number("John Doe").is_err() && number("é1").is_err() && number(&"1".repeat(41)).is_err());
    }
}
