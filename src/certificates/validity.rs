//! Reads from when until when a certificate is valid, for whoever has to renew it.

use std::path::Path;

use openssl::asn1::{Asn1Time, Asn1TimeRef};
use openssl::x509::{X509, X509NameRef, X509Ref};

use crate::clock::from_unix;
use crate::domain::Time;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validity {
    /// What it calls its holder, or else the first name that it is for.
    pub subject: String,
    /// The hosts that it is for.
    pub names: Vec<String>,
    pub not_before: Time,
    pub not_after: Time,
}

/// Reads all certificates of a file. A file that has none, or is none, has been refused before.
pub fn of_pem(path: &Path) -> Vec<Validity> {
    let pem = std::fs::read(path).unwrap_or_default();
    let all = X509::stack_from_pem(&pem).unwrap_or_default();
    all.iter().filter_map(|it| read(it)).collect()
}

/// Reads a certificate that a handshake brought.
pub fn of_der(der: &[u8]) -> Option<Validity> {
    read(&*X509::from_der(der).ok()?)
}

fn read(certificate: &X509Ref) -> Option<Validity> {
    let alternative = certificate.subject_alt_names();
    let names: Vec<String> = alternative
        .iter()
        .flatten()
        .filter_map(|it| it.dnsname().map(str::to_owned))
        .collect();
    let subject = common_name(certificate.subject_name()).or_else(|| names.first().cloned());
    Some(Validity {
        subject: subject.unwrap_or_else(|| "nobody".to_owned()),
        names,
        not_before: time(certificate.not_before())?,
        not_after: time(certificate.not_after())?,
    })
}

fn common_name(name: &X509NameRef) -> Option<String> {
    let entry = name.entries_by_nid(openssl::nid::Nid::COMMONNAME).next()?;
    entry.data().to_string().ok()
}

fn time(at: &Asn1TimeRef) -> Option<Time> {
    let since = Asn1Time::from_unix(0).ok()?.diff(at).ok()?;
    from_unix(i64::from(since.days) * 86_400 + i64::from(since.secs))
}
