//! Reads the certificates that clients present (RFC 8705), verifies that they chain to an authority of `[mtls]`, and
//! compares them with what a client registered. The handshake of the listener, or of a listed proxy, has verified
//! before that the client holds the key.

mod header;
mod name;
pub mod temporary;
pub mod validity;

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
pub use validity::Validity;

/// OpenSSL's security level for 112 bits: no SHA-1, no RSA below 2048 bits.
const AUTH_LEVEL: i32 = 2;

/// The longest chain of authorities, each signed by the one above.
const MOST_AUTHORITIES: i32 = 5;

/// The certificate that a client presented with a request.
#[derive(Clone)]
pub struct Certificate(Arc<Parts>);

struct Parts {
    leaf: X509,
    der: Vec<u8>,
    /// The intermediate certificates that it sent along.
    chain: Vec<X509>,
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Certificate").field(&self.thumbprint()).finish()
    }
}

impl Certificate {
    /// Parses what a handshake brings. Returns `None` if it is no certificate.
    pub fn from_der<'a>(leaf: &[u8], chain: impl IntoIterator<Item = &'a [u8]>) -> Option<Self> {
        let der = leaf.to_vec();
        let leaf = X509::from_der(leaf).ok()?;
        // Trailing bytes would change the thumbprint although nobody signed them.
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

    /// Parses what a proxy writes into a header.
    pub fn from_header(value: &str) -> Option<Self> {
        Self::from_der(&header::der(value)?, [])
    }

    /// Returns `x5t#S256` (RFC 8705 §3.1).
    pub fn thumbprint(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(&self.0.der))
    }

    /// Compares the subject. RFC 5280 §7.1: attribute by attribute, in order; case and outer space do not matter.
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
        self.has_alternative(|name| match expected {
            IpAddr::V4(expected) => name.ipaddress() == Some(&expected.octets()),
            IpAddr::V6(expected) => name.ipaddress() == Some(&expected.octets()),
        })
    }

    fn has_alternative(&self, fits: impl Fn(&openssl::x509::GeneralNameRef) -> bool) -> bool {
        let names = self.0.leaf.subject_alt_names();
        names.is_some_and(|names| names.iter().any(fits))
    }

    /// Returns `true` if the JWK set has the certificate as `x5c` (RFC 8705 §2.2), or has its key without any
    /// certificate.
    pub fn is_registered_in(&self, set: &Value) -> bool {
        let keys = set.get("keys").and_then(Value::as_array);
        keys.into_iter().flatten().any(|key| match key.get("x5c") {
            Some(x5c) => {
                let registered = x5c.get(0).and_then(Value::as_str);
                registered.and_then(|it| STANDARD.decode(it).ok()).as_deref() == Some(&self.0.der)
            }
            None => match (public_key(key), self.0.leaf.public_key()) {
                (Some(registered), Ok(presented)) => registered.public_eq(&presented),
                _ => false,
            },
        })
    }
}

/// Returns `true` if a JWK set has a certificate or a key that a certificate can be compared with.
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

/// Parses the public key of a JWK (RFC 7518 §6, RFC 8037 §2).
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

/// The authorities whose certificates `tls_client_auth` trusts: `[mtls] client_ca`.
#[derive(Clone, Default)]
pub struct Authorities(Arc<[X509]>);

impl fmt::Debug for Authorities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Authorities").field(&self.0.len()).finish()
    }
}

/// The reasons why the authorities were not loaded.
#[derive(Debug, thiserror::Error)]
pub enum AuthoritiesError {
    #[error("[mtls] client_ca {0}: {1}")]
    File(String, std::io::Error),
    #[error("[mtls] client_ca {0}: it holds no certificates in PEM")]
    Pem(String),
}

/// The reasons why a certificate is not trusted, for the log.
#[derive(Debug, thiserror::Error)]
pub enum Untrusted {
    #[error("{0}")]
    Chain(String),
    #[error(transparent)]
    Openssl(#[from] ErrorStack),
}

impl Authorities {
    pub fn load(path: &Path) -> Result<Self, AuthoritiesError> {
        let file = path.display().to_string();
        let pem = std::fs::read(path).map_err(|it| AuthoritiesError::File(file.clone(), it))?;
        match X509::stack_from_pem(&pem) {
            Ok(all) if !all.is_empty() => Ok(Self(all.into())),
            _ => Err(AuthoritiesError::Pem(file)),
        }
    }

    /// Verifies the path (RFC 5280 §6): it leads to one of these authorities, the certificate is for clients, and all
    /// are valid now. An authority that is no root is trusted as well, since the operator named it.
    pub fn trust(&self, certificate: &Certificate, now: Time) -> Result<(), Untrusted> {
        let store = self.store(now)?;
        let mut chain = Stack::new()?;
        for link in &certificate.0.chain {
            chain.push(link.clone())?;
        }
        let mut context = X509StoreContext::new()?;
        let verdict = context.init(&store, &certificate.0.leaf, &chain, |context| {
            Ok(if context.verify_cert()? {
                Ok(())
            } else {
                Err(context.error().error_string().to_owned())
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
        for authority in self.0.iter() {
            store.add_cert(authority.clone())?;
        }
        store.set_param(&parameters)?;
        Ok(store.build())
    }
}
