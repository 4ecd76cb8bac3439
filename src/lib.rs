//! ITU User Account: the account platform and OpenID Connect provider of the Union.
//!
//! Rooms are named in the order of the arrow: each may use those above it, never those below (ARCHITECTURE.md, "The
//! arrow").

// Tools serve every room; they use `domain`, and seven of them `storage`.
pub mod app;
pub mod audit;
pub mod breach_service;
pub mod certificates;
pub mod clock;
pub mod config;
pub mod documents;
pub mod fetch;
pub mod i18n;
pub mod jose;
pub mod keys;
pub mod limits;
pub mod mail;
pub mod passwords;
pub mod paths;
pub mod places;
pub mod proof_of_work;
pub mod random;
pub mod sealed;
pub mod signals;
pub mod tables;
pub mod telemetry;
pub mod templates;
pub mod webauthn;

// Rooms.
pub mod domain;
pub mod storage;
pub mod accounts;
pub mod affiliations;
pub mod oidc;
pub mod deployment;
pub mod http;

// Doors bring work in from outside, as `http` does; no room uses them.
pub mod cli;
#[cfg(feature = "demo")]
pub mod demo;
pub mod jobs;
#[cfg(feature = "testing")]
pub mod testing;
