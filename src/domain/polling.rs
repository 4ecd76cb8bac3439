//! The interval of polling: the time after which a client may ask again whether a person has decided (RFC 8628 §3.5,
//! CIBA §7.3, §11).

use chrono::Duration;

use super::Time;

/// The wait between two polls at first, and the addition for each one that comes too soon.
pub const INTERVAL: Duration = Duration::seconds(5);

/// The longest interval: nothing that a client waits for is valid longer.
const LONGEST: Duration = Duration::minutes(10);

/// The interval of one client, and the time of its next poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PollingInterval {
    /// The interval in seconds.
    interval: i64,
    /// The time before which a poll is too early.
    not_before: Time,
}

impl PollingInterval {
    /// Returns the interval after the first poll, which may come at any time.
    pub fn begun(now: Time) -> Self {
        Self {
            interval: INTERVAL.num_seconds(),
            not_before: now + INTERVAL,
        }
    }

    /// Returns the interval after one more poll, and whether it came in time. After one that came too early, this and
    /// all that follow wait longer (RFC 8628 §3.5, `slow_down`).
    pub fn polled(self, now: Time) -> (Self, bool) {
        let in_time = now >= self.not_before;
        let interval = if in_time {
            self.interval
        } else {
            self.interval.saturating_add(INTERVAL.num_seconds())
        };
        let wait = Duration::seconds(interval).min(LONGEST);
        let next = Self {
            interval: wait.num_seconds(),
            not_before: now + wait,
        };
        (next, in_time)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn who_keeps_the_pace_is_never_slowed_and_who_does_not_always_is(
            waits in prop::collection::vec(0_i64..40, 1..60),
        ) {
            let mut now = Time::UNIX_EPOCH;
            let mut polling = PollingInterval::begun(now);
            let mut interval = 5;
            for wait in waits {
                now += Duration::seconds(wait);
                let (next, in_time) = polling.polled(now);
                prop_assert_eq!(in_time, wait >= interval);
                if !in_time {
                    interval = (interval + 5).min(600); // RFC 8628 §3.5
                }
                polling = next;
            }
        }
    }
}
