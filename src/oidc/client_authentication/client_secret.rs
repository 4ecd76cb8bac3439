//! Reads what was presented by `client_secret_basic` and `client_secret_post` (RFC 6749 §2.3.1).

use base64::Engine;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::domain::secret::Secret;

/// An identifier and a secret from an `Authorization` header, as they may have been meant.
#[derive(Debug)]
pub struct Basic {
    /// The pair form-decoded, as RFC 6749 §2.3.1 has it; some percent-encode even `-` and `_` (interoperability.md
    /// IO-2).
    pub decoded: (String, Secret),
    /// The pair as it came: some clients never encode.
    pub raw: (String, Secret),
}

/// The decoder of Base64 with or without padding: clients send both.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Reads the credentials of a header whose scheme is Basic; `None` if they are malformed.
pub fn basic(credentials: &str) -> Option<Basic> {
    let text = String::from_utf8(BASE64.decode(credentials.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some(Basic {
        decoded: (form_decoded(id), Secret::new(form_decoded(secret))),
        raw: (id.to_owned(), Secret::new(secret)),
    })
}

/// Returns the scheme in lower case and what follows it; scheme names have no case (RFC 9110 §11.1).
pub fn scheme_of(header: &str) -> Option<(String, &str)> {
    let (scheme, rest) = header.trim().split_once(' ')?;
    Some((scheme.to_ascii_lowercase(), rest.trim_start()))
}

fn form_decoded(value: &str) -> String {
    // The whole value becomes the name of the only pair: `&` and `=` inside stay what they are.
    let escaped = value.replace('&', "%26").replace('=', "%3D");
    form_urlencoded::parse(escaped.as_bytes())
        .next()
        .map(|(name, _)| name.into_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

    #[test]
    fn credentials_come_encoded_or_raw() {
        let both = |text: &str| {
            let read = basic(&STANDARD.encode(text)).expect("credentials");
            let pair = |(id, secret): (String, Secret)| (id, secret.expose().to_owned());
            (pair(read.decoded), pair(read.raw))
        };
        let pair = |id: &str, secret: &str| (id.to_owned(), secret.to_owned());
        assert_eq!(both("web:s3cret"), (pair("web", "s3cret"), pair("web", "s3cret")));
        assert_eq!(both("a%2Db:c%5Fd+e").0, pair("a-b", "c_d e")); // interoperability.md IO-2
        assert_eq!(both("web:a%b=c&d+e").1, pair("web", "a%b=c&d+e"));
        assert_eq!(both("web:a:b").0, pair("web", "a:b"));
        assert!(basic(&STANDARD_NO_PAD.encode("ab:cde")).is_some());
        for bad in ["", "no colon", "é", "===="] {
            assert!(basic(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_scheme_has_no_case() {
        assert_eq!(scheme_of("bAsIc abc"), Some(("basic".into(), "abc")));
        assert_eq!(scheme_of("Basic"), None);
    }
}
