//! Values that grant something: never printed, compared in constant time, stored as digests.

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;

/// A bearer value in the clear, on its way to or from its holder.
#[derive(Clone, serde::Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// Returns the value itself. A caller hands it to its holder, hashes it or compares it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    pub fn digest(&self) -> Digest {
        Digest::of(self.0.as_bytes())
    }

    pub fn is(&self, other: &str) -> bool {
        self.0.as_bytes().ct_eq(other.as_bytes()).into()
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

/// The SHA-256 of a bearer value, lower-case hexadecimal: all that is stored of it (security.md G-13).
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Digest(String);

impl Digest {
    pub fn of(value: &[u8]) -> Self {
        Self(base16ct::lower::encode_string(&Sha256::digest(value)))
    }

    /// Makes a digest as it was stored.
    pub fn stored(hex: impl Into<String>) -> Self {
        Self(hex.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn matches(&self, value: &str) -> bool {
        self.0
            .as_bytes()
            .ct_eq(Self::of(value.as_bytes()).0.as_bytes())
            .into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_never_prints() {
        let secret = Secret::new("value");
        assert_eq!(format!("{secret:?}"), "[redacted]"); // LG-3
        assert!(secret.digest().matches("value") && !secret.digest().matches("other"));
    }
}
