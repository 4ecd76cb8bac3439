//! Rows in, domain out. Queries have names and join any transaction; nothing is decided here.

mod database;
mod entities;
pub mod events;
pub mod revocations;
pub mod tokens;

pub use database::{Database, IsBusy, OpenError};
