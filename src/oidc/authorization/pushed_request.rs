//! The stored half of pushed authorization requests (RFC 9126 §2.2, §4): the accepted request behind a `request_uri`,
//! and which of its openings was answered (security.md AZ-9, G-8). `pushed_authorization_request` keeps a request
//! here, `request` opens it, `interaction` answers it.

use std::time::Duration;

use crate::app::App;
use crate::domain::authorization::AuthorizationRequest;
use crate::domain::client::Client;
use crate::domain::{ClientId, secret::Digest};
use crate::oidc::{Error, Result};
use crate::random;
use crate::storage::ephemeral::Kind;

/// RFC 9126 §2.2
const PREFIX: &str = "urn:ietf:params:oauth:request_uri:";

/// The time for which an answered reference is remembered: as long as anything that it opened may still wait. A
/// pending sign-up keeps its request for a day (security.md SU-5).
const ANSWERED_KEPT: Duration = Duration::from_hours(25);

/// Returns `true` for a reference of ours, whether or not it still opens anything.
pub fn is_reference(request_uri: &str) -> bool {
    request_uri.starts_with(PREFIX)
}

/// Keeps an accepted request for its client and returns the `request_uri` that refers to it.
pub async fn keep(app: &App, client: &Client, request: AuthorizationRequest) -> Result<String> {
    let request_uri = format!("{PREFIX}{}", random::token());
    let key = key(&client.id, &request_uri);
    let request = AuthorizationRequest {
        pushed: Some(key.clone()),
        ..request
    };
    let content = serde_json::to_vec(&request).map_err(Error::internal)?;
    let lifetime = app.config.authorization.pushed_request;
    app.ephemeral
        .put(Kind::PushedRequest, &key, &content, lifetime)
        .await?;
    Ok(request_uri)
}

/// Returns the request behind a reference, for the client that pushed it (RFC 9126 §4).
pub async fn open(app: &App, client: &Client, request_uri: &str) -> Result<AuthorizationRequest> {
    let key = key(&client.id, request_uri);
    let store = &app.ephemeral;
    let answered = store.get(Kind::AnsweredRequest, &key).await?.is_some();
    let stored = store.get(Kind::PushedRequest, &key).await?.filter(|_| !answered);
    let stored = stored.ok_or_else(|| {
        Error::invalid_request_uri("request_uri is unknown, expired, answered or another client's")
    })?;
    let request: AuthorizationRequest = serde_json::from_slice(&stored).map_err(Error::internal)?;
    Ok(AuthorizationRequest {
        // The times of prompt and max_age count from now: they ask something of whoever opens the request.
        accepted_at: app.clock.now(),
        ..request
    })
}

/// Returns `true` if the request may be answered now. Of all that were opened by one reference, one may (G-8).
pub async fn is_first_answer(app: &App, request: &AuthorizationRequest) -> Result<bool> {
    let Some(key) = &request.pushed else {
        return Ok(true);
    };
    let store = &app.ephemeral;
    let first = store
        .put_new(Kind::AnsweredRequest, key, &[], ANSWERED_KEPT)
        .await?;
    store.take(Kind::PushedRequest, key).await?;
    Ok(first)
}

/// Returns the key of a reference. The client is part of it: another's reference is not found.
fn key(client: &ClientId, request_uri: &str) -> String {
    Digest::of(format!("{client}\n{request_uri}").as_bytes())
        .as_str()
        .to_owned()
}
