//! Chooses, checks and rotates the secrets of clients (security.md AD-2). The authentication of a client by one is not
//! here.

use super::ClientError;
use super::authority::{hold, require_editor, require_its_powers};
use super::error::SHORTEST_SECRET;
use super::lookup::find_in;
use crate::app::{App, Tx};
use crate::domain::actor::Context;
use crate::domain::client::{AuthMethod, Client, ClientSecret, Metadata};
use crate::domain::event::{Action, Event};
use crate::domain::secret::{Digest, Secret};
use crate::domain::{ClientId, Time};
use crate::random;
use crate::storage;

/// The time for which a replaced secret still works.
pub const OVERLAP: chrono::Duration = chrono::Duration::days(7);

/// A client that was just added or given a secret. Only now can the secret be read (security.md AD-2).
#[derive(Debug)]
pub struct Issued {
    pub client: Client,
    /// The secret; `None`: the client has none, or the caller brought it.
    pub secret: Option<Secret>,
}

/// Gives a client a new secret beside the old one, which works for seven days more.
pub async fn rotate_secret(
    app: &App,
    context: &Context,
    id: &ClientId,
    given: Option<Secret>,
) -> Result<Issued, ClientError> {
    let editor = require_editor(app, context, id).await?;
    let (client, secret, generated) = app
        .write(context, async |tx| {
            hold(tx, editor, id).await?;
            // G-9: the present method of authentication decides.
            let client = find_in(tx, id).await?;
            require_its_powers(context, &client)?;
            let (secret, generated) = choose_secret(id, &client.metadata, given.clone())?;
            let Some(secret) = secret else {
                let method = client
                    .metadata
                    .token_endpoint_auth_method
                    .unwrap_or(AuthMethod::None);
                return Err(ClientError::NoSecret(id.clone(), method));
            };
            replace_secret(tx, id, &secret).await?;
            Ok((find_in(tx, id).await?, secret, generated))
        })
        .await?;
    app.registry.refresh(app.db.read()).await?;
    Ok(Issued {
        client,
        secret: generated.then_some(secret),
    })
}

pub(in crate::oidc) async fn replace_secret(
    tx: &Tx,
    id: &ClientId,
    secret: &Secret,
) -> Result<(), ClientError> {
    replace_digest(tx, id, secret.digest()).await
}

/// Does so with a secret of which the digest alone is there.
pub(super) async fn replace_digest(tx: &Tx, id: &ClientId, digest: Digest) -> Result<(), ClientError> {
    storage::clients::retire_secrets(tx, id, tx.now() + OVERLAP).await?;
    storage::clients::insert_secret(tx, id, &stored(digest, tx.now())).await?;
    let event = Event::new(Action::ClientSecretRotated, format!("client:{id}"));
    Ok(tx.record(event).await?)
}

/// Returns the secret that a client starts with, and whether it was generated here.
pub(super) fn choose_secret(
    id: &ClientId,
    metadata: &Metadata,
    given: Option<Secret>,
) -> Result<(Option<Secret>, bool), ClientError> {
    match given {
        Some(_) if !metadata.uses_secret() => {
            let method = metadata.token_endpoint_auth_method.unwrap_or(AuthMethod::None);
            Err(ClientError::NoSecret(id.clone(), method))
        }
        Some(secret) => check_secret(&secret).map(|()| (Some(secret), false)),
        None => Ok((metadata.uses_secret().then(|| Secret::new(random::token())), true)),
    }
}

pub(super) fn check_secret(secret: &Secret) -> Result<(), ClientError> {
    let value = secret.expose();
    let plain = value
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"-_.~".contains(&b));
    if plain && (SHORTEST_SECRET..=256).contains(&value.len()) {
        Ok(())
    } else {
        Err(ClientError::WeakSecret)
    }
}

pub(super) fn stored(digest: Digest, now: Time) -> ClientSecret {
    ClientSecret {
        digest,
        created_at: now,
        expires_at: None,
    }
}

/// Returns `true` if the client needs a secret and has none. No client is left so.
pub(in crate::oidc) fn lacks_secret(client: &Client) -> bool {
    client.metadata.uses_secret() && client.secrets.is_empty()
}
