//! A device that asks for access and has no browser: the code that a person enters for it elsewhere, and its request
//! (RFC 8628; security.md DV-1).

use chrono::Duration;

use super::authorization::Grant;
use super::authorization_details::AuthorizationDetails;
use super::scope::Scope;
use super::secret::Digest;
use super::token::Confirmation;
use super::{ClientId, Time, typed_code};

/// The lifetime of both codes (security.md DV-1).
pub const LIFETIME: Duration = Duration::minutes(10);

/// The code that a person reads on the device and types. RFC 8628 §6.1: consonants alone form no words and are not
/// mistaken for digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserCode(String);

impl UserCode {
    pub const ALPHABET: &str = "BCDFGHJKLMNPQRSTVWXZ";
    pub const LENGTH: usize = 8;

    /// Reads a code as people type it (RFC 8628 §6.1).
    pub fn typed(text: &str) -> Option<Self> {
        typed_code::letters(text, Self::LENGTH, Self::ALPHABET).map(Self)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the code as it is shown: `WDJB-MJHT`.
    pub fn displayed(&self) -> String {
        let (one, other) = self.0.split_at(Self::LENGTH / 2);
        format!("{one}-{other}")
    }
}

/// The request of a device, until a person decides.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct DeviceRequest {
    /// The digest of the client and its device code, under which the decision is left.
    pub device: Digest,
    pub client_id: ClientId,
    /// The scope, limited to what the client may have.
    pub scope: Scope,
    /// The resources that the tokens are to be for (RFC 8707 §2.1); `details` is what they allow there (RFC 9396 §2).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
    #[serde(default, skip_serializing_if = "AuthorizationDetails::is_empty")]
    pub details: AuthorizationDetails,
    /// The key whose proof came with the request, and must come again (RFC 9449 §5).
    pub bound_to: Option<Confirmation>,
    pub expires_at: Time,
}

impl DeviceRequest {
    pub fn is_expired(&self, now: Time) -> bool {
        now >= self.expires_at
    }
}

/// The decision, made once, by one person.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    Allowed(Box<Grant>),
    Denied,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_code_is_read_however_it_is_typed(
            code in "[BCDFGHJKLMNPQRSTVWXZ]{8}",
            gaps in prop::collection::vec("[ \\-–\u{a0}]{0,2}", 8),
            lower in prop::collection::vec(any::<bool>(), 8),
        ) {
            let letters = code.chars().zip(&gaps).zip(lower);
            let typed: String = letters
                .map(|((letter, gap), lower)| {
                    if lower {
                        format!("{gap}{}", letter.to_ascii_lowercase())
                    } else {
                        format!("{gap}{letter}")
                    }
                })
                .collect();
            let read = UserCode::typed(&typed).expect("a code");
            prop_assert_eq!(read.as_str(), &code);
            prop_assert_eq!(UserCode::typed(&read.displayed()), Some(read)); // RFC 8628 §6.1
        }

        #[test]
        fn nothing_else_is_a_code(text in ".{0,40}") {
            if let Some(code) = UserCode::typed(&text) {
                prop_assert!(code.as_str().len() == UserCode::LENGTH);
                prop_assert!(code.as_str().chars().all(|it| UserCode::ALPHABET.contains(it))); // DV-1
            }
        }
    }

    #[test]
    fn a_code_of_other_letters_or_length_is_none() {
        for bad in [
            "",
            "WDJB-MJH",
            "WDJB-MJHTT",
            "WDJB-MJHA",
            "WDJB-MJH1",
            "WDJB_MJHT",
        ] {
            assert_eq!(UserCode::typed(bad), None, "{bad}"); // DV-1
        }
    }
}
