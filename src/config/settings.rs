//! Holds all settings of a process, typed: one field for each section. `load` fills it, `App` hands it to the rooms.

use std::net::SocketAddr;
use std::path::Path;

use super::fetch::Fetch;
use super::issuer::Issuer;
use super::limits::Limits;
use super::mail::Mail;
use super::mtls::Mtls;
use super::network::{ForwardingHeader, Network};
use super::people::{Accounts, Passwords, Sessions, Site};
use super::policy::Policy;
use super::protocol::{Authorization, Registration, Tokens};
use super::server::{Observability, Tls};
use super::store::{Database, Keys, Redis};

#[derive(Clone, Debug)]
pub struct Config {
    pub issuer: Issuer,
    pub listen: SocketAddr,
    /// Proxies whose forwarding headers count (security.md TL-2).
    pub trusted_proxies: Vec<Network>,
    /// The headers in which they name their client. Two that come together must agree.
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
    pub policy: Policy,
    pub limits: Limits,
    pub site: Site,
    pub observability: Observability,
}

impl Config {
    /// Returns settings for loopback with everything below one directory, for the demo and for tests.
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
            policy: Policy::default(),
            limits: Limits::default(),
            site: Site::default(),
            observability: Observability::default(),
        }
    }

    /// Returns the networks that limits by client network do not apply to (security.md G-15).
    pub fn trusted_networks(&self) -> Vec<Network> {
        match &self.limits.trusted_networks {
            Some(networks) => networks.clone(),
            None if self.issuer.is_loopback() => Network::LOOPBACK.to_vec(),
            None => Vec::new(),
        }
    }
}
