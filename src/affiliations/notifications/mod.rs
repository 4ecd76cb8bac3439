//! The mails of this room: to those who decide, about requests that are new or wait too long, and to the person, about
//! what became of a request. Each is written in the transaction of its cause (security.md ST-2). Their texts are in
//! `templates`.

pub(super) mod deciders;
pub(super) mod digests;
pub(super) mod offices;
pub(super) mod person;
mod reminders;
mod weekly_digest;

pub use digests::send_digests;
pub use reminders::remind;
pub use weekly_digest::send_weekly_digests;
