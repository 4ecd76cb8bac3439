//! Certificates that clients show (RFC 8705): what they say, whether they chain to an authority of ours,
//! and whether they are one that a client registered. That their holder has the key was proved before, by
//! the handshake of the listener, or by that of a listed proxy.

mod header;
mod name;

use std::fmt;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::error::ErrorStack;
use openssl::nid::Nid;
use openssl::pkey::{Id, PKey, Public};
use openssl::rsa::Rsa;
use openssl::stack::Stack;
use openssl::x509::store::{X509Store, X509StoreBuilder};
use openssl::x509::verify::{X509VerifyFlags, X509VerifyParam};
use openssl::x509::{X509, X509PurposeId, X509StoreContext};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::domain::Time;

pub use name::Name;

/// Signatures and keys of 112 bits of security at least: no SHA-1, no RSA below 2048 bits.
const AUTH_LEVEL: i32 = 2;

/// An authority, one that it signed, one that this one signed, and so on: so many below each other.
const MOST_AUTHORITIES: i32 = 5;

/// The certificate that a client showed with a request.
#[derive(Clone)]
pub struct Certificate(Arc<Parts>);

struct Parts {
    leaf: X509,
    der: Vec<u8>,
    /// What it sent along to lead to an authority.
    chain: Vec<X509>,
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Certificate").field(&self.thumbprint()).finish()
    }
}

impl Certificate {
    /// As a handshake brings it. `None`: it is no certificate.
    pub fn from_der<'a>(leaf: &[u8], chain: impl IntoIterator<Item = &'a [u8]>) -> Option<Self> {
        let der = leaf.to_vec();
        let leaf = X509::from_der(leaf).ok()?;
        // What is behind its end would be part of its thumbprint, though of nothing that was signed.
        if leaf.to_der().ok()? != der {
            return None;
        }
        let chain = chain.into_iter().map(X509::from_der).collect::<Result<_, _>>();
        Some(Self(Arc::new(Parts {
            leaf,
            der,
            chain: chain.ok()?,
        })))
    }

    /// As a proxy writes it into a header.
    pub fn from_header(value: &str) -> Option<Self> {
        Self::from_der(&header::der(value)?, [])
    }

    /// `x5t#S256` (RFC 8705 §3.1)
    pub fn thumbprint(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(&self.0.der))
    }

    /// RFC 5280 §7.1: attribute by attribute, in order, without regard to case and outer space.
    pub fn is_of(&self, subject: &Name) -> bool {
        subject.is(self.0.leaf.subject_name())
    }

    pub fn has_dns_name(&self, expected: &str) -> bool {
        self.has_alternative(|it| it.dnsname().is_some_and(|it| it.eq_ignore_ascii_case(expected)))
    }

    pub fn has_uri(&self, expected: &str) -> bool {
        self.has_alternative(|it| it.uri() == Some(expected))
    }

    pub fn has_email(&self, expected: &str) -> bool {
        self.has_alternative(|it| it.email() == Some(expected))
    }

    pub fn has_address(&self, expected: IpAddr) -> bool {
        self.has_alternative(|it| match expected {
            IpAddr::V4(expected) => it.ipaddress() == Some(&expected.octets()),
            IpAddr::V6(expected) => it.ipaddress() == Some(&expected.octets()),
        })
    }

    fn has_alternative(&self, fits: impl Fn(&openssl::x509::GeneralNameRef) -> bool) -> bool {
        let names = self.0.leaf.subject_alt_names();
        names.is_some_and(|names| names.iter().any(fits))
    }

    /// RFC 8705 §2.2: it is one that the JWK set holds as `x5c`; of a key that came without a certificate,
    /// it is one of that key.
    pub fn is_registered_in(&self, set: &Value) -> bool {
        let keys = set.get("keys").and_then(Value::as_array);
        keys.into_iter().flatten().any(|key| match key.get("x5c") {
            Some(x5c) => {
                let registered = x5c.get(0).and_then(Value::as_str);
                registered.and_then(|it| STANDARD.decode(it).ok()).as_deref() == Some(&self.0.der)
            }
            None => match (public_key(key), self.0.leaf.public_key()) {
                (Some(registered), Ok(shown)) => registered.public_eq(&shown),
                _ => false,
            },
        })
    }
}

