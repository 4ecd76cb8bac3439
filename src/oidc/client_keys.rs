//! What a client signed, proved with the keys it registered: those in its metadata, or those at its
//! `jwks_uri`, which are fetched again once when none of them fits (OpenID Connect Core §10.1.1,
//! RFC 7591 §2; security.md JW-2, DR-3).

use serde_json::Value;

use crate::app::App;
use crate::domain::client::Client;
use crate::jose::client::{Expect, Refusal, verify};
use crate::jose::{ClientKeys, RemoteError};

/// Why what came is not the client's; for the log.
#[derive(Debug, thiserror::Error)]
pub enum Unproved {
    #[error(transparent)]
    Refusal(#[from] Refusal),
    #[error("the client has no readable keys")]
    NoKeys,
    #[error(transparent)]
    Remote(#[from] RemoteError),
}

/// The claims of a JWS that the client has signed.
pub async fn prove(app: &App, client: &Client, jws: &str, expect: Expect<'_>) -> Result<Value, Unproved> {
    let metadata = &client.metadata;
    let Some(address) = metadata.jwks_uri.as_deref() else {
        let set = metadata.jwks.as_ref().ok_or(Unproved::NoKeys)?;
        let keys = ClientKeys::parse(set).map_err(|_| Unproved::NoKeys)?;
        return Ok(verify(jws, &keys, expect)?);
    };
    let known = app.client_keys.at(address).await?;
    let refusal = match verify(jws, &known, expect) {
        // A key with a new name, or, where keys have no names, one that was exchanged.
        Err(it @ (Refusal::UnknownKey | Refusal::Signature)) => it,
        other => return Ok(other?),
    };
    match app.client_keys.after(&known, address).await {
        Some(keys) => Ok(verify(jws, &keys, expect)?),
        None => Err(refusal.into()),
    }
}
