//! Rows in, domain out. Queries have names and join any transaction; nothing is decided here.

pub mod clients;
pub mod consents;
mod database;
mod entities;
pub mod events;
pub mod generations;
pub mod revocations;
pub mod tokens;

pub use database::{Database, IsBusy, OpenError};
