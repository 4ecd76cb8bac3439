//! A change of an account's e-mail address: it waits for the code that was mailed to the new address, and can be undone
//! from the old one for some days afterwards (security.md SU-7).

use chrono::Duration;

use super::account::EmailAddress;
use super::{AccountId, Time};

/// The time for which a change waits for its code, as a sign-up does (SU-5).
pub const KEPT: Duration = Duration::hours(24);
/// The time for which the old address can undo the change.
pub const UNDO: Duration = Duration::hours(72);

#[derive(Clone, Debug)]
pub struct EmailChange {
    pub id: String,
    pub account: AccountId,
    pub old: EmailAddress,
    pub new: EmailAddress,
    /// `true` if the new address had an account when its code was requested: no code completes this change.
    pub taken: bool,
    pub requested_at: Time,
    /// The time at which the code was entered, or `None` while the change is pending.
    pub changed_at: Option<Time>,
    /// The time until which the code is awaited; afterwards, until which the change can be undone.
    pub expires_at: Time,
}

impl EmailChange {
    /// Returns the time from which the new address counts.
    pub fn since(&self) -> Time {
        self.changed_at.unwrap_or(self.requested_at)
    }
}
