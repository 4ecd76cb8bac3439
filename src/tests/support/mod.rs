//! What tests share: a database of their own, on the backend that the environment names.

mod database;

pub use database::{database, database_url};
