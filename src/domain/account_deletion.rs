//! The deletion of an account: it is announced, can be stopped for two weeks, and is carried out then.

use chrono::Duration;

use super::account::EmailAddress;
use super::{AccountId, Time};

/// The time for which the person can keep the account.
pub const GRACE: Duration = Duration::days(14);
/// The time before the end at which the person is reminded.
pub const REMINDER: Duration = Duration::days(3);

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountDeletion {
    pub account: AccountId,
    pub requested_at: Time,
    /// The time from which nothing stops it.
    pub delete_at: Time,
}

impl AccountDeletion {
    pub fn begun(account: &AccountId, now: Time) -> Self {
        Self {
            account: account.clone(),
            requested_at: now,
            delete_at: now + GRACE,
        }
    }

    pub fn can_be_stopped(&self, now: Time) -> bool {
        now < self.delete_at
    }
}

/// The link of one mail that stops a deletion.
#[derive(Clone, Debug)]
pub struct DeletionLink {
    pub account: AccountId,
    /// The address that the mail went to.
    pub email: EmailAddress,
    pub expires_at: Time,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_can_be_stopped_until_its_time_is_over() {
        let begun = AccountDeletion::begun(&AccountId::new("a"), Time::UNIX_EPOCH);
        assert!(begun.can_be_stopped(Time::UNIX_EPOCH + GRACE - Duration::seconds(1)));
        assert!(!begun.can_be_stopped(Time::UNIX_EPOCH + GRACE));
    }
}
