//! Tests through the front door, grouped by specification and by journey.

mod browser;
pub mod support;
