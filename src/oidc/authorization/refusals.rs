//! What the audit trail keeps of requests that were not accepted: nobody is known to have sent them,
//! so the first of each minute, kind and client is written and no more (security.md LG-1).

use std::time::Duration;

use super::request::{self, Received, Rejection};
use crate::app::App;
use crate::audit;
use crate::domain::actor::Context;
use crate::domain::authorization::AuthorizationRequest;
use crate::domain::client::Client;
use crate::domain::event::{Action, Event};
use crate::limits::Limit;
use crate::oidc::{Error, Result, pushed_authorization_request};
use crate::storage::ephemeral::Kind;

const WRITTEN_ONCE_IN: Duration = Duration::from_secs(60);

/// Accepts a request, or refuses it and writes that down.
pub async fn accept(
    app: &App,
    context: &Context,
    received: &Received,
) -> Result<AuthorizationRequest, Rejection> {
    let outcome = match may_fetch(app, context, received).await {
        Ok(()) => request::accept(app, received).await,
        Err(error) => Err(Rejection::Page(error)),
    };
    if let Err(rejection) = &outcome
        && let Err(error) = record(app, context, received, rejection).await
    {
        // The refusal stands, written down or not.
        tracing::warn!(%error, "a refused authorization request was not recorded");
    }
    outcome
}

/// Whoever opens an address with a foreign `request_uri` makes this service go there: so many per network
/// (security.md DS-2).
async fn may_fetch(app: &App, context: &Context, received: &Received) -> Result<()> {
    let foreign = received
        .get("request_uri")
        .filter(|it| !pushed_authorization_request::is_reference(it));
    match foreign.filter(|_| app.config.authorization.request_uri) {
        Some(_) => Ok(app.limits.count(Limit::Interactions, &context.network).await?),
        None => Ok(()),
    }
}

/// The same of a request that a client, which was proved, has pushed.
pub async fn record_pushed(app: &App, context: &Context, client: &Client, error: &Error) {
    let object = format!("client:{}", client.id);
    let reason = error.code().as_str();
    let written = write_once(app, context, object, Action::AuthorizationRefused, reason).await;
    if let Err(error) = written {
        tracing::warn!(%error, "a refused authorization request was not recorded");
    }
}

async fn record(app: &App, context: &Context, received: &Received, rejection: &Rejection) -> Result<()> {
    let known = received.get("client_id").and_then(|id| app.registry.find(id));
    let object = known.as_ref().map_or_else(
        || "client:unknown".to_owned(),
        |client| format!("client:{}", client.id),
    );
    let (action, reason) = match rejection {
        Rejection::Page(error) if known.is_some() => (Action::RedirectUriRefused, error.description()),
        Rejection::Page(error) => (Action::AuthorizationRefused, error.description()),
        Rejection::Answer(answer) => {
            let code = answer.error.as_ref().map_or("", |it| it.code().as_str());
            (Action::AuthorizationRefused, code)
        }
    };
    write_once(app, context, object, action, reason).await
}

async fn write_once(
    app: &App,
    context: &Context,
    object: String,
    action: Action,
    reason: &str,
) -> Result<()> {
    let now = app.clock.now();
    let minute = format!("audit {} {object} {}", action.as_str(), now.timestamp() / 60);
    let first = app
        .ephemeral
        .put_new(Kind::Counter, &minute, &[], WRITTEN_ONCE_IN)
        .await;
    match first {
        Ok(true) => {}
        Ok(false) => return Ok(()),
        // The refusal is told and logged all the same; what is not counted does not fill the trail (ST-1).
        Err(unreachable) => {
            unreachable.pass_over("the record of a refusal");
            return Ok(());
        }
    }
    let event = Event::new(action, object).failed(reason);
    app.db
        .write(async |tx| Ok::<_, Error>(audit::record(tx, now, context, event).await?))
        .await
}
