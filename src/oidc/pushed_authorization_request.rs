//! The pushed authorization request endpoint (RFC 9126): an authenticated client brings its request over its own
//! connection, and the browser carries a reference only. Everything is checked at once, so the reference is to an
//! accepted request (security.md AZ-8, AZ-9). `authorization/pushed_request.rs` keeps it.

use serde::Serialize;

use super::authorization::{pushed_request, request};
use super::{Parameters, Result, dpop};
use crate::app::App;
use crate::domain::actor::Context;
use crate::domain::client::Client;
use crate::limits::Limit;

/// The answer of RFC 9126 §2.2, to be sent with 201.
#[derive(Debug, Serialize)]
pub struct Pushed {
    pub request_uri: String,
    pub expires_in: u64,
}

pub async fn push(
    app: &App,
    context: &Context,
    client: &Client,
    parameters: &Parameters,
    proof: &dpop::DpopHeader,
) -> Result<Pushed> {
    if client.is_public() {
        // DS-3: a public client does not authenticate, so its request counts as one that a browser brings.
        app.limits.count(Limit::Interactions, &context.network).await?;
    }
    // RFC 9449 §8: the proof is verified before anything is stored, since a client without a nonce comes again.
    let bound_to = dpop::verify(app, proof, None).await?;
    let request = request::accept_pushed(app, context, client, parameters, bound_to).await?;
    Ok(Pushed {
        request_uri: pushed_request::keep(app, client, request).await?,
        expires_in: app.config.authorization.pushed_request.as_secs(),
    })
}
