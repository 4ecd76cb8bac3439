//! A black-box checker for OpenID providers. It is given an issuer's URL only, acts as browser and relying party, and
//! reports under the module names of the OpenID Foundation's conformance suite. `main.rs` and `bin/foundation_suite.rs`
//! read the command lines.

mod browser;
pub mod check;
mod checks;
mod client;
mod config;
mod fapi;
mod html;
mod http;
mod journey;
pub mod load;
mod login;
mod module;
mod modules;
mod plans;
mod provider;
mod registration;
mod relying_party;
mod report;
mod run;
mod runner;
mod selection;
mod site;
mod sign_up;
pub mod suite;
#[cfg(test)]
mod tests;
pub mod timing;
mod tls;
mod variant;
