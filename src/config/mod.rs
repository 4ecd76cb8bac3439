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
mod store;

use std::net::SocketAddr;
use std::path::Path;

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
pub use store::{Database, Keys, Migrate, Redis};

/// What `itu-account config sample` prints: every key with its default and what it is for.
pub const SAMPLE: &str = include_str!("sample.toml");

#[derive(Clone, Debug)]
pub struct Config {
    pub issuer: Issuer,
    pub listen: SocketAddr,
    /// Proxies whose forwarding headers count (security.md TL-2).
    pub trusted_proxies: Vec<Network>,
    /// In which headers they tell their client; two that come together must agree.
    pub forwarding_headers: Vec<ForwardingHeader>,
    pub tls: Tls,
    pub mtls: Mtls,
    pub database: Database,
    pub redis: Redis,
    pub mail: Mail,
    pub keys: Keys,
    pub authorization: Authorization,
    pub registration: Registration,
    pub fetch: Fetch,
    pub tokens: Tokens,
    pub accounts: Accounts,
    pub sessions: Sessions,
    pub passwords: Passwords,
    pub limits: Limits,
    pub site: Site,
    pub observability: Observability,
}

impl Config {
    /// Reads the file (without one: `itu-account.toml`, if it is there) and the environment.
    pub fn load(file: Option<&Path>) -> Result<Self, Problems> {
        load::load(file)
    }

    /// Everything below one directory, on loopback: for the demo and for tests.
    pub fn local(issuer: Issuer, listen: SocketAddr, directory: &Path) -> Self {
        Self {
            issuer,
            listen,
            trusted_proxies: Vec::new(),
            forwarding_headers: ForwardingHeader::ALL.to_vec(),
            tls: Tls::default(),
            mtls: Mtls::default(),
            database: Database::at(format!("sqlite://{}", directory.join("itu-account.db").display())),
            redis: Redis::default(),
            mail: Mail {
                directory: directory.join("outbox"),
                ..Mail::default()
            },
            keys: Keys {
                directory: directory.join("keys"),
                ..Keys::default()
            },
            authorization: Authorization::default(),
            registration: Registration::default(),
            fetch: Fetch::default(),
            tokens: Tokens::default(),
            accounts: Accounts::default(),
            sessions: Sessions::default(),
            passwords: Passwords::default(),
            limits: Limits::default(),
            site: Site::default(),
            observability: Observability::default(),
        }
    }

    /// Networks that limits by client network do not apply to (security.md G-15).
    pub fn trusted_networks(&self) -> Vec<Network> {
        match &self.limits.trusted_networks {
            Some(it) => it.clone(),
            None if self.issuer.is_loopback() => Network::LOOPBACK.to_vec(),
            None => Vec::new(),
        }
    }
}
