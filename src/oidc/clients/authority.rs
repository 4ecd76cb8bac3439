//! Says who administers clients: administrators whose office is open, and the operator. Every function of the room that
//! a person may reach asks it, whichever door they came through.

use super::ClientError;
use crate::accounts::second_factor::policy;
use crate::app::App;
use crate::domain::ClientId;
use crate::domain::actor::Context;
use crate::domain::client::Client;
use crate::domain::powers::{self, Area};

/// Refuses everybody else, as if there were no such client (security.md G-4).
pub(in crate::oidc) async fn require_administrator(
    app: &App,
    context: &Context,
    id: &ClientId,
) -> Result<(), ClientError> {
    require(app, context, id, context.actor.administers(Area::Clients)).await
}

/// Does what `require_administrator` does, and admits programs that only read.
pub(in crate::oidc) async fn require_reader(
    app: &App,
    context: &Context,
    id: &ClientId,
) -> Result<(), ClientError> {
    require(app, context, id, context.actor.oversees(Area::Clients)).await
}

/// Refuses whoever has less power than this client: who gives it a scope, its addresses, keys or secret, or admits it
/// again, could act as it (security.md AD-1). A program has the powers of its token.
pub(super) fn require_its_powers(context: &Context, client: &Client) -> Result<(), ClientError> {
    let mut values = client.scope().iter();
    let lacking =
        values.find(|it| powers::of_registration(it).is_some_and(|power| !context.actor.has(power)));
    match lacking {
        Some(value) => Err(ClientError::MorePowerful(client.id.clone(), value.to_owned())),
        None => Ok(()),
    }
}

async fn require(app: &App, context: &Context, id: &ClientId, may: bool) -> Result<(), ClientError> {
    // G-11: what cannot be decided is refused.
    let is_closed = policy::closes_office(app, context).await.unwrap_or(true);
    if may && !is_closed {
        Ok(())
    } else {
        Err(ClientError::Unknown(id.clone()))
    }
}
