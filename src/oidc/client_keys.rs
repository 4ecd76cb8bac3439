//! The keys that a client registered: they verify what it signed, and encrypt what is for it alone.
//! They are those in its metadata, or those at its `jwks_uri`, which are fetched again once when none of
//! them fits (OpenID Connect Core §10.1.1, §10.2.1, RFC 7591 §2; security.md JW-2, DR-3).

use serde_json::Value;

use super::Error;
use crate::app::App;
use crate::domain::client::{Client, Encryption};
use crate::jose::jwe::{self, Content};
use crate::jose::jws::{self, Expect, Refusal};
use crate::jose::{ClientKeys, RemoteError};

/// The reason why a JWS is not the client's, for the log.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    #[error(transparent)]
    Refusal(#[from] Refusal),
    #[error("the client has no readable keys")]
    NoKeys,
    #[error(transparent)]
    Remote(#[from] RemoteError),
}

/// Verifies a JWS by the keys of the client and returns its claims.
pub async fn verify(app: &App, client: &Client, jws: &str, expect: Expect<'_>) -> Result<Value, VerifyError> {
    let metadata = &client.metadata;
    let Some(address) = metadata.jwks_uri.as_deref() else {
        let set = metadata.jwks.as_ref().ok_or(VerifyError::NoKeys)?;
        let keys = ClientKeys::parse(set).map_err(|_| VerifyError::NoKeys)?;
        return Ok(jws::verify(jws, &keys, expect)?);
    };
    let cached = app.client_keys.at(address).await?;
    let refusal = match jws::verify(jws, &cached, expect) {
        // The client may have a key with a new name, or, where keys have no names, one that was exchanged.
        Err(refusal @ (Refusal::UnknownKey | Refusal::Signature)) => refusal,
        other => return Ok(other?),
    };
    match app.client_keys.after(&cached, address).await {
        Some(keys) => Ok(jws::verify(jws, &keys, expect)?),
        None => Err(refusal.into()),
    }
}

/// Encrypts content to the client. Without a key of the client nothing is sent, least of all in plain.
pub async fn encrypt(
    app: &App,
    client: &Client,
    content: Content<'_>,
    how: Encryption,
) -> super::Result<String> {
    let keys = recipient(app, client, how).await?;
    let encrypted = jwe::encrypt(content, &keys, how).map_err(Error::internal)?;
    encrypted.ok_or_else(|| no_key(how))
}

/// Refuses, before anything is spent, an ID token that could not be sent.
pub async fn ready_for_id_token(app: &App, client: &Client) -> super::Result<()> {
    if let Some(how) = client.metadata.id_token_encryption() {
        recipient(app, client, how).await?;
    }
    Ok(())
}

/// Returns the keys of the client, of which at least one can be encrypted to.
async fn recipient(app: &App, client: &Client, how: Encryption) -> super::Result<ClientKeys> {
    let fits = |it: &ClientKeys| it.can_be_encrypted_to_by(how.alg);
    let metadata = &client.metadata;
    let keys = match metadata.jwks_uri.as_deref() {
        None => metadata.jwks.as_ref().and_then(|it| ClientKeys::parse(it).ok()),
        Some(address) => {
            let cached = app.client_keys.at(address).await.map_err(|source| {
                let description = "The keys at the jwks_uri of the client could not be read";
                Error::invalid_client_metadata(description).caused_by(source)
            })?;
            if fits(&cached) {
                Some(cached)
            } else {
                app.client_keys.after(&cached, address).await
            }
        }
    };
    keys.filter(fits).ok_or_else(|| no_key(how))
}

/// Returns the error that what the client registered cannot be done: RFC 7591 §3.2.2 has the only name for it.
fn no_key(how: Encryption) -> Error {
    let description = format!("The client has no key to which {} could encrypt", how.alg);
    Error::invalid_client_metadata(description)
}

/// Returns `true` if the JWK set of the client fits. A set at its `jwks_uri` is fetched again once.
pub async fn any(app: &App, client: &Client, is_in: impl Fn(&Value) -> bool) -> Result<bool, VerifyError> {
    let metadata = &client.metadata;
    let Some(address) = metadata.jwks_uri.as_deref() else {
        return metadata.jwks.as_ref().map(is_in).ok_or(VerifyError::NoKeys);
    };
    let cached = app.client_keys.at(address).await?;
    if is_in(cached.set()) {
        return Ok(true);
    }
    let fetched = app.client_keys.after(&cached, address).await;
    Ok(fetched.is_some_and(|it| is_in(it.set())))
}
