//! The algorithms that a client may register for its signatures and for encryption to it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::macros::named_values;

named_values! {
    /// Signatures of clients and of the provider (security.md JW-2).
    SigningAlg { RS256 = "RS256", PS256 = "PS256", ES256 = "ES256", EdDSA = "EdDSA" }
}

impl SigningAlg {
    /// Returns `false` for PKCS #1 v1.5 (FAPI 2.0 Security Profile §5.4.1).
    pub const fn is_for_fapi(self) -> bool {
        !matches!(self, Self::RS256)
    }
}

named_values! {
    /// Signatures of request objects, which may come unsigned if an administrator allows it.
    RequestObjectAlg { None = "none", RS256 = "RS256", PS256 = "PS256", ES256 = "ES256", EdDSA = "EdDSA" }
}

impl RequestObjectAlg {
    /// Returns `None` if the objects are unsigned.
    pub fn signature(self) -> Option<SigningAlg> {
        SigningAlg::parse(self.as_str())
    }
}

named_values! {
    /// The key management of an encryption to the client (RFC 7518 §4.1); ECDH on P-256.
    EncryptionAlg { RsaOaep256 = "RSA-OAEP-256", EcdhEs = "ECDH-ES" }
}

named_values! {
    /// The encryption of the content (RFC 7518 §5.1).
    #[derive(Default)]
    ContentEncryption {
        #[default] A128CbcHs256 = "A128CBC-HS256",
        A256CbcHs512 = "A256CBC-HS512",
        A128Gcm = "A128GCM",
        A256Gcm = "A256GCM",
    }
}

/// An encryption as it is registered: `…_alg`, and `…_enc` or its default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encryption {
    pub alg: EncryptionAlg,
    pub enc: ContentEncryption,
}

impl Encryption {
    pub(super) fn registered(alg: Option<EncryptionAlg>, enc: Option<ContentEncryption>) -> Option<Self> {
        let enc = enc.unwrap_or_default();
        alg.map(|alg| Self { alg, enc })
    }
}
