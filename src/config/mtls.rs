//! `[mtls]`: where clients present certificates (RFC 8705): on a listener of our own, or to a listed proxy.

use std::net::SocketAddr;
use std::path::PathBuf;

use axum::http::HeaderName;
use serde::Deserialize;

use super::{Issuer, Network, Tls};
use crate::domain::client::AuthMethod;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mtls {
    /// A listener of our own that asks for certificates.
    pub listen: Option<SocketAddr>,
    /// The origin at which clients reach it (RFC 8705 §5). If it is set, mutual TLS is on.
    pub public_url: Option<Issuer>,
    /// The authorities whose certificates `tls_client_auth` trusts.
    pub client_ca: Option<PathBuf>,
    /// The header in which a listed proxy passes the certificate on.
    pub proxy_header: Option<String>,
}

impl Mtls {
    pub fn is_on(&self) -> bool {
        self.public_url.is_some()
    }

    /// Returns `true` if clients can authenticate by a certificate.
    pub fn offers(&self, method: AuthMethod) -> bool {
        match method {
            AuthMethod::TlsClientAuth => self.is_on() && self.client_ca.is_some(),
            AuthMethod::SelfSignedTlsClientAuth => self.is_on(),
            _ => true,
        }
    }

    pub(super) fn problems(&self, tls: &Tls, trusted_proxies: &[Network]) -> Vec<String> {
        let mut problems = Vec::new();
        let mut unless = |holds: bool, problem: &str| {
            if !holds {
                problems.push(format!("[mtls] {problem}"));
            }
        };
        let somewhere = self.listen.is_some() || self.proxy_header.is_some();
        unless(
            !self.is_on() || somewhere,
            "public_url: set listen too, or proxy_header, or nobody asks for certificates there",
        );
        unless(
            self.is_on() || !(somewhere || self.client_ca.is_some()),
            "public_url is missing: where do clients reach the listener or the proxy?",
        );
        unless(
            self.public_url.as_ref().is_none_or(Issuer::is_https),
            "public_url: certificates are shown over https only",
        );
        unless(
            self.listen.is_none() || tls.files().is_some(),
            "listen: this listener shows the certificate of [tls]; set certificate and key there",
        );
        unless(
            self.proxy_header.is_none() || !trusted_proxies.is_empty(),
            "proxy_header counts from listed proxies only; name their addresses in trusted_proxies",
        );
        let name = self.proxy_header.as_deref().map(str::parse::<HeaderName>);
        unless(
            name.is_none_or(|it| it.is_ok()),
            "proxy_header is not the name of a header",
        );
        if let Some(missing) = self.client_ca.as_ref().filter(|it| !it.is_file()) {
            problems.push(format!(
                "[mtls] client_ca: there is no file {}",
                missing.display()
            ));
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_setting_is_reported() {
        let problems = |text: &str, proxies: &[Network]| {
            let mtls: Mtls = toml::from_str(text).expect("readable");
            mtls.problems(&Tls::default(), proxies).len()
        };
        let (nobody, proxy) = (&[][..], &Network::LOOPBACK[..]);
        let url = "public_url = \"https://mtls.account.example\"\n";
        assert_eq!(problems("", nobody), 0);
        assert_eq!(
            problems(&format!("{url}proxy_header = \"Client-Cert\""), proxy),
            0
        );
        assert_eq!(
            problems(&format!("{url}proxy_header = \"Client-Cert\""), nobody),
            1
        ); // TL-2
        assert_eq!(problems("proxy_header = \"Client-Cert\"", proxy), 1);
        assert_eq!(
            problems(&format!("{url}proxy_header = \"Client Cert\""), proxy),
            1
        );
        assert_eq!(problems(url, proxy), 1);
        assert_eq!(problems(&format!("{url}listen = \"127.0.0.1:8443\""), nobody), 1); // without [tls]
        let local = "public_url = \"http://localhost:8443\"\nproxy_header = \"Client-Cert\"";
        assert_eq!(problems(local, proxy), 1);
        let missing = format!("{url}proxy_header = \"Client-Cert\"\nclient_ca = \"/nowhere/ca.pem\"");
        assert_eq!(problems(&missing, proxy), 1);
    }
}
