//! The provider as its metadata describes it. A check reads the metadata once; every module judges it again.

use crate::checks;
use crate::http::{Answer, Http, RelyingPartyHttp};
use crate::report::Report;
use anyhow::{Context, Result, anyhow};
use openidconnect::IssuerUrl;
use openidconnect::core::CoreProviderMetadata;
use serde_json::Value;

pub struct Provider {
    pub issuer: String,
    pub discovery_url: String,
    pub discovery: Answer,
    pub metadata: Value,
    pub jwks: Value,
    /// The metadata as a relying party's library reads it, or why it refused.
    pub seen_by_library: Result<CoreProviderMetadata, String>,
    pub allow_http: bool,
}

impl Provider {
    pub async fn discover(http: &Http, issuer: &str, allow_http: bool) -> Result<Self> {
        let base = issuer.strip_suffix('/').unwrap_or(issuer);
        let discovery_url = format!("{base}{}", checks::discovery::SUFFIX);
        let discovery = http
            .get(&discovery_url, &[("accept", "application/json")])
            .await?;
        let metadata = discovery
            .json()
            .filter(Value::is_object)
            .ok_or_else(|| anyhow!("no metadata at {discovery_url}: {}", discovery.brief()))?;
        let jwks_uri = metadata["jwks_uri"]
            .as_str()
            .context("the metadata has no jwks_uri")?;
        let answer = http.get(jwks_uri, &[]).await?;
        let jwks = answer
            .json()
            .ok_or_else(|| anyhow!("jwks_uri answers no JSON: {}", answer.brief()))?;
        let announced = metadata["issuer"]
            .as_str()
            .context("the metadata has no issuer")?
            .to_owned();
        let library = RelyingPartyHttp::new(http);
        let issuer_url = IssuerUrl::new(announced.clone())?;
        let seen_by_library =
            CoreProviderMetadata::discover_async(issuer_url, &|request| library.clone().call(request))
                .await
                .map_err(|error| explain(&error));
        Ok(Self {
            issuer: announced,
            discovery_url,
            discovery,
            metadata,
            jwks,
            seen_by_library,
            allow_http,
        })
    }

    pub fn endpoint(&self, name: &str) -> Option<&str> {
        self.metadata[name].as_str()
    }

    pub fn list(&self, name: &str) -> Option<Vec<&str>> {
        checks::discovery::listed(&self.metadata, name)
    }

    pub fn flag(&self, name: &str) -> Option<bool> {
        self.metadata[name].as_bool()
    }

    /// Judges metadata and key set, as every module of the suite does first.
    pub fn check(&self, report: &mut Report) {
        checks::discovery::essentials(&self.metadata, report);
        checks::jwks::check(&self.jwks, report);
        if let Err(reason) = &self.seen_by_library {
            report.fail("discovery by the library openidconnect", reason.clone());
        }
    }
}

/// Returns an error with all its causes in one line.
pub fn explain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        text = format!("{text}: {source}");
        cause = source.source();
    }
    text
}
