//! The settings: defaults ← `itu-account.toml` ← `ITU_ACCOUNT__SECTION__KEY`, read once and typed.
//!
//! Unknown keys are refused, and every problem is told at once (house-style.md). `sample.toml` is the
//! manual. Nobody else reads the environment.

pub mod duration;
mod environment;
mod fetch;
mod issuer;
mod limits;
mod load;
mod mail;
mod mtls;
pub mod network;
mod people;
mod protocol;
mod secrets;
mod server;
mod settings;
mod store;

pub use duration::Rate;
pub use fetch::{Authority, Fetch};
pub use issuer::Issuer;
pub use limits::Limits;
pub use load::Problems;
pub use mail::{Mail, Transport};
pub use mtls::Mtls;
pub use network::{ForwardingHeader, Network};
pub use people::{Accounts, Passwords, Sessions, Site};
pub use protocol::{Authorization, Registration, RegistrationMode, Tokens};
pub use secrets::private_file;
pub use server::{LogFormat, Observability, Tls};
pub use settings::Config;
pub use store::{Database, Keys, Migrate, Redis};

/// What `itu-account config sample` prints: every key with its default and what it is for.
pub const SAMPLE: &str = include_str!("sample.toml");
