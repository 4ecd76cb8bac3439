//! `[tls]`, `[observability]`: the way in which the service listens, and the data that its operator sees.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;

/// `[tls]`: both files, or neither with a proxy in front.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    pub certificate: Option<PathBuf>,
    pub key: Option<PathBuf>,
}

impl Tls {
    /// Returns the files of certificate and key, if TLS ends here.
    pub fn files(&self) -> Option<(&std::path::Path, &std::path::Path)> {
        Some((self.certificate.as_deref()?, self.key.as_deref()?))
    }

    pub(super) fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if self.certificate.is_some() != self.key.is_some() {
            problems.push("[tls] certificate and key go together: set both, or neither".to_owned());
        }
        if let Some(certificate) = self.certificate.as_ref().filter(|it| !it.is_file()) {
            problems.push(format!(
                "[tls] certificate: there is no file {}",
                certificate.display()
            ));
        }
        if let Some(key) = &self.key {
            problems.extend(super::secrets::private_file("[tls] key", key));
        }
        problems
    }
}

/// `[observability]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Observability {
    /// The address of a listener for health and metrics (security.md TL-3).
    pub listen: Option<SocketAddr>,
    pub log: LogFormat,
    /// A filter of `tracing_subscriber`: `info`, `warn,itu_account=debug`.
    pub level: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    #[default]
    Json,
    Text,
}

impl Default for Observability {
    fn default() -> Self {
        Self {
            listen: None,
            log: LogFormat::default(),
            level: "info".into(),
        }
    }
}

impl Observability {
    pub(super) fn problems(&self) -> Vec<String> {
        match self.level.parse::<tracing_subscriber::EnvFilter>() {
            Ok(_) => Vec::new(),
            Err(error) => vec![format!("[observability] level \"{}\": {error}", self.level)],
        }
    }
}
