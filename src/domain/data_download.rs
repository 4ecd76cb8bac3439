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

/// What became of the last request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Building,
    Ready,
    Expired,
    Failed,
}

/// A file that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct File {
    pub since: Time,
    pub until: Time,
}

impl DataDownload {
    /// Returns the file, which is that of an earlier request while a new one is being built, or has failed.
    pub fn file(&self, now: Time) -> Option<File> {
        let (since, until) = (self.ready_at?, self.expires_at?);
        (now < until).then_some(File { since, until })
    }

    pub fn stage(&self, now: Time) -> Stage {
        if self.due_at.is_some() {
            Stage::Building
        } else if self.failed_at.is_some() {
            Stage::Failed
        } else if self.file(now).is_some() {
            Stage::Ready
        } else {
            Stage::Expired
        }
    }

    /// Returns the time from which a new one may be requested, if that is not yet.
    pub fn wait(&self, now: Time) -> Option<Duration> {
        let again = self.requested_at + AGAIN;
        (self.stage(now) == Stage::Ready && now < again).then(|| again - now)
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
        assert_eq!((download.stage(at), download.file(at)), (Stage::Building, None));
        assert_eq!(download.wait(at), None);
        download.due_at = None;
        download.ready_at = Some(at);
        download.expires_at = Some(at + KEPT);
        let file = Some(File {
            since: at,
            until: at + KEPT,
        });
        assert_eq!((download.stage(at), download.file(at)), (Stage::Ready, file));
        assert_eq!(download.wait(at), Some(AGAIN));
        assert_eq!(download.wait(at + AGAIN), None);
        // It stays while another is built, and if that fails.
        download.due_at = Some(at);
        assert_eq!((download.stage(at), download.file(at)), (Stage::Building, file));
        download.due_at = None;
        download.failed_at = Some(at);
        assert_eq!((download.stage(at), download.file(at)), (Stage::Failed, file));
        assert_eq!(download.wait(at), None);
        download.failed_at = None;
        let end = at + KEPT;
        assert_eq!((download.stage(end), download.file(end)), (Stage::Expired, None));
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
