//! Tests a logout through the front door: where it leads, and which services are notified.
//! `tokens/rp_initiated_logout.rs` tests which person is logged out.

mod destinations;
mod notifications;
