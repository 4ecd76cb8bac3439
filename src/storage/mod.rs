//! Rows in, domain out. Queries have names and join any transaction; nothing is decided here.

pub mod accounts;
pub mod clients;
pub mod consents;
mod database;
pub mod email_codes;
mod entities;
pub mod ephemeral;
pub mod events;
pub mod generations;
pub mod login_throttles;
pub mod outbox;
pub mod password_resets;
pub mod pending_signups;
pub mod revocations;
pub mod sessions;
pub mod signing_keys;
pub mod terms;
pub mod tokens;

pub use database::{Database, IsBusy, OpenError};
