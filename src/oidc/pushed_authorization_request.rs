//! Pushed authorization requests (RFC 9126): a client brings its request over its own connection, proved,
//! and the browser carries a reference only. Everything is checked at once; what the reference stands for
//! is the accepted request (security.md AZ-8, AZ-9). It may be opened again until it was answered.

use std::time::Duration;

use serde::Serialize;

use super::authorization::refusals;
use super::authorization::request::{self, Received};
use super::{Error, Parameters, Result, dpop};
use crate::app::App;
use crate::domain::actor::Context;
use crate::domain::authorization::AuthorizationRequest;
use crate::domain::client::Client;
use crate::domain::{ClientId, secret::Digest};
use crate::limits::Limit;
use crate::random;
use crate::storage::ephemeral::Kind;

/// RFC 9126 §2.2
const PREFIX: &str = "urn:ietf:params:oauth:request_uri:";

/// An answered reference is remembered for as long as anything that it opened may still wait: a pending
/// sign-up keeps its request for a day (security.md SU-5).
const REMEMBERED: Duration = Duration::from_hours(25);

/// RFC 9126 §2.2, to be sent with 201.
#[derive(Debug, Serialize)]
pub struct Pushed {
    pub request_uri: String,
    pub expires_in: u64,
}

/// One of our references, whatever has become of it.
pub fn is_reference(request_uri: &str) -> bool {
    request_uri.starts_with(PREFIX)
}

pub async fn push(
    app: &App,
    context: &Context,
    client: &Client,
    parameters: &Parameters,
    presented: &dpop::Presented,
) -> Result<Pushed> {
    if client.is_public() {
        // Nobody was proved: it counts as what a browser brings (security.md DS-3).
        app.limits.count(Limit::Interactions, &context.network).await?;
    }
    // Before anything is stored: who is asked for a nonce comes again (RFC 9449 §8).
    let bound_to = dpop::prove(app, presented, None).await?;
    let received = Received::pushed(client, parameters);
    let outcome = accept(app, &received, parameters)
        .await
        .and_then(|it| bound(it, bound_to));
    if let Err(error) = &outcome {
        refusals::record_pushed(app, context, client, error).await;
    }
    let request_uri = format!("{PREFIX}{}", random::token());
    let key = key(&client.id, &request_uri);
    let request = AuthorizationRequest {
        pushed: Some(key.clone()),
        ..outcome?
    };
    let lifetime = app.config.authorization.pushed_request;
    let content = serde_json::to_vec(&request).map_err(Error::internal)?;
    app.ephemeral
        .put(Kind::PushedRequest, &key, &content, lifetime)
        .await?;
    Ok(Pushed {
        request_uri,
        expires_in: lifetime.as_secs(),
    })
}

async fn accept(app: &App, received: &Received, parameters: &Parameters) -> Result<AuthorizationRequest> {
    if parameters.has("request_uri") {
        return Err(Error::invalid_request("request_uri cannot be pushed")); // RFC 9126 §2.1
    }
    request::accept(app, received)
        .await
        .map_err(request::Rejection::into_error)
}

/// RFC 9449 §10.1: a proof that comes along says which key the code is bound to.
fn bound(request: AuthorizationRequest, bound_to: Option<String>) -> Result<AuthorizationRequest> {
    match (&request.dpop_jkt, &bound_to) {
        (Some(named), Some(proved)) if named != proved => Err(Error::invalid_dpop_proof(
            "dpop_jkt names another key than the DPoP proof",
        )),
        _ => Ok(AuthorizationRequest {
            dpop_jkt: request.dpop_jkt.or(bound_to),
            ..request
        }),
    }
}

/// The request behind a reference, for the client that pushed it (RFC 9126 §4).
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
        // What prompt and max_age ask for is asked of whoever opens it.
        accepted_at: app.clock.now(),
        ..request
    })
}

/// Whether the request may be answered now. Of all that were opened by one reference, one may (G-8).
pub async fn is_first_answer(app: &App, request: &AuthorizationRequest) -> Result<bool> {
    let Some(key) = &request.pushed else {
        return Ok(true);
    };
    let store = &app.ephemeral;
    let first = store.put_new(Kind::AnsweredRequest, key, &[], REMEMBERED).await?;
    store.take(Kind::PushedRequest, key).await?;
    Ok(first)
}

/// The client is part of the key: another's reference is not found.
fn key(client: &ClientId, request_uri: &str) -> String {
    Digest::of(format!("{client}\n{request_uri}").as_bytes())
        .as_str()
        .to_owned()
}
