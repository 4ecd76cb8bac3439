//! Parses the certificate of a client as proxies write it into a header: base64 of its DER between colons (RFC 9440
//! §2.1, RFC 8941 §3.3.5) or without them, or URL-encoded PEM (nginx's `$ssl_client_escaped_cert`).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use openssl::x509::X509;

const BEGIN: &str = "-----BEGIN";

/// Returns the DER of exactly one certificate.
pub(super) fn der(value: &str) -> Option<Vec<u8>> {
    let value = value.trim();
    if value.starts_with(BEGIN) {
        let pem = percent_decoded(value)?;
        // If there are several, nobody can say which one the handshake verified.
        let one = pem.matches(BEGIN).count() == 1;
        return X509::from_pem(pem.as_bytes()).ok()?.to_der().ok().filter(|_| one);
    }
    let bare = match value.strip_prefix(':') {
        Some(rest) => rest.strip_suffix(':')?,
        None => value,
    };
    STANDARD.decode(bare).ok().filter(|it| !it.is_empty())
}

fn percent_decoded(value: &str) -> Option<String> {
    let mut decoded = Vec::with_capacity(value.len());
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        decoded.push(match byte {
            b'%' => hex(rest.next()?)? << 4 | hex(rest.next()?)?,
            other => other,
        });
    }
    String::from_utf8(decoded).ok()
}

pub(super) fn hex(digit: u8) -> Option<u8> {
    let value = (digit as char).to_digit(16)?;
    u8::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_header_makes_it_stumble(value in ".{0,200}", escaped in "-----BEGIN( CERT|%2|%[0-9a-f]{2}|.){0,40}") {
            // G-11
            let _ = der(&value);
            prop_assert!(der(&escaped).is_none());
            prop_assert!(crate::certificates::Certificate::from_header(&value).is_none());
        }
    }
}
