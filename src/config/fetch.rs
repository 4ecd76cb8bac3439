//! `[fetch]`: outgoing requests to addresses that clients registered (security.md DR-3).

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Deserializer, de};
use url::Url;

/// `[fetch]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fetch {
    /// Hosts that may have another port than 443 and a private or loopback address.
    pub allow: Vec<Authority>,
    /// The certificates of authorities that are trusted beside the system's.
    pub extra_ca: Option<PathBuf>,
}

impl Fetch {
    pub(super) fn problems(&self) -> Vec<String> {
        let missing = self.extra_ca.as_ref().filter(|it| !it.is_file());
        missing
            .map(|it| format!("[fetch] extra_ca: there is no file {}", it.display()))
            .into_iter()
            .collect()
    }
}

/// A host and its port, `host:port`, in the form that URLs have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority(String);

impl Authority {
    pub fn parse(text: &str) -> Option<Self> {
        let (_, port) = text.rsplit_once(':')?;
        let port: u16 = port.parse().ok().filter(|it| *it > 0)?;
        let url = Url::parse(&format!("https://{text}/")).ok()?;
        let bare = url.username().is_empty() && url.password().is_none() && url.path() == "/";
        let bare = bare && url.query().is_none() && url.port_or_known_default() == Some(port);
        bare.then(|| url.host().map(|host| Self(format!("{host}:{port}"))))?
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Authority {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::parse(&text)
            .ok_or_else(|| de::Error::custom(format!("\"{text}\" is not host:port, like localhost:8443")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_is_a_host_and_a_port() {
        for (text, read) in [
            ("localhost:8443", "localhost:8443"),
            ("RP.example:443", "rp.example:443"),
            ("[::1]:8443", "[::1]:8443"),
        ] {
            assert_eq!(Authority::parse(text).expect(text).to_string(), read);
        }
        for bad in [
            "localhost",
            "localhost:",
            ":8443",
            "localhost:0",
            "localhost:99999",
            "[::1]",
            "a@b:1",
            "a/b:1",
            "a:1/",
            "*:1:",
        ] {
            assert_eq!(Authority::parse(bad), None, "{bad}");
        }
    }
}
