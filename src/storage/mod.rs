//! Rows in, domain out. Queries have names and join any transaction; nothing is decided here.

pub mod accounts;
pub mod affiliations;
pub mod authentication_requests;
pub mod clients;
pub mod consents;
mod database;
pub mod email_codes;
mod entities;
pub mod ephemeral;
pub mod events;
pub mod focal_points;
pub mod generations;
pub mod login_throttles;
pub mod membership_types;
pub mod organizations;
pub mod outbox;
pub mod passkeys;
pub mod password_resets;
pub mod pending_signups;
pub mod people;
pub mod registrations;
pub mod revocations;
pub mod second_factors;
pub mod session_clients;
pub mod sessions;
pub mod signing_keys;
pub mod standing;
pub mod terms;
pub mod ties;
pub mod tokens;
pub mod waiting;

pub use database::{Database, IsBusy, OpenError};

/// A row that our own code cannot have written.
fn corrupt(table: &str, id: &str) -> sea_orm::DbErr {
    sea_orm::DbErr::Custom(format!("{table}: the row {id} cannot be read"))
}
