//! `Identity`: a key and a certificate, signed by itself or by an authority.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use openssl::asn1::Asn1Time;
use openssl::bn::{BigNum, MsbOption};
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::x509::extension::{BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAlternativeName};
use openssl::x509::{X509, X509Builder, X509Name, X509NameBuilder};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio_rustls::TlsAcceptor;

use itu_account::http::server;

/// The period covers the time of tests and the time of today.
const VALID: (i64, i64) = (1_767_225_600, 1_900_000_000);

pub struct Identity {
    pub certificate: X509,
    pub key: PKey<Private>,
}

/// The content of a certificate beside its name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    #[default]
    Client,
    Authority,
    Server,
    Expired,
}

pub fn name(entries: &[(&str, &str)]) -> X509Name {
    let mut name = X509NameBuilder::new().expect("a name");
    for (kind, value) in entries {
        name.append_entry_by_text(kind, value).expect("a name");
    }
    name.build()
}

fn new_key() -> PKey<Private> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).expect("P-256");
    PKey::from_ec_key(EcKey::generate(&group).expect("a key")).expect("a key")
}

impl Identity {
    pub fn authority(common_name: &str) -> Self {
        let (subject, key) = (name(&[("CN", common_name)]), new_key());
        let certificate = build(&subject, &key, Kind::Authority, None);
        Self { certificate, key }
    }

    pub fn by_itself(common_name: &str) -> Self {
        let (subject, key) = (name(&[("CN", common_name)]), new_key());
        let certificate = build(&subject, &key, Kind::Client, None);
        Self { certificate, key }
    }

    /// Returns what a server presents this certificate by.
    pub fn acceptor(&self) -> TlsAcceptor {
        let folder = tempfile::tempdir().expect("a folder");
        let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
        std::fs::write(&certificate, self.pem()).expect("written");
        std::fs::write(&key, self.key_pem()).expect("written");
        server::tls(&certificate, &key).expect("TLS")
    }

    /// Returns a new certificate for the same key.
    pub fn again(&self) -> Self {
        let subject = name(&[("CN", "again")]);
        Self {
            certificate: build(&subject, &self.key, Kind::Client, None),
            key: self.key.clone(),
        }
    }

    /// Signs a certificate with this one as the authority. Every alternative name is of `events.example`.
    pub fn signs(&self, subject: &[(&str, &str)], kind: Kind) -> Self {
        let key = new_key();
        let certificate = build(&name(subject), &key, kind, Some(self));
        Self { certificate, key }
    }

    pub fn der(&self) -> Vec<u8> {
        self.certificate.to_der().expect("DER")
    }

    pub fn pem(&self) -> Vec<u8> {
        self.certificate.to_pem().expect("PEM")
    }

    pub fn key_pem(&self) -> Vec<u8> {
        self.key.private_key_to_pem_pkcs8().expect("PEM")
    }

    /// Returns the value of the header (RFC 9440 §2.1).
    pub fn header(&self) -> String {
        format!(":{}:", STANDARD.encode(self.der()))
    }

    /// Computes the thumbprint (RFC 8705 §3.1) by hand.
    pub fn thumbprint(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(self.der()))
    }

    /// Returns the key as it is registered, with or without its certificate.
    pub fn jwks(&self, with_certificate: bool) -> Value {
        let ec = self.key.ec_key().expect("EC");
        let mut context = openssl::bn::BigNumContext::new().expect("a context");
        let form = openssl::ec::PointConversionForm::UNCOMPRESSED;
        let point = ec.public_key().to_bytes(ec.group(), form, &mut context);
        let point = point.expect("a point");
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let mut key = json!({"kty": "EC", "crv": "P-256", "x": text(&point[1..33]), "y": text(&point[33..])});
        if with_certificate {
            key["x5c"] = json!([STANDARD.encode(self.der())]);
        }
        json!({ "keys": [key] })
    }
}

fn build(subject: &X509Name, key: &PKey<Private>, kind: Kind, signer: Option<&Identity>) -> X509 {
    let mut builder = X509Builder::new().expect("a certificate");
    let mut serial = BigNum::new().expect("a number");
    serial.rand(64, MsbOption::MAYBE_ZERO, false).expect("a number");
    let serial = serial.to_asn1_integer().expect("a number");
    let time = |seconds| Asn1Time::from_unix(seconds).expect("a time");
    let issuer = signer.map_or(subject.as_ref(), |it| it.certificate.subject_name());
    let end = match kind {
        Kind::Expired => VALID.0 + 60,
        _ => VALID.1,
    };
    builder.set_version(2).expect("a version");
    builder.set_serial_number(&serial).expect("a number");
    builder.set_subject_name(subject).expect("a name");
    builder.set_issuer_name(issuer).expect("a name");
    builder.set_pubkey(key).expect("a key");
    builder.set_not_before(&time(VALID.0)).expect("a time");
    builder.set_not_after(&time(end)).expect("a time");
    if kind == Kind::Authority {
        let constraints = BasicConstraints::new().critical().ca().build();
        builder
            .append_extension(constraints.expect("good"))
            .expect("good");
        let usage = KeyUsage::new().critical().key_cert_sign().build();
        builder.append_extension(usage.expect("good")).expect("good");
    } else {
        let mut usage = ExtendedKeyUsage::new();
        match kind {
            Kind::Server => usage.server_auth(),
            _ => usage.client_auth(),
        };
        builder
            .append_extension(usage.build().expect("good"))
            .expect("good");
        let names = SubjectAlternativeName::new()
            .dns("events.example")
            .dns("localhost")
            .uri("https://events.example/client")
            .ip("192.0.2.7")
            .email("ops@events.example")
            .build(&builder.x509v3_context(None, None));
        builder.append_extension(names.expect("good")).expect("good");
    }
    let signing = signer.map_or(key, |it| &it.key);
    builder.sign(signing, MessageDigest::sha256()).expect("signed");
    builder.build()
}
