//! Turns rows into domain values and back. A query is a function with a name that joins any transaction. Nothing is
//! decided here.

pub mod acceptance_counts;
pub mod acceptances;
pub mod account_changes;
pub mod account_deletions;
pub mod account_search;
pub mod account_views;
pub mod account_words;
pub mod accounts;
pub mod affiliations;
pub mod assisted_recoveries;
pub mod authentication_requests;
pub mod backlog;
pub mod batches;
mod busy;
pub mod cache_versions;
pub mod client_counts;
pub mod client_dependents;
pub mod client_owners;
pub mod client_registrations;
pub mod clients;
mod connection;
pub mod consents;
pub mod copies;
pub mod daily_counts;
pub mod data_downloads;
mod database;
pub mod deletion_links;
pub mod deputies;
mod direct;
pub mod email_changes;
pub mod email_codes;
mod entities;
pub mod erasure;
pub mod ephemeral;
pub mod event_deliveries;
pub mod event_receivers;
pub mod event_seals;
pub mod events;
pub mod focal_points;
pub mod former_addresses;
pub mod global_revocations;
pub mod imported_accounts;
pub mod imported_addresses;
pub mod invitations;
pub mod issued_until;
pub mod login_throttles;
pub mod membership_claims;
pub mod membership_types;
pub mod migrations;
pub mod newsletter_subscribers;
pub mod newsletter_subscriptions;
pub mod not_me_links;
pub mod offices;
pub mod organizations;
pub mod outbox;
pub mod outgoing_mails;
pub mod passkey_offers;
pub mod passkeys;
pub mod password_resets;
pub mod pending_requests;
pub mod pending_signups;
pub mod personal_data;
pub mod published_documents;
pub mod refresh_tokens;
pub mod revocations;
pub mod roster;
pub mod schema;
pub mod scim_resources;
pub mod scim_targets;
pub mod second_factor_deadlines;
pub mod second_factors;
pub mod service_uses;
pub mod session_clients;
pub mod sessions;
pub mod standings;
pub mod signing_keys;
#[cfg(feature = "testing")]
pub mod statements;
pub mod suspensions;
pub mod ties;
mod traced;
pub mod visible_accounts;
pub mod weekly_digests;
mod writer;

use sea_orm::ColumnTrait;
use sea_orm::sea_query::{Expr, ExprTrait};

pub use busy::{IsBusy, is_away};
pub use connection::{Connection, Transaction};
pub use database::{Database, Look, OpenError};
pub use direct::Reads;

/// Writes a value into the text of a statement in place of binding it. A partial index is used only if its condition is
/// in the text when the statement is prepared.
fn constant(text: &'static str) -> Expr {
    Expr::Constant(text.into())
}

fn is(column: impl ColumnTrait, value: &'static str) -> Expr {
    column.into_expr().eq(constant(value))
}

/// Returns the error for a row that our own code cannot have written.
fn corrupt(table: &str, id: &str) -> sea_orm::DbErr {
    sea_orm::DbErr::Custom(format!("{table}: the row {id} cannot be read"))
}
