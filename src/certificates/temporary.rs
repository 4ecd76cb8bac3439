//! A certificate for a moment, with a key that nobody keeps: what a test login is bound to in the place of its client's own
//! (RFC 8705 §3; security.md AD-11). Nobody trusts it, and nobody authenticates by it.

use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::PKey;
use openssl::x509::{X509, X509Name};

use super::Certificate;
use crate::domain::Time;

/// The seconds for which it is valid.
const LIFETIME: i64 = 600;

/// Makes a certificate that its own key has signed. Returns `None` if the library fails.
pub fn make(common_name: &str, now: Time) -> Option<Certificate> {
    Certificate::from_der(&der(common_name, now).ok()?, [])
}

fn der(common_name: &str, now: Time) -> Result<Vec<u8>, ErrorStack> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
    let key = PKey::from_ec_key(EcKey::generate(&group)?)?;
    let mut name = X509Name::builder()?;
    name.append_entry_by_nid(Nid::COMMONNAME, common_name)?;
    let name = name.build();
    let serial = BigNum::from_u32(1)?.to_asn1_integer()?;
    let mut certificate = X509::builder()?;
    certificate.set_version(2)?;
    certificate.set_serial_number(&serial)?;
    certificate.set_subject_name(&name)?;
    certificate.set_issuer_name(&name)?;
    certificate.set_pubkey(&key)?;
    let (begin, end) = (now.timestamp(), now.timestamp() + LIFETIME);
    let (begin, end) = (Asn1Time::from_unix(begin)?, Asn1Time::from_unix(end)?);
    certificate.set_not_before(&begin)?;
    certificate.set_not_after(&end)?;
    certificate.sign(&key, MessageDigest::sha256())?;
    certificate.build().to_der()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_key_of_its_own() {
        let make = || {
            make("test", Time::UNIX_EPOCH)
                .expect("a certificate")
                .thumbprint()
        };
        assert_ne!(make(), make());
    }
}
