//! Chooses josekit's implementation of each algorithm in use (RFC 7518 §3.1, §4.1; RFC 8037), for our keys and those of
//! clients.

use josekit::jwe::{ECDH_ES, JweEncrypter, RSA_OAEP_256};
use josekit::jwk::Jwk;
use josekit::jws::{ES256, EdDSA, JwsSigner, JwsVerifier, PS256, RS256};

use super::error::Error;
use crate::domain::client::{EncryptionAlg, SigningAlg};

pub(super) fn signer(alg: SigningAlg, key: &Jwk) -> Result<Box<dyn JwsSigner>, Error> {
    Ok(match alg {
        SigningAlg::RS256 => Box::new(RS256.signer_from_jwk(key)?),
        SigningAlg::PS256 => Box::new(PS256.signer_from_jwk(key)?),
        SigningAlg::ES256 => Box::new(ES256.signer_from_jwk(key)?),
        SigningAlg::EdDSA => Box::new(EdDSA.signer_from_jwk(key)?),
    })
}

pub(super) fn verifier(alg: SigningAlg, key: &Jwk) -> Result<Box<dyn JwsVerifier>, Error> {
    Ok(match alg {
        SigningAlg::RS256 => Box::new(RS256.verifier_from_jwk(key)?),
        SigningAlg::PS256 => Box::new(PS256.verifier_from_jwk(key)?),
        SigningAlg::ES256 => Box::new(ES256.verifier_from_jwk(key)?),
        SigningAlg::EdDSA => Box::new(EdDSA.verifier_from_jwk(key)?),
    })
}

pub(super) fn encrypter(alg: EncryptionAlg, key: &Jwk) -> Result<Box<dyn JweEncrypter>, Error> {
    Ok(match alg {
        EncryptionAlg::RsaOaep256 => Box::new(RSA_OAEP_256.encrypter_from_jwk(key)?),
        EncryptionAlg::EcdhEs => Box::new(ECDH_ES.encrypter_from_jwk(key)?),
    })
}
