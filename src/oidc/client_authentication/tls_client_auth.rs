//! `tls_client_auth` and `self_signed_tls_client_auth` (RFC 8705 §2): checks that the certificate is the client's. The
//! handshake verified that the caller holds its key.

use crate::app::App;
use crate::certificates::{Certificate, Name};
use crate::domain::client::{Client, Metadata};
use crate::oidc::client_keys;

/// The one name that the certificate must have (RFC 8705 §2.1.2).
#[derive(Debug)]
pub enum ExpectedName {
    Subject(Name),
    Dns(String),
    Uri(String),
    Address(std::net::IpAddr),
    Email(String),
}

impl ExpectedName {
    /// Reads the expected name from metadata. The error names the member that is wrong.
    pub fn of(metadata: &Metadata) -> Result<Self, (&'static str, String)> {
        let members = [
            ("tls_client_auth_subject_dn", &metadata.tls_client_auth_subject_dn),
            ("tls_client_auth_san_dns", &metadata.tls_client_auth_san_dns),
            ("tls_client_auth_san_uri", &metadata.tls_client_auth_san_uri),
            ("tls_client_auth_san_ip", &metadata.tls_client_auth_san_ip),
            ("tls_client_auth_san_email", &metadata.tls_client_auth_san_email),
        ];
        let mut named = members
            .into_iter()
            .filter_map(|(member, it)| Some((member, it.as_deref()?)));
        let (member, value) = match (named.next(), named.next()) {
            (Some(one), None) => one,
            (None, _) => {
                let reason =
                    "is missing; tls_client_auth needs it or one of its siblings tls_client_auth_san_*";
                return Err(("tls_client_auth_subject_dn", reason.to_owned()));
            }
            (Some(_), Some((second, _))) => {
                return Err((second, "stands beside another name of the certificate".to_owned()));
            }
        };
        let wrong = |reason: &str| (member, reason.to_owned());
        if value.is_empty() || value.len() > 1024 || !value.chars().all(|c| c >= ' ') {
            return Err(wrong("is not a text of 1 to 1024 characters"));
        }
        Ok(match member {
            "tls_client_auth_subject_dn" => Self::Subject(Name::parse(value).map_err(|it| wrong(&it))?),
            "tls_client_auth_san_dns" => Self::Dns(value.to_owned()),
            "tls_client_auth_san_uri" => Self::Uri(value.to_owned()),
            "tls_client_auth_san_ip" => {
                Self::Address(value.parse().map_err(|_| wrong("is not an IP address"))?)
            }
            _ => Self::Email(value.to_owned()),
        })
    }

    fn fits(&self, certificate: &Certificate) -> bool {
        match self {
            Self::Subject(name) => certificate.is_of(name),
            Self::Dns(name) => certificate.has_dns_name(name),
            Self::Uri(uri) => certificate.has_uri(uri),
            Self::Address(address) => certificate.has_address(*address),
            Self::Email(email) => certificate.has_email(email),
        }
    }
}

/// Checks the name of a certificate. RFC 8705 §2.1: an authority vouches for it.
pub fn by_authority(app: &App, client: &Client, certificate: &Certificate) -> Result<(), String> {
    let trusted = app.client_authorities.trust(certificate, app.clock.now());
    trusted.map_err(|it| it.to_string())?;
    let expected = ExpectedName::of(&client.metadata).map_err(|(_, reason)| reason)?;
    if expected.fits(certificate) {
        Ok(())
    } else {
        Err("the certificate has another name".to_owned())
    }
}

/// Checks the key of a certificate. RFC 8705 §2.2: the client registered it; its chain and its dates say nothing.
pub async fn by_itself(app: &App, client: &Client, certificate: &Certificate) -> Result<(), String> {
    let registered = client_keys::any(app, client, |set| certificate.is_registered_in(set)).await;
    if registered.map_err(|it| it.to_string())? {
        Ok(())
    } else {
        Err("the certificate is not one that the client registered".to_owned())
    }
}
