//! A login in one browser, on which every service's single sign-on rests (security.md SE-1 to SE-4).

use chrono::Duration;

use super::authentication::{Acr, Authentication, SecondProof};
use super::{AccountId, SessionId, Sid, Time};

/// The most sessions of a person; the oldest ends when there is one more (SE-2).
pub const MOST_PER_ACCOUNT: u64 = 20;

const IDLE: Duration = Duration::minutes(60);
const ABSOLUTE: Duration = Duration::hours(12);
const DUTY_IDLE: Duration = Duration::minutes(15);
const DUTY_ABSOLUTE: Duration = Duration::hours(8);
/// The time after a login for which it is recent (security.md SE-4).
pub const RECENT: Duration = Duration::minutes(5);
const WRITE_USE_EVERY: Duration = Duration::minutes(5);

#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    pub id: SessionId,
    pub sid: Sid,
    pub account: AccountId,
    pub created_at: Time,
    /// The `auth_time`: the person last entered the password in this session then, or used a passkey in its place.
    pub authenticated_at: Time,
    /// The second factor presented beside the password, with it or later, or in its place.
    pub second_factor: Option<SecondProof>,
    /// The time of the last use, written every five minutes at most.
    pub last_used_at: Time,
    /// The time at which the session was taken up again after a rest too long for administrators' work.
    pub rested_at: Option<Time>,
    /// `true` if the person gained or lost an office since the cookie was set: the next page brings a new one (SE-2).
    pub cookie_due: bool,
    pub user_agent: String,
    pub network: String,
}

/// The step that is due of a person before a session can be used for anything else (`accounts::terms::due`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// The account is to be deleted: the person keeps it, or leaves it so.
    Deletion,
    /// The account was made without a code to its address (`user import`): one verifies it (security.md UI-2, SU-5).
    EmailVerification,
    /// The Terms of Use or the Privacy Notice have a version that the person has yet to accept.
    Terms,
}

impl Session {
    /// Returns `false` after 60 minutes without use, and after 12 hours in all (SE-2).
    pub fn is_alive(&self, now: Time) -> bool {
        now - self.last_used_at < IDLE && now - self.authenticated_at < ABSOLUTE
    }

    /// Returns `true` if it is fit for the work of administrators and Focal Points: idle 15 minutes, absolute 8 hours
    /// (SE-2). Coming back by another page does not undo the rest; a new authentication does.
    pub fn is_fit_for_duty(&self, now: Time) -> bool {
        now - self.last_used_at < DUTY_IDLE
            && now - self.authenticated_at < DUTY_ABSOLUTE
            && self.rested_at.is_none_or(|at| self.authenticated_at >= at)
    }

    pub fn acr(&self) -> Acr {
        self.second_factor.map_or(Acr::Password, |it| it.factor.acr())
    }

    /// Returns what tokens issued in it state.
    pub fn authentication(&self) -> Authentication {
        let factor = self.second_factor.map(|it| it.factor);
        Authentication::new(self.authenticated_at, self.acr(), factor)
    }

    /// Returns `true` if the person authenticated in this session within the last five minutes (SE-4).
    pub fn is_recent(&self, now: Time) -> bool {
        is_recent(self.authenticated_at, now)
    }

    /// Returns `true` if a second factor was verified in this session within the last five minutes.
    pub fn has_recent_second_factor(&self, now: Time) -> bool {
        self.second_factor.is_some_and(|it| now - it.at < RECENT)
    }

    /// Returns what to write of a use at `now`, if it is worth a write: when the session was taken up after a rest.
    pub fn use_to_write(&self, now: Time) -> Option<Option<Time>> {
        let since = now - self.last_used_at;
        (since >= WRITE_USE_EVERY).then_some(if since >= DUTY_IDLE {
            Some(now)
        } else {
            self.rested_at
        })
    }

    /// Returns the time before which no authentication has a valid session: a sweep may delete those.
    pub fn dead_before(now: Time) -> Time {
        now - ABSOLUTE
    }
}

/// Returns `true` within five minutes of the authentication (SE-4).
pub fn is_recent(authenticated_at: Time, now: Time) -> bool {
    now - authenticated_at < RECENT
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(now: Time) -> Session {
        Session {
            id: SessionId::new("s"),
            sid: Sid::new("sid"),
            account: AccountId::new("a"),
            created_at: now,
            authenticated_at: now,
            second_factor: None,
            last_used_at: now,
            rested_at: None,
            cookie_due: false,
            user_agent: String::new(),
            network: String::new(),
        }
    }

    #[test]
    fn sessions_end_by_rest_and_by_age() {
        // SE-2
        let start = Time::UNIX_EPOCH;
        let mut session = session(start);
        assert!(session.is_alive(start + Duration::minutes(59)));
        assert!(!session.is_alive(start + Duration::minutes(60)));
        session.last_used_at = start + Duration::hours(12);
        assert!(!session.is_alive(start + Duration::hours(12)));
    }

    #[test]
    fn duty_asks_for_more_and_a_rest_is_remembered() {
        // SE-2
        let start = Time::UNIX_EPOCH;
        let mut session = session(start);
        let later = start + Duration::minutes(20);
        assert!(session.is_fit_for_duty(start + Duration::minutes(14)) && !session.is_fit_for_duty(later));
        session.rested_at = session.use_to_write(later).unwrap();
        session.last_used_at = later;
        assert!(!session.is_fit_for_duty(later + Duration::minutes(1)));
        session.authenticated_at = later + Duration::minutes(2);
        assert!(session.is_fit_for_duty(later + Duration::minutes(3)));
    }

    #[test]
    fn a_use_is_written_every_five_minutes() {
        // SE-2
        let session = session(Time::UNIX_EPOCH);
        assert_eq!(
            session.use_to_write(Time::UNIX_EPOCH + Duration::seconds(299)),
            None
        );
        assert_eq!(
            session.use_to_write(Time::UNIX_EPOCH + Duration::seconds(300)),
            Some(None)
        );
    }
}
