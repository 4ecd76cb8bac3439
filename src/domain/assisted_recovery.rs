//! The recovery of an account whose person has lost every second factor, through the ServiceDesk: one administrator asks,
//! another confirms, and after a wait in which the person can stop it the factors are removed (security.md PW-10).

use chrono::Duration;

use super::organization::words;
use super::{AccountId, Time, event};

/// The time for which a request waits for a second administrator.
pub const UNCONFIRMED: Duration = Duration::hours(72);
/// The time in which the person can stop it.
pub const WAIT: Duration = Duration::hours(24);
/// The time for which an ended one is kept, as the audit trail is (security.md LG-2).
pub const KEPT: Duration = event::KEPT;

words! {
    /// How it ended.
    Outcome {
        Done = "done",
        /// By the person, with the link of the mail.
        Stopped = "stopped",
        /// By an administrator.
        Cancelled = "cancelled",
        /// Nobody confirmed it in time.
        Expired = "expired",
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssistedRecovery {
    pub id: String,
    pub account: AccountId,
    /// Why the administrator believes that it is the person who asks.
    pub reason: String,
    pub asked_by: AccountId,
    pub asked_at: Time,
    pub confirmed: Option<Confirmation>,
    /// The time at which it expires or, once it is confirmed, is done; `None` if it has ended.
    pub due_at: Option<Time>,
    pub ended: Option<(Outcome, Time)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirmation {
    pub by: AccountId,
    pub at: Time,
}

/// The reasons for which an administrator cannot confirm a recovery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It is the administrator who asked.
    SamePerson,
    /// It is the administrator's own account.
    OwnAccount,
    /// It has been confirmed, or has ended.
    NotOpen,
}

impl AssistedRecovery {
    pub fn is_open(&self) -> bool {
        self.ended.is_none()
    }

    /// Returns the name of its state, for pages.
    pub fn state(&self) -> &'static str {
        match (&self.ended, &self.confirmed) {
            (Some((outcome, _)), _) => outcome.as_str(),
            (None, Some(_)) => "confirmed",
            (None, None) => "asked",
        }
    }

    /// Says whether this administrator may confirm it now.
    pub fn check_confirmation(&self, by: &AccountId, now: Time) -> Result<(), Refused> {
        if *by == self.account {
            Err(Refused::OwnAccount)
        } else if *by == self.asked_by {
            Err(Refused::SamePerson)
        } else if !self.is_open() || self.confirmed.is_some() || self.due_at.is_none_or(|at| at <= now) {
            Err(Refused::NotOpen)
        } else {
            Ok(())
        }
    }

    /// Returns how a job ends it now, if it is due.
    pub fn due_outcome(&self, now: Time) -> Option<Outcome> {
        self.due_at.filter(|at| *at <= now && self.is_open())?;
        Some(match self.confirmed {
            Some(_) => Outcome::Done,
            None => Outcome::Expired,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(now: Time) -> AssistedRecovery {
        AssistedRecovery {
            id: "r".into(),
            account: AccountId::new("person"),
            reason: "called from the known number".into(),
            asked_by: AccountId::new("one"),
            asked_at: now,
            confirmed: None,
            due_at: Some(now + UNCONFIRMED),
            ended: None,
        }
    }

    #[test]
    fn two_administrators_confirm_and_neither_is_the_person() {
        // PW-10
        let now = Time::UNIX_EPOCH;
        let recovery = asked(now);
        let by = |id: &str| recovery.check_confirmation(&AccountId::new(id), now);
        assert_eq!(by("one"), Err(Refused::SamePerson));
        assert_eq!(by("person"), Err(Refused::OwnAccount));
        assert_eq!(by("two"), Ok(()));
        let late = recovery.check_confirmation(&AccountId::new("two"), now + UNCONFIRMED);
        assert_eq!(late, Err(Refused::NotOpen));
    }

    #[test]
    fn a_job_ends_what_is_due_and_nothing_else() {
        let now = Time::UNIX_EPOCH;
        let mut recovery = asked(now);
        assert_eq!(
            recovery.due_outcome(now + UNCONFIRMED - Duration::seconds(1)),
            None
        );
        assert_eq!(recovery.due_outcome(now + UNCONFIRMED), Some(Outcome::Expired));
        recovery.confirmed = Some(Confirmation {
            by: AccountId::new("two"),
            at: now,
        });
        recovery.due_at = Some(now + WAIT);
        assert_eq!(recovery.due_outcome(now + WAIT), Some(Outcome::Done));
        recovery.ended = Some((Outcome::Stopped, now));
        assert_eq!(recovery.due_outcome(now + WAIT), None);
    }
}
