//! The sea-orm models, private to storage.

pub mod event;
