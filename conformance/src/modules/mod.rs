//! The modules, one folder or file for each profile. Each lists its modules in a table under the suite's names;
//! `plans.rs` puts the tables into plans.

pub mod basic;
pub mod channel_logout;
pub mod config;
pub mod dynamic;
pub mod fapi;
pub mod rp_initiated_logout;
pub mod session_management;
