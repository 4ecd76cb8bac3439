//! ITU User Account: the account platform and OpenID Connect provider of the Union.
//!
//! The rooms are named in the order of the arrow: each may use those above it, never those below.

// Tools serve every room and depend on none.
pub mod app;
pub mod audit;
pub mod certificates;
pub mod clock;
pub mod config;
pub mod fetch;
pub mod passwords;
pub mod i18n;
pub mod jose;
pub mod keys;
pub mod limits;
pub mod mail;
pub mod paths;
pub mod random;
pub mod sealed;
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
pub mod http;
pub mod cli;
pub mod jobs;

// The demo: a user of everything above.
#[cfg(feature = "demo")]
pub mod demo;

// For tests alone.
#[cfg(feature = "testing")]
pub mod testing;
