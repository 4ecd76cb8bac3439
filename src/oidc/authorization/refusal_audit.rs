//! The audit of authorization requests that were refused. `request` calls it. Such a request has no authenticated
//! sender, so only the first of each minute, kind and client is written (security.md LG-1; `App::record_refusal`). All are
//! counted for the owner of the client.

use std::sync::Arc;

use super::raw_request::RawRequest;
use super::response::Rejection;
use crate::app::App;
use crate::domain::actor::Context;
use crate::domain::client::Client;
use crate::domain::client_use::CountedUse;
use crate::domain::event::{Action, Event};
use crate::oidc::Error;

/// The name of the client in the audit trail if a request names no registered one.
pub const UNKNOWN: &str = "unknown";

/// Records a request that was refused. It is refused whether this is recorded or not.
pub async fn record(app: &App, context: &Context, raw: &RawRequest, rejection: &Rejection) {
    if let Some(client) = registered(app, raw) {
        let counted = match rejection {
            Rejection::Page(_) => CountedUse::RedirectUri,
            Rejection::Answer(_) => CountedUse::Request,
        };
        app.count_use(&client.id, counted);
    }
    let refusal = refusal(app, raw, rejection);
    if let Err(error) = app.record_refusal(context, refusal).await {
        tracing::warn!(%error, "a refused authorization request was not recorded");
    }
}

/// Records a request that was refused to the authenticated client that pushed it.
pub async fn record_pushed(app: &App, context: &Context, client: &Client, error: &Error) {
    app.count_use(&client.id, CountedUse::Request);
    let code = error.code().as_str();
    let refusal = refused(
        client.id.as_str(),
        Action::AuthorizationRefused,
        code,
        Some(error),
    );
    if let Err(error) = app.record_refusal(context, refusal).await {
        tracing::warn!(%error, "a refused authorization request was not recorded");
    }
}

fn registered(app: &App, raw: &RawRequest) -> Option<Arc<Client>> {
    raw.get("client_id").and_then(|id| app.registry.find(id))
}

fn refusal(app: &App, raw: &RawRequest, rejection: &Rejection) -> Event {
    let registered = registered(app, raw);
    let client = registered.as_ref().map_or(UNKNOWN, |it| it.id.as_str());
    let error = rejection.error();
    match rejection {
        Rejection::Page(reason) if registered.is_some() => {
            refused(client, Action::RedirectUriRefused, reason.description(), error)
        }
        Rejection::Page(reason) => refused(client, Action::AuthorizationRefused, reason.description(), error),
        Rejection::Answer(_) => {
            let code = error.map_or("", |it| it.code().as_str());
            refused(client, Action::AuthorizationRefused, code, error)
        }
    }
}

/// Makes the event, with the mismatch that the owner of the service has to compare.
fn refused(client: &str, action: Action, reason: &str, error: Option<&Error>) -> Event {
    let event = Event::new(action, format!("client:{client}")).failed(reason);
    match error.and_then(Error::mismatch) {
        Some(mismatch) => event.with(serde_json::json!(mismatch)),
        None => event,
    }
}
