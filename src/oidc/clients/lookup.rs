//! Finds clients in the database, for whoever changes them. Requests of the protocol ask the registry of `app`.

use super::ClientError;
use crate::app::{App, Tx};
use crate::domain::ClientId;
use crate::domain::client::Client;
use crate::storage;

pub async fn find(app: &App, id: &ClientId) -> Result<Client, ClientError> {
    let found = storage::clients::find(app.db.read(), id).await?;
    found.ok_or_else(|| ClientError::Unknown(id.clone()))
}

pub(in crate::oidc) async fn find_in(tx: &Tx, id: &ClientId) -> Result<Client, ClientError> {
    let found = storage::clients::find(tx, id).await?;
    found.ok_or_else(|| ClientError::Unknown(id.clone()))
}

pub async fn list(app: &App) -> Result<Vec<Client>, ClientError> {
    Ok(storage::clients::list(app.db.read()).await?)
}
