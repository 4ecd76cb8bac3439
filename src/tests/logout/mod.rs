//! A logout through the front door: where it leads, and which services hear of it. Whom it logs out is tested in
//! `tokens/rp_initiated_logout.rs`.

mod destinations;
mod notifications;
