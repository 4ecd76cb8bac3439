//! The download of all that is held on a person: its stages, and for how long it is there.

use chrono::Duration;

use super::{AccountId, Time};

/// The time for which a file is there.
pub const KEPT: Duration = Duration::days(7);
/// The time for which one process has the building to itself; after it another tries again.
pub const CLAIM: Duration = Duration::minutes(2);
/// The attempts after which the building is given up.
pub const ATTEMPTS: i32 = 5;
/// The time after which a file that is there may be replaced.
pub const AGAIN: Duration = Duration::minutes(10);

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataDownload {
    pub account: AccountId,
    pub id: String,
    pub requested_at: Time,
    /// The times that the building was begun.
    pub attempts: i32,
    pub due_at: Option<Time>,
    pub ready_at: Option<Time>,
    pub failed_at: Option<Time>,
    pub expires_at: Option<Time>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Building,
    Ready { since: Time, until: Time },
    Expired,
    Failed,
}

impl DataDownload {
    pub fn stage(&self, now: Time) -> Stage {
        match (self.ready_at, self.expires_at) {
            (Some(since), Some(until)) if now < until => Stage::Ready { since, until },
            (Some(_), _) => Stage::Expired,
            (None, _) if self.failed_at.is_some() => Stage::Failed,
            (None, _) => Stage::Building,
        }
    }

    /// Returns the time from which a new one may be requested, if that is not yet.
    pub fn wait(&self, now: Time) -> Option<Duration> {
        let again = self.requested_at + AGAIN;
        let is_there = matches!(self.stage(now), Stage::Ready { .. });
        (is_there && now < again).then(|| again - now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requested() -> DataDownload {
        DataDownload {
            account: AccountId::new("a"),
            id: "d".into(),
            requested_at: Time::UNIX_EPOCH,
            attempts: 0,
            due_at: Some(Time::UNIX_EPOCH),
            ready_at: None,
            failed_at: None,
            expires_at: None,
        }
    }

    #[test]
    fn a_file_is_built_there_and_gone() {
        let at = Time::UNIX_EPOCH;
        let mut download = requested();
        assert_eq!(download.stage(at), Stage::Building);
        assert_eq!(download.wait(at), None);
        download.ready_at = Some(at);
        download.expires_at = Some(at + KEPT);
        assert_eq!(
            download.stage(at),
            Stage::Ready {
                since: at,
                until: at + KEPT
            }
        );
        assert_eq!(download.wait(at), Some(AGAIN));
        assert_eq!(download.wait(at + AGAIN), None);
        assert_eq!(download.stage(at + KEPT), Stage::Expired);
    }

    #[test]
    fn what_was_given_up_has_failed() {
        let download = DataDownload {
            failed_at: Some(Time::UNIX_EPOCH),
            due_at: None,
            ..requested()
        };
        assert_eq!(download.stage(Time::UNIX_EPOCH), Stage::Failed);
        assert_eq!(download.wait(Time::UNIX_EPOCH), None);
    }
}
