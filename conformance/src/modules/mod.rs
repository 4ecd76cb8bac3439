//! The modules, one function each, named after the suite's.

pub mod basic;
pub mod channel_logout;
pub mod config;
pub mod dynamic;
pub mod fapi;
pub mod rp_initiated_logout;
pub mod session_management;
