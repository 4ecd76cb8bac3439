//! The product on one machine: sample people and organizations, three relying parties, the outbox page and the page of
//! components. Only `cli/demo.rs` imports it. None of it runs in production.

pub mod components;
mod mails;
pub mod outbox;
pub mod relying_party;
pub mod seed;
pub mod services;
pub mod settings;
