//! A client's proofs that it holds a key (RFC 9449 §4.2), made by its own hand.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{ISSUER, Signer, TestOp};

/// A client's key for proofs, and the claims that it puts into them.
pub struct Prover<'a> {
    op: &'a TestOp,
    pub signer: Signer,
}

impl<'a> Prover<'a> {
    pub fn new(op: &'a TestOp) -> Self {
        let signer = Signer::new("ES256");
        Self { op, signer }
    }

    pub fn header(&self) -> Value {
        json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": self.signer.public()})
    }

    pub fn claims(&self, method: &str, path: &str, token: Option<&str>) -> Value {
        let mut claims = json!({
            "htm": method, "htu": format!("{ISSUER}{path}"), "jti": itu_account::random::token(),
            "iat": self.op.clock.now().timestamp(),
        });
        if let Some(token) = token {
            claims["ath"] = URL_SAFE_NO_PAD.encode(Sha256::digest(token)).into();
        }
        claims
    }

    pub fn proves(&self, method: &str, path: &str, token: Option<&str>) -> String {
        self.signer
            .signs_as(&self.header(), &self.claims(method, path, token))
    }

    /// Computes the thumbprint (RFC 7638) by hand.
    pub fn thumbprint(&self) -> String {
        let jwk = self.signer.public();
        let text = format!(
            "{{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":{},\"y\":{}}}",
            jwk["x"], jwk["y"]
        );
        URL_SAFE_NO_PAD.encode(Sha256::digest(text))
    }
}