/// Whether a JWK set holds anything that a certificate could be registered by.
pub fn may_register(set: &Value) -> bool {
    let keys = set.get("keys").and_then(Value::as_array);
    keys.into_iter().flatten().any(|key| match key.get("x5c") {
        Some(x5c) => {
            let der = x5c.get(0).and_then(Value::as_str);
            let der = der.and_then(|it| STANDARD.decode(it).ok());
            der.is_some_and(|it| Certificate::from_der(&it, []).is_some())
        }
        None => public_key(key).is_some(),
    })
}

/// RFC 7518 §6, RFC 8037 §2
fn public_key(jwk: &Value) -> Option<PKey<Public>> {
    let text = |name: &str| jwk.get(name).and_then(Value::as_str);
    let bytes = |name: &str| URL_SAFE_NO_PAD.decode(text(name)?).ok();
    let number = |name: &str| BigNum::from_slice(&bytes(name)?).ok();
    let key = match (text("kty")?, text("crv")) {
        ("RSA", _) => {
            let key = Rsa::from_public_components(number("n")?, number("e")?);
            PKey::from_rsa(key.ok()?)
        }
        ("EC", Some(curve)) => {
            let curve = match curve {
                "P-256" => Nid::X9_62_PRIME256V1,
                "P-384" => Nid::SECP384R1,
                "P-521" => Nid::SECP521R1,
                _ => return None,
            };
            let group = EcGroup::from_curve_name(curve).ok()?;
            let (x, y) = (number("x")?, number("y")?);
            PKey::from_ec_key(EcKey::from_public_key_affine_coordinates(&group, &x, &y).ok()?)
        }
        ("OKP", Some("Ed25519")) => PKey::public_key_from_raw_bytes(&bytes("x")?, Id::ED25519),
        _ => return None,
    };
    key.ok()
}

/// Whose certificates `tls_client_auth` trusts: `[mtls] client_ca`.
#[derive(Clone, Default)]
pub struct Authorities(Arc<[X509]>);

impl fmt::Debug for Authorities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Authorities").field(&self.0.len()).finish()
    }
}

/// Why there are no authorities.
#[derive(Debug, thiserror::Error)]
pub enum AuthoritiesError {
    #[error("[mtls] client_ca {0}: {1}")]
    File(String, std::io::Error),
    #[error("[mtls] client_ca {0}: it holds no certificates in PEM")]
    Pem(String),
}

/// Why a certificate is not trusted; for the log.
#[derive(Debug, thiserror::Error)]
pub enum Untrusted {
    #[error("{0}")]
    Chain(String),
    #[error(transparent)]
    Openssl(#[from] ErrorStack),
}

impl Authorities {
    pub fn load(path: &Path) -> Result<Self, AuthoritiesError> {
        let shown = path.display().to_string();
        let pem = std::fs::read(path).map_err(|it| AuthoritiesError::File(shown.clone(), it))?;
        match X509::stack_from_pem(&pem) {
            Ok(all) if !all.is_empty() => Ok(Self(all.into())),
            _ => Err(AuthoritiesError::Pem(shown)),
        }
    }

    /// RFC 5280 §6: the certificate leads to one of these, is for clients, and all are valid now. One that
    /// is no root is trusted as well: it was named.
    pub fn trust(&self, certificate: &Certificate, now: Time) -> Result<(), Untrusted> {
        let store = self.store(now)?;
        let mut chain = Stack::new()?;
        for it in &certificate.0.chain {
            chain.push(it.clone())?;
        }
        let mut context = X509StoreContext::new()?;
        let verdict = context.init(&store, &certificate.0.leaf, &chain, |it| {
            Ok(match it.verify_cert()? {
                true => Ok(()),
                false => Err(it.error().error_string().to_owned()),
            })
        })?;
        verdict.map_err(Untrusted::Chain)
    }

    fn store(&self, now: Time) -> Result<X509Store, ErrorStack> {
        let mut parameters = X509VerifyParam::new()?;
        parameters.set_flags(X509VerifyFlags::PARTIAL_CHAIN)?;
        parameters.set_purpose(X509PurposeId::SSL_CLIENT)?;
        parameters.set_auth_level(AUTH_LEVEL);
        parameters.set_depth(MOST_AUTHORITIES);
        parameters.set_time(now.timestamp());
        let mut store = X509StoreBuilder::new()?;
        for it in self.0.iter() {
            store.add_cert(it.clone())?;
        }
        store.set_param(&parameters)?;
        Ok(store.build())
    }
}
