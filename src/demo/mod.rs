//! The product on one machine: sample people and organizations, three relying parties, and the outbox page. Only
//! `cli/demo.rs` imports it. None of it runs in production.

pub mod outbox;
pub mod relying_party;
pub mod seed;
pub mod services;
pub mod settings;
