//! The sea-orm models, private to storage.

pub mod event;
pub mod refresh_token;
pub mod revocation;
