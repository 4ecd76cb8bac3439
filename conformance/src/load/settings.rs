//! The file that names the provider, a client of it and its people.

use crate::config;
use anyhow::{Context, Result};
use serde::Deserialize;
use std::path::Path;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// What the table calls it.
    #[serde(default)]
    pub name: String,
    pub issuer: String,
    pub client_id: String,
    pub client_secret: String,
    /// Nobody has to listen there.
    pub redirect_uri: String,
    pub scope: String,
    /// `{n}` counts from 0 to `user_count` - 1.
    pub user_email: String,
    /// All people have it.
    pub user_password: String,
    pub user_count: usize,
    #[serde(default)]
    pub client_credentials: Scope,
    #[serde(default)]
    pub refresh: Scope,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    pub scope: Option<String>,
}

impl Settings {
    pub fn read(path: &Path) -> Result<Self> {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        toml::from_str(&text).with_context(|| format!("in {}", path.display()))
    }

    pub fn client(&self) -> config::Client {
        config::Client {
            client_id: self.client_id.clone(),
            client_secret: self.client_secret.clone(),
            redirect_uri: self.redirect_uri.clone(),
            post_logout_redirect_uri: None,
        }
    }

    /// Returns the scope by which a refresh token comes.
    pub fn scope_of_refresh(&self) -> &str {
        self.refresh.scope.as_ref().unwrap_or(&self.scope)
    }

    /// Returns who the worker is. Several are the same person if there are fewer people.
    pub fn person(&self, worker: usize) -> config::User {
        let n = worker % self.user_count.max(1);
        config::User {
            login: self.user_email.replace("{n}", &n.to_string()),
            password: self.user_password.clone(),
            login_field: None,
            password_field: None,
        }
    }
}
