//! `[tls]`, `[observability]`: the way in which the service listens, and the data that its operator sees.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use url::{Host, Url};

use super::{duration, secrets};
use crate::domain::secret::Secret;

/// The longest time to leave: whoever ends a process waits for it.
const LONGEST_DRAIN: Duration = Duration::from_mins(5);

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
    /// The collector of traces, by OTLP over HTTP: the address below which it has `/v1/traces`.
    pub otlp_endpoint: Option<String>,
    /// The headers that it asks for, mostly an authorization: `name=value,name=value`.
    pub otlp_headers: Option<Secret>,
    otlp_headers_file: Option<PathBuf>,
    /// The share of traces that are recorded of those that begin here.
    pub trace_sample_ratio: f64,
    /// The time for which a process that is asked to end goes on answering, while it says that it is not ready.
    #[serde(deserialize_with = "duration::deserialize")]
    pub drain: Duration,
}

/// What `[observability]` says of a collector.
#[derive(Clone, Debug)]
pub struct Otlp {
    /// The address to which traces are sent.
    pub traces: String,
    pub headers: HeaderMap,
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
            otlp_endpoint: None,
            otlp_headers: None,
            otlp_headers_file: None,
            trace_sample_ratio: 1.0,
            drain: Duration::ZERO,
        }
    }
}

impl Observability {
    /// Returns the collector, if one is named.
    pub fn otlp(&self) -> Option<Otlp> {
        let endpoint = self.otlp_endpoint.as_ref()?;
        let headers = self.otlp_headers.as_ref().map(|it| headers(it.expose()));
        Some(Otlp {
            traces: format!("{}/v1/traces", endpoint.trim_end_matches('/')),
            // What cannot be read was refused when the settings were read.
            headers: headers.and_then(Result::ok).unwrap_or_default(),
        })
    }

    pub(super) fn resolve(&mut self) -> Vec<String> {
        let file = self.otlp_headers_file.as_ref();
        let mut problems = secrets::resolve("[observability] otlp_headers", &mut self.otlp_headers, file);
        if let Err(error) = self.level.parse::<tracing_subscriber::EnvFilter>() {
            problems.push(format!("[observability] level \"{}\": {error}", self.level));
        }
        if let Some(Err(problem)) = self.otlp_headers.as_ref().map(|it| headers(it.expose())) {
            problems.push(format!("[observability] otlp_headers: {problem}"));
        }
        let problem = self.otlp_endpoint.as_deref().and_then(endpoint_problem);
        problems.extend(problem.map(|it| format!("[observability] otlp_endpoint {it}")));
        if !(0.0..=1.0).contains(&self.trace_sample_ratio) {
            problems.push("[observability] trace_sample_ratio is a number from 0.0 to 1.0".into());
        }
        if self.drain > LONGEST_DRAIN {
            problems.push("[observability] drain is at most 5m".to_owned());
        }
        problems
    }

    pub(super) fn holds_secret(&self) -> bool {
        self.otlp_headers_file.is_none() && self.otlp_headers.is_some()
    }
}

fn endpoint_problem(endpoint: &str) -> Option<&'static str> {
    let Ok(url) = Url::parse(endpoint) else {
        return Some("is not a URL; write it like http://127.0.0.1:4318");
    };
    let loopback = match url.host() {
        Some(Host::Ipv4(v4)) => v4.is_loopback(),
        Some(Host::Ipv6(v6)) => v6.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    if !matches!(url.scheme(), "http" | "https") {
        Some("begins with https://, or on loopback with http://")
    } else if url.scheme() == "http" && !loopback {
        Some("leaves without TLS; use https://, or a collector on this machine that sends on")
    } else if !url.username().is_empty() || url.password().is_some() {
        Some("holds a password, which belongs into otlp_headers_file")
    } else if url.query().is_some() || url.fragment().is_some() {
        Some("has no query and no fragment")
    } else {
        None
    }
}

/// Reads headers as OpenTelemetry writes them. A problem does not repeat them: they are secrets.
fn headers(text: &str) -> Result<HeaderMap, &'static str> {
    const WRONG: &str = "write them as name=value, separated by commas";
    let mut all = HeaderMap::new();
    for part in text.split(',').map(str::trim).filter(|it| !it.is_empty()) {
        let (name, value) = part.split_once('=').ok_or(WRONG)?;
        let name = HeaderName::from_bytes(name.trim().as_bytes()).map_err(|_| WRONG)?;
        let mut value = HeaderValue::from_str(value.trim()).map_err(|_| WRONG)?;
        value.set_sensitive(true);
        all.append(name, value);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems_of(endpoint: &str) -> Vec<String> {
        let mut observability = Observability {
            otlp_endpoint: Some(endpoint.to_owned()),
            ..Observability::default()
        };
        observability.resolve()
    }

    #[test]
    fn spans_do_not_leave_without_tls() {
        for right in [
            "http://127.0.0.1:4318",
            "http://localhost:4318/",
            "http://[::1]:4318",
            "https://collector.example/otlp",
        ] {
            assert_eq!(problems_of(right), Vec::<String>::new(), "{right}"); // TL-4
        }
        for wrong in [
            "collector:4318",
            "http://collector.example:4318",
            "http://127.0.0.1.example:4318",
            "https://user:word@collector.example",
            "https://collector.example/?key=word",
            "grpc://127.0.0.1:4317",
        ] {
            let problems = problems_of(wrong);
            assert_eq!(problems.len(), 1, "{wrong}: {problems:?}");
            assert!(!problems[0].contains("word@") && !problems[0].contains("key=word"));
        }
    }

    #[test]
    fn headers_are_read_as_opentelemetry_writes_them_and_never_printed() {
        let mut observability = Observability {
            otlp_endpoint: Some("https://collector.example/otlp/".into()),
            otlp_headers: Some(Secret::new("Authorization=Basic abc==, x-tenant = itu")),
            ..Observability::default()
        };
        assert_eq!(observability.resolve(), Vec::<String>::new());
        assert!(observability.holds_secret());
        let otlp = observability.otlp().expect("a collector");
        assert_eq!(otlp.traces, "https://collector.example/otlp/v1/traces");
        assert_eq!(otlp.headers["authorization"], "Basic abc==");
        assert_eq!(otlp.headers["x-tenant"], "itu");
        // LG-3
        assert!(!format!("{observability:?} {otlp:?}").contains("abc"));
        for wrong in ["secret", "se cret=1", "a=\u{1}secret"] {
            observability.otlp_headers = Some(Secret::new(wrong));
            let problems = observability.resolve().join("\n");
            assert!(
                problems.contains("otlp_headers") && !problems.contains("cret"),
                "{problems}"
            );
        }
    }
}
