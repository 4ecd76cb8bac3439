//! The settings: defaults ← `itu-account.toml` ← `ITU_ACCOUNT__SECTION__KEY`, read once and typed.
//!
//! Unknown keys are refused, and all problems are reported together. `sample.toml` is the manual. Nothing else reads
//! the environment.

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
mod policy;
mod protocol;
mod secrets;
mod server;
mod settings;
mod store;

pub use duration::Rate;
pub use fetch::{Authority, Fetch};
pub use issuer::Issuer;
pub use limits::Limits;
pub use load::{FILE, Problems};
pub use mail::{Mail, Transport};
pub use mtls::Mtls;
pub use network::{ForwardingHeader, Network};
pub use people::{Accounts, Passwords, Sessions, Site};
pub use policy::Policy;
pub use protocol::{Authorization, Registration, RegistrationMode, Tokens};
pub use secrets::private_file;
pub use server::{LogFormat, Observability, Otlp, Tls};
pub use settings::Config;
pub use store::{Database, Keys, Migrate, Redis};

/// The output of `itu-account config sample`: every key with its default and its purpose.
pub const SAMPLE: &str = include_str!("sample.toml");
