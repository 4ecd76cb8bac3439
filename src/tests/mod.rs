//! Tests through the front door, grouped by specification and by journey.

mod affiliations;
mod browser;
pub mod support;
mod tokens;
