//! Slows down logins after failures (security.md PW-4). One counter per account key for
//! strangers and one per browser that signed in before, so that nobody locks an owner out.

use chrono::Duration;

use super::{Error, Result};
use crate::app::Tx;
use crate::domain::Time;
use crate::storage::login_throttles::{self, Throttle};

/// Failures that are free of waiting.
pub(super) const FREE: i32 = 5;
/// NIST SP 800-63B §3.2.2: after these consecutive failures only a reset helps.
pub(super) const STOPPED: i32 = 100;
const LONGEST: Duration = Duration::minutes(15);

/// Returns the counter of an account key: for strangers, or for one browser that signed in before.
pub(super) fn key(address: &str, browser: Option<&str>) -> String {
    match browser {
        None => format!("a:{address}"),
        Some(browser) => format!("b:{browser}:{address}"),
    }
}

/// Returns the wait that the `failures`-th failure brings: 30 s after five, doubling to 15 minutes.
fn wait(failures: i32) -> Option<Duration> {
    let over = u32::try_from(failures - FREE).ok()?;
    Some(Duration::seconds(30 << over.min(10)).min(LONGEST))
}

/// Refuses while the counter waits. Returns `true` if it has stopped for good, which no answer reveals.
pub(super) fn check(throttle: Throttle, now: Time) -> Result<bool> {
    match throttle.blocked_until.filter(|until| *until > now) {
        Some(until) => Err(Error::Throttled {
            retry_after: until - now,
        }),
        None => Ok(throttle.failures >= STOPPED),
    }
}

/// A failure that was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counted {
    /// The failure brought no wait, and `left` further ones bring none.
    Free { left: u64 },
    /// The failure brought a wait, as the `failures`-th in a row.
    Blocked { failures: i32 },
}

impl Counted {
    /// Returns `None` if the failure brought no wait.
    pub(super) const fn failures(self) -> Option<i32> {
        match self {
            Self::Free { .. } => None,
            Self::Blocked { failures } => Some(failures),
        }
    }

    pub(super) const fn left(self) -> u64 {
        match self {
            Self::Free { left } => left,
            Self::Blocked { .. } => 0,
        }
    }
}

/// Counts a failure, and blocks the counter for the wait that it brings.
pub(super) async fn count(tx: &Tx, key: &str) -> Result<Counted> {
    let failures = login_throttles::count_failure(tx, key, tx.now()).await?.failures;
    let Some(wait) = wait(failures) else {
        let left = u64::try_from(FREE - failures).unwrap_or_default();
        return Ok(Counted::Free { left });
    };
    login_throttles::update_blocked(tx, key, tx.now() + wait).await?;
    Ok(Counted::Blocked { failures })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_to_a_quarter_of_an_hour() {
        // PW-4
        assert_eq!(wait(4), None);
        assert_eq!(wait(5), Some(Duration::seconds(30)));
        assert_eq!(wait(6), Some(Duration::seconds(60)));
        assert_eq!(wait(10), Some(LONGEST));
        assert_eq!(wait(i32::MAX), Some(LONGEST));
    }

    #[test]
    fn a_stopped_counter_looks_like_a_wrong_password() {
        // PW-3, PW-4
        let now = Time::UNIX_EPOCH;
        let stopped = Throttle {
            failures: STOPPED,
            blocked_until: Some(now),
        };
        assert!(check(stopped, now).unwrap());
        assert!(!check(Throttle::default(), now).unwrap());
        let waiting = Throttle {
            failures: 5,
            blocked_until: Some(now + Duration::seconds(9)),
        };
        assert!(
            matches!(check(waiting, now), Err(Error::Throttled { retry_after }) if retry_after.num_seconds() == 9)
        );
    }
}
