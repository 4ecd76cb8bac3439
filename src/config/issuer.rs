//! The issuer: our name to services, from which links and cookies are made (security.md TL-1, TL-2).

use std::fmt;

use serde::{Deserialize, Deserializer, de};
use url::{Host, Url};

/// An origin without path, query or final slash: `https://account.example.org`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    text: String,
    url: Url,
}

impl Issuer {
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| format!("\"{text}\": {why}");
        let url = Url::parse(text).map_err(|e| wrong(&e.to_string()))?;
        if !matches!(url.scheme(), "https" | "http") || url.host().is_none() {
            return Err(wrong("write it like https://account.example.org"));
        }
        let origin = url.origin().ascii_serialization();
        // RFC 8414 §2 allows a path; the contract does not. Services compare the issuer as text.
        if text.trim_end_matches('/') != origin {
            return Err(wrong(&format!(
                "it is an origin only, without path, in normal form: {origin}"
            )));
        }
        let issuer = Self { text: origin, url };
        if !issuer.is_https() && !issuer.is_loopback() {
            return Err(wrong("http is accepted on loopback only; use https"));
        }
        Ok(issuer)
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Returns the absolute URL of a path that begins with a slash.
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.text)
    }

    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// Returns host and port as a browser sends them in `Host`.
    pub fn authority(&self) -> &str {
        self.text.split_once("://").map_or("", |(_, authority)| authority)
    }

    pub fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    pub fn is_loopback(&self) -> bool {
        match self.url.host() {
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Issuer {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(from)?).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_an_origin() {
        let issuer = Issuer::parse("http://localhost:8080/").expect("valid");
        assert_eq!(
            (issuer.as_str(), issuer.authority()),
            ("http://localhost:8080", "localhost:8080")
        );
        for wrong in [
            "http://account.example.org", // TL-1
            "https://account.example.org/op",
            "https://account.example.org?x",
            "https://user@account.example.org",
            "https://Account.example.org",
            "ftp://account.example.org",
            "account.example.org",
        ] {
            assert!(Issuer::parse(wrong).is_err(), "{wrong}");
        }
    }
}
