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

/// In the trail, the client of a request that names none that is known.
pub const UNKNOWN: &str = "unknown";

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
    let refusal = refused(
        client.id.as_str(),
        Action::AuthorizationRefused,
        error.code().as_str(),
        Some(error),
    );
    if let Err(error) = write_once(app, context, refusal).await {
        tracing::warn!(%error, "a refused authorization request was not recorded");
    }
}

async fn record(app: &App, context: &Context, received: &Received, rejection: &Rejection) -> Result<()> {
    let known = received.get("client_id").and_then(|id| app.registry.find(id));
    let client = known.as_ref().map_or(UNKNOWN, |it| it.id.as_str());
    let error = rejection.error();
    let refusal = match rejection {
        Rejection::Page(it) if known.is_some() => {
            refused(client, Action::RedirectUriRefused, it.description(), error)
        }
        Rejection::Page(it) => refused(client, Action::AuthorizationRefused, it.description(), error),
        Rejection::Answer(_) => {
            let code = error.map_or("", |it| it.code().as_str());
            refused(client, Action::AuthorizationRefused, code, error)
        }
    };
    write_once(app, context, refusal).await
}

/// With what the owner of the service has to compare.
fn refused(client: &str, action: Action, reason: &str, error: Option<&Error>) -> Event {
    let event = Event::new(action, format!("client:{client}")).failed(reason);
    match error.and_then(Error::mismatch) {
        Some(it) => event.with(serde_json::json!(it)),
        None => event,
    }
}

async fn write_once(app: &App, context: &Context, event: Event) -> Result<()> {
    let now = app.clock.now();
    let (action, object) = (event.action.as_str(), &event.object);
    let minute = format!("audit {action} {object} {}", now.timestamp() / 60);
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
    app.db
        .write(async |tx| Ok::<_, Error>(audit::record(tx, now, context, event.clone()).await?))
        .await
}
