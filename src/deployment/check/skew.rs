//! Judges how far two clocks are apart.

use chrono::TimeDelta;

use super::finding::Finding;
use crate::domain::Time;

/// What nobody notices; a header has whole seconds.
const UNNOTICED: TimeDelta = TimeDelta::seconds(5);
/// What services forgive at most when they verify a token.
const FORGIVEN: TimeDelta = TimeDelta::seconds(60);

/// Compares a clock that was read between `before` and `after` of ours.
pub(super) fn judge(whose: &str, theirs: Time, (before, after): (Time, Time)) -> Option<Finding> {
    let apart = if theirs < before {
        theirs - before
    } else if theirs > after {
        theirs - after
    } else {
        TimeDelta::zero()
    };
    if apart.abs() <= UNNOTICED {
        return None;
    }
    let seconds = apart.num_seconds().abs();
    let side = if apart > TimeDelta::zero() {
        "ahead of"
    } else {
        "behind"
    };
    let what = format!("the clock of {whose} is {seconds} s {side} the clock of this machine");
    let mend = "Have both machines follow the same time (chrony, or systemd-timesyncd)";
    Some(if apart.abs() > FORGIVEN {
        Finding::problem(
            format!("{what}: services refuse tokens of the future and of the past"),
            mend,
        )
    } else {
        Finding::hint(what, mend)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::from_unix;
    use crate::deployment::check::Severity;

    #[test]
    fn what_is_between_the_two_readings_is_right() {
        let at = |seconds: i64| from_unix(1_800_000_000 + seconds).expect("a time");
        let judged = |theirs| judge("it", at(theirs), (at(0), at(2))).map(|it| it.severity);
        assert_eq!([-5, 0, 1, 7].map(judged), [None; 4]);
        assert_eq!([-6, 8, 62, -60].map(judged), [Some(Severity::Hint); 4]);
        assert_eq!([-61, 63].map(judged), [Some(Severity::Problem); 2]);
        let text = judge("it", at(122), (at(0), at(2))).expect("a finding").what;
        assert!(text.starts_with("the clock of it is 120 s ahead of"), "{text}");
    }
}
