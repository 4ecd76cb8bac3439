//! What the overview of administrators counts by day, in UTC: entries of the audit trail of one kind. Each number is kept
//! for its day as far as it was counted; `audit::daily_counts` counts on.

use chrono::{Duration, NaiveDate, NaiveTime};

use super::Time;
use super::event::Action;
use super::organization::words;

/// The days that the overview shows.
pub const DAYS: i64 = 30;
/// The time after which no entry is written with an earlier time any more: a unit of work has its time from its beginning.
pub const SETTLED_AFTER: Duration = Duration::minutes(15);

words! {
    /// What is counted.
    Counted {
        SignUps = "sign_ups",
        Logins = "logins",
        FailedLogins = "failed_logins",
        /// Authorization requests that were refused.
        RefusedRequests = "refused_requests",
        /// Failed client authentications.
        FailedClients = "failed_clients",
    }
}

impl Counted {
    /// Returns the entries of the trail that are counted.
    pub const fn action(self) -> Action {
        match self {
            Self::SignUps => Action::SignUpCompleted,
            Self::Logins => Action::SignIn,
            Self::FailedLogins => Action::SignInFailed,
            Self::RefusedRequests => Action::AuthorizationRefused,
            Self::FailedClients => Action::ClientAuthenticationFailed,
        }
    }
}

/// The number of a day, as far as it was counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DailyCount {
    pub kind: Counted,
    pub day: NaiveDate,
    pub number: u64,
    pub until: Time,
}

impl DailyCount {
    /// Begins a day.
    pub fn new(kind: Counted, day: NaiveDate) -> Self {
        Self {
            kind,
            day,
            number: 0,
            until: begin(day),
        }
    }

    /// Returns the time up to which it can be counted on now: not beyond its day, and only what is settled. `None` if that
    /// is done.
    pub fn next(&self, now: Time) -> Option<Time> {
        let next = begin(after(self.day)).min(now - SETTLED_AFTER);
        (next > self.until).then_some(next)
    }

    /// Returns `true` if nothing of its day is left to be counted.
    pub fn is_complete(&self) -> bool {
        self.until >= begin(after(self.day))
    }
}

/// Returns the first moment of a day.
pub fn begin(day: NaiveDate) -> Time {
    day.and_time(NaiveTime::MIN).and_utc()
}

/// Returns the next day. The last day of the calendar is its own next.
pub fn after(day: NaiveDate) -> NaiveDate {
    day.succ_opt().unwrap_or(day)
}

/// Returns the first of the days that are shown on a day.
pub fn first_shown(today: NaiveDate) -> NaiveDate {
    today - Duration::days(DAYS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Time {
        text.parse().expect("a time")
    }

    #[test]
    fn a_day_is_counted_as_far_as_it_is_settled() {
        let day = NaiveDate::from_ymd_opt(2026, 11, 30).expect("a day");
        let count = DailyCount::new(Counted::Logins, day);
        assert_eq!(count.next(at("2026-11-30T00:15:00Z")), None);
        let noon = at("2026-11-30T12:00:00Z");
        assert_eq!(count.next(noon), Some(at("2026-11-30T11:45:00Z")));
        let end = at("2026-12-01T00:00:00Z");
        assert_eq!(count.next(at("2026-12-02T00:00:00Z")), Some(end));
        let counted = DailyCount { until: end, ..count };
        assert!(counted.is_complete() && counted.next(at("2026-12-02T00:00:00Z")).is_none());
    }

    #[test]
    fn thirty_days_are_shown() {
        let day = |text: &str| text.parse::<NaiveDate>().expect("a day");
        assert_eq!(first_shown(day("2026-11-30")), day("2026-11-01"));
    }
}
