//! The product on one machine: sample people, organizations, three relying parties, and the outbox
//! page. Only `cli/demo.rs` imports it; nothing of it runs in production.

pub mod outbox;
pub mod relying_party;
pub mod seed;
pub mod services;
pub mod settings;
