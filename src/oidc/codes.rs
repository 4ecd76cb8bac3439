//! Authorization codes: issued once, taken once, remembered as spent (RFC 6749 §4.1.2; security.md
//! TK-1, TK-2, G-8). Only their digests are kept.

use super::{Error, Result};
use crate::app::App;
use crate::domain::authorization::Grant;
use crate::domain::client::Client;
use crate::domain::{AuthorizationId, ClientId, secret::Digest};
use crate::oidc::retention::SPENT_KEPT;
use crate::random;
use crate::storage::ephemeral::Kind;

/// The outcome of presenting a code.
#[derive(Debug)]
pub enum Taken {
    /// The grant of the one redemption: whatever comes of it, there is no second.
    Grant(Box<Grant>),
    /// A second presentation: all that descends from the authorization is to end (TK-2).
    Spent(AuthorizationId),
    /// The code was never issued to this client, or has expired.
    Unknown,
}

pub async fn issue(app: &App, client: &Client, grant: &Grant) -> Result<String> {
    let code = format!("ac_{}", random::token());
    let content = serde_json::to_vec(grant).map_err(Error::internal)?;
    app.ephemeral
        .put(
            Kind::Code,
            &key(&grant.client_id, &code),
            &content,
            client.code_lifetime(app.config.tokens.authorization_code),
        )
        .await
        .map_err(Error::from)?;
    Ok(code)
}

/// Spends a code for its client, which has been authenticated. Of any number of parallel calls one
/// is given the grant: the tombstone that only one can set decides.
pub async fn take(app: &App, code: &str, client: &ClientId) -> Result<Taken> {
    let key = key(client, code);
    let store = &app.ephemeral;
    let Some(content) = store.get(Kind::Code, &key).await.map_err(Error::from)? else {
        return Ok(
            match store.get(Kind::SpentCode, &key).await.map_err(Error::from)? {
                Some(id) => Taken::Spent(authorization(&id)),
                None => Taken::Unknown,
            },
        );
    };
    let grant: Grant = serde_json::from_slice(&content).map_err(Error::internal)?;
    let remembered = app.config.tokens.authorization_code + SPENT_KEPT;
    let id = grant.authorization_id.as_str().as_bytes();
    let first = store
        .put_new(Kind::SpentCode, &key, id, remembered)
        .await
        .map_err(Error::from)?;
    if !first {
        return Ok(Taken::Spent(grant.authorization_id));
    }
    store.take(Kind::Code, &key).await.map_err(Error::from)?;
    Ok(Taken::Grant(Box::new(grant)))
}

/// Returns the authorization of a code that waits for its redemption, so that all that will descend from it can be ended.
pub async fn authorization_of(app: &App, code: &str, client: &ClientId) -> Result<Option<AuthorizationId>> {
    let found = app.ephemeral.get(Kind::Code, &key(client, code)).await;
    let Some(content) = found.map_err(Error::from)? else {
        return Ok(None);
    };
    let grant: Grant = serde_json::from_slice(&content).map_err(Error::internal)?;
    Ok(Some(grant.authorization_id))
}

/// Returns `true` if the code still waits for its redemption.
pub async fn is_unredeemed(app: &App, code: &str, client: &ClientId) -> Result<bool> {
    let found = app.ephemeral.get(Kind::Code, &key(client, code)).await;
    Ok(found.map_err(Error::from)?.is_some())
}

/// Returns the key of a code. The client is part of it: another's code is not found, and so cannot be spent for it.
fn key(client: &ClientId, code: &str) -> String {
    Digest::of(format!("{client}\n{code}").as_bytes())
        .as_str()
        .to_owned()
}

fn authorization(id: &[u8]) -> AuthorizationId {
    AuthorizationId::new(String::from_utf8_lossy(id))
}
