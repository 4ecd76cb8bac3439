//! The settings of a check: clients that were registered by hand, a person who may log in, and the names of form fields
//! where they are unusual. See `plans/itu-account-check.toml` for a commented example.

use anyhow::{Context, Result};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub user: Option<User>,
    pub client: Option<Client>,
    pub client2: Option<Client>,
    pub client_secret_post: Option<Client>,
    pub site: Option<Site>,
    pub fapi: Option<Fapi>,
    pub ciba: Option<Ciba>,
    #[serde(default)]
    pub registration: Registration,
    #[serde(default)]
    pub server: Server,
}

/// The address at which the checker shows documents to the provider.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Site {
    pub listen: String,
    /// The address at which the provider reaches the site.
    pub url: String,
    /// A certificate in PEM. The site speaks plain http if there is none, which few providers accept.
    pub certificate: Option<PathBuf>,
    pub key: Option<PathBuf>,
}

/// Two clients, and the `client_id` of each for each way to authenticate and to bind tokens.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fapi {
    pub first: FapiActor,
    pub second: FapiActor,
    /// `"private_key_jwt dpop" = ["first's client_id", "second's client_id"]`
    #[serde(default)]
    pub clients: BTreeMap<String, [String; 2]>,
    /// The clients whose requests and responses are signed.
    #[serde(default)]
    pub signing_clients: BTreeMap<String, [String; 2]>,
    /// The clients that use client credentials.
    #[serde(default)]
    pub machines: BTreeMap<String, [String; 2]>,
    pub certificates: Option<FapiCertificates>,
    /// The resource that the tokens are for; by default userinfo.
    pub resource: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FapiActor {
    /// A private key as a JWK.
    pub key: String,
    pub redirect_uri: String,
}

/// The settings of CIBA, beside those of FAPI.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ciba {
    /// The page of the provider where the person decides about what waits for them.
    pub approval_page: Option<String>,
    /// `"private_key_jwt poll" = ["first's client_id", "second's client_id"]`
    pub clients: BTreeMap<String, [String; 2]>,
}

/// Certificates for mutual TLS, each in PEM with its key.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FapiCertificates {
    pub first: PathBuf,
    pub second: PathBuf,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Registration {
    /// Needed where not everybody may register clients.
    pub initial_access_token: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    pub login: String,
    pub password: String,
    /// Name the form fields of pages where their type does not identify them.
    pub login_field: Option<String>,
    pub password_field: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Client {
    pub client_id: String,
    pub client_secret: String,
    pub redirect_uri: String,
    pub post_logout_redirect_uri: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    pub login_hint: Option<String>,
    pub ui_locales: Option<String>,
    /// Seconds until a provider is expected to have fetched a client's new key; the suite's default is 60.
    pub jwks_refresh_delay: Option<u64>,
    pub allow_unexpected_metadata_fields: Vec<String>,
}

impl Config {
    pub fn read(path: &Path) -> Result<Self> {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        toml::from_str(&text).with_context(|| format!("in {}", path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_is_valid() {
        let config: Config = toml::from_str(include_str!("../plans/itu-account-check.toml")).unwrap();
        assert!(config.user.is_some() && config.client2.is_some() && config.client_secret_post.is_some());
    }
}
