//! Sender-constrained tokens: they are bound to the key of a client's DPoP proofs (RFC 9449) or to its certificate
//! (RFC 8705 §3), so that a stolen one is worth nothing. [`verify`] is for endpoints that issue tokens, [`admit`] for
//! those that take them.

use super::{Error, Result, dpop};
use crate::app::App;
use crate::certificates::Certificate;
use crate::domain::client::Client;
use crate::domain::token::Confirmation;

/// The proof that a request presents: by the key or the certificate that its client holds.
#[derive(Clone, Debug, Default)]
pub struct PresentedProof {
    /// The DPoP header, if there is one; not verified yet.
    pub dpop: dpop::DpopHeader,
    /// The certificate that the handshake verified.
    pub certificate: Option<Certificate>,
}

/// Verifies the proof of an authenticated client and returns what its tokens are bound to: the key or certificate that
/// its registration requires, or the key whose proof it sent.
pub async fn verify(app: &App, client: &Client, proof: &PresentedProof) -> Result<Option<Confirmation>> {
    if !client.metadata.tls_client_certificate_bound_access_tokens {
        let key = dpop::verify_for(app, client, &proof.dpop).await?;
        return Ok(key.map(Confirmation::Key));
    }
    match &proof.certificate {
        Some(certificate) => Ok(Some(Confirmation::Certificate(certificate.thumbprint()))),
        // The refusal comes before the grant is touched: the client can come again with the same code.
        None => Err(Error::invalid_request(
            "This client's tokens are bound to its certificate, which did not come",
        )),
    }
}

/// Admits the bearer of a token at a resource, or refuses them (RFC 9449 §7.1, RFC 8705 §3). `scheme` is in lower
/// case.
pub async fn admit(
    app: &App,
    proof: &PresentedProof,
    scheme: &str,
    token: &str,
    confirmation: Option<&Confirmation>,
) -> Result<()> {
    let by_proof = scheme.eq_ignore_ascii_case(dpop::SCHEME);
    match (confirmation, by_proof) {
        (None, false) => Ok(()),
        (Some(Confirmation::Key(_)), false) => {
            Err(Error::unusable_token("a bound access token without its scheme"))
        }
        (None | Some(Confirmation::Certificate(_)), true) => {
            Err(Error::unusable_token("an access token that is bound to no key"))
        }
        (Some(Confirmation::Key(key)), true) => match dpop::verify(app, &proof.dpop, Some(token)).await? {
            Some(thumbprint) if thumbprint == *key => Ok(()),
            Some(_) => Err(Error::unusable_token("an access token bound to another key")),
            None => Err(Error::invalid_dpop_proof("A DPoP proof is needed")),
        },
        (Some(Confirmation::Certificate(bound_to)), false) => match &proof.certificate {
            Some(certificate) if certificate.thumbprint() == *bound_to => Ok(()),
            Some(_) => Err(Error::unusable_token(
                "an access token bound to another certificate",
            )),
            None => Err(Error::unusable_token(
                "a bound access token without its certificate",
            )),
        },
    }
}
