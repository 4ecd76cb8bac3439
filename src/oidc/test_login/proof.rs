//! The keys of a test login: made for it, kept nowhere, and gone with it. They bind its tokens where those of the client are
//! bound to a key or a certificate that only the client has (RFC 9449, RFC 8705 §3).

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::app::App;
use crate::certificates::{Certificate, temporary};
use crate::domain::client::{Client, SigningAlg};
use crate::domain::signing_key::{Family, SigningKey};
use crate::jose::{self, KeyPair, jws};
use crate::oidc::sender_constraint::PresentedProof;
use crate::oidc::{Error, Result, dpop};
use crate::random;

/// The name of the temporary certificate.
const NAME: &str = "test login";

#[derive(Default)]
pub struct Proof {
    key: Option<KeyPair>,
    certificate: Option<Certificate>,
}

impl Proof {
    /// Makes what the tokens of this client are bound to.
    pub fn new(app: &App, client: &Client) -> Result<Self> {
        let metadata = &client.metadata;
        let key = if metadata.dpop_bound_access_tokens {
            Some(key(app)?)
        } else {
            None
        };
        let certificate = if metadata.tls_client_certificate_bound_access_tokens {
            let made = temporary::make(NAME, app.clock.now());
            Some(made.ok_or_else(|| Error::internal("no temporary certificate can be made"))?)
        } else {
            None
        };
        Ok(Self { key, certificate })
    }

    /// Returns `true` if its requests have the header DPoP.
    pub fn is_dpop(&self) -> bool {
        self.key.is_some()
    }

    /// Makes what a request to this URL presents, at a resource for this access token.
    pub fn of(
        &self,
        app: &App,
        (method, url): (&str, &str),
        access_token: Option<&str>,
    ) -> Result<PresentedProof> {
        let proof = match &self.key {
            Some(key) => Some(dpop_proof(app, key, (method, url), access_token)?),
            None => None,
        };
        Ok(PresentedProof {
            dpop: dpop::DpopHeader {
                proof,
                unreadable: false,
                method: method.to_owned(),
                url: url.to_owned(),
            },
            certificate: self.certificate.clone(),
        })
    }
}

fn key(app: &App) -> Result<KeyPair> {
    let now = app.clock.now();
    let row = SigningKey {
        kid: String::new(),
        family: Family::P256,
        created_at: now,
        active_from: now,
        revoked_at: None,
    };
    // An elliptic curve has no choice of size.
    let private = jose::generate(Family::P256, 0).map_err(Error::internal)?;
    KeyPair::read(row, &private).map_err(Error::internal)
}

/// Makes a DPoP proof (RFC 9449 §4.2).
fn dpop_proof(
    app: &App,
    key: &KeyPair,
    (method, url): (&str, &str),
    access_token: Option<&str>,
) -> Result<String> {
    let jwk: Value = ["kty", "crv", "x", "y"]
        .into_iter()
        .map(|name| (name.to_owned(), key.public[name].clone()))
        .collect();
    let header = json!({"typ": "dpop+jwt", "alg": SigningAlg::ES256.as_str(), "jwk": jwk});
    let mut claims =
        json!({"jti": random::token(), "htm": method, "htu": url, "iat": app.clock.now().timestamp()});
    if app.config.tokens.dpop_nonces {
        claims["nonce"] = dpop::nonce(app)?.into();
    }
    if let Some(token) = access_token {
        claims["ath"] = jws::encode(Sha256::digest(token)).into();
    }
    let signed = format!(
        "{}.{}",
        jws::encode(header.to_string()),
        jws::encode(claims.to_string())
    );
    let signature = key.sign(SigningAlg::ES256, signed.as_bytes());
    let signature = signature.map_err(Error::internal)?;
    Ok(format!("{signed}.{}", jws::encode(signature)))
}
