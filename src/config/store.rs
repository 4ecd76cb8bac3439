//! `[database]`, `[redis]`, `[keys]`: where the state of the service is kept.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::{duration, secrets};
use crate::domain::secret::Secret;

const DEFAULT_URL: &str = "sqlite://data/itu-account.db";

/// `[database]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Database {
    url: Option<Secret>,
    url_file: Option<PathBuf>,
    /// Says whether `serve` brings the database up to date itself.
    pub migrate: Migrate,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Migrate {
    #[default]
    Start,
    Manual,
}

impl Database {
    pub fn at(url: impl Into<String>) -> Self {
        Self {
            url: Some(Secret::new(url)),
            ..Self::default()
        }
    }

    /// Returns the URL, which may hold a password.
    pub fn url(&self) -> &str {
        self.url.as_ref().map_or(DEFAULT_URL, Secret::expose)
    }

    pub(super) fn resolve(&mut self) -> Vec<String> {
        let mut problems = secrets::resolve("[database] url", &mut self.url, self.url_file.as_ref());
        self.url.get_or_insert_with(|| Secret::new(DEFAULT_URL));
        if !["sqlite:", "postgres://", "postgresql://"]
            .iter()
            .any(|it| self.url().starts_with(it))
        {
            problems.push("[database] url begins with sqlite:// or postgres://".into());
        }
        problems
    }

    pub(super) fn holds_secret(&self) -> bool {
        self.url_file.is_none() && self.url.as_ref().is_some_and(secrets::has_password)
    }
}

/// What the URL of `[redis]` begins with: one server, a cluster, or the sentinels that know the master.
const REDIS_SCHEMES: [&str; 7] = [
    "redis",
    "rediss",
    "redis+unix",
    "redis+cluster",
    "rediss+cluster",
    "redis+sentinel",
    "rediss+sentinel",
];

/// `[redis]`: absent for a single node, which has the ephemeral store in its process.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Redis {
    pub url: Option<Secret>,
    url_file: Option<PathBuf>,
    /// The beginning of our keys, for a Redis that others use too.
    pub prefix: String,
}

impl Default for Redis {
    fn default() -> Self {
        Self {
            url: None,
            url_file: None,
            prefix: "itu-account".into(),
        }
    }
}

impl Redis {
    pub fn at(url: impl Into<String>, prefix: impl Into<String>) -> Self {
        Self {
            url: Some(Secret::new(url)),
            url_file: None,
            prefix: prefix.into(),
        }
    }

    pub(super) fn resolve(&mut self) -> Vec<String> {
        let mut problems = secrets::resolve("[redis] url", &mut self.url, self.url_file.as_ref());
        if let Some(url) = &self.url
            && !REDIS_SCHEMES.iter().any(|it| {
                url.expose()
                    .split_once("://")
                    .is_some_and(|(scheme, _)| scheme == *it)
            })
        {
            let schemes = REDIS_SCHEMES.map(|it| format!("{it}://")).join(", ");
            problems.push(format!("[redis] url begins with one of {schemes}"));
        }
        problems
    }

    pub(super) fn holds_secret(&self) -> bool {
        self.url_file.is_none() && self.url.as_ref().is_some_and(secrets::has_password)
    }
}

/// `[keys]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Keys {
    pub directory: PathBuf,
    pub master_key_file: Option<PathBuf>,
    pub rsa_bits: u32,
    /// The time for which a key signs before the next one takes over.
    #[serde(deserialize_with = "duration::deserialize")]
    pub rotate_every: Duration,
    /// The time for which a key is published before it signs, and again after its last token has expired.
    #[serde(deserialize_with = "duration::deserialize")]
    pub announce: Duration,
}

impl Default for Keys {
    fn default() -> Self {
        Self {
            directory: "keys".into(),
            master_key_file: None,
            rsa_bits: 2048,
            rotate_every: Duration::from_hours(90 * 24),
            announce: Duration::from_hours(24),
        }
    }
}

impl Keys {
    pub fn master_key_file(&self) -> PathBuf {
        self.master_key_file
            .clone()
            .unwrap_or_else(|| self.directory.join("master.key"))
    }

    pub(super) fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if ![2048, 3072, 4096].contains(&self.rsa_bits) {
            problems.push("[keys] rsa_bits is 2048, 3072 or 4096".into()); // JW-6
        }
        if self.rotate_every < Duration::from_hours(48) || self.announce < Duration::from_hours(1) {
            problems.push("[keys] rotate_every is 2d or more, announce 1h or more".into());
        }
        problems
    }
}
