//! The sea-orm models, private to storage.

pub mod client;
pub mod client_secret;
pub mod consent;
pub mod event;
pub mod generation;
pub mod refresh_token;
pub mod revocation;
