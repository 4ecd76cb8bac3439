//! Says who may do what with clients: administrators whose office is open and the operator everything, the owners of a
//! client what does not extend it (security.md AD-8). Every function of the room that a person may reach asks it,
//! whichever door they came through. Which members an owner leaves as they are is in `rules::owners`.

use super::ClientError;
use crate::accounts::second_factor::policy;
use crate::app::{App, Tx};
use crate::domain::actor::{Actor, Context};
use crate::domain::client::Client;
use crate::domain::powers::{self, Area};
use crate::domain::{AccountId, ClientId};
use crate::storage::client_owners;

/// Whoever may change a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::oidc) enum Editor {
    Administrator,
    /// One of its owners.
    Owner,
}

/// The clients that somebody sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Visible {
    All,
    Owned(Vec<ClientId>),
}

/// Returns the person who may own clients. A program acts by the powers of its token, and is nobody's deputy in this.
fn possible_owner(context: &Context) -> Option<&AccountId> {
    match &context.actor {
        Actor::Person { account, .. } => Some(account),
        _ => None,
    }
}

fn unknown(id: &ClientId) -> ClientError {
    ClientError::Unknown(id.clone())
}

/// Refuses everybody else, as if there were no such client (security.md G-4).
pub(in crate::oidc) async fn require_administrator(
    app: &App,
    context: &Context,
    id: &ClientId,
) -> Result<(), ClientError> {
    require(app, context, id, context.actor.administers(Area::Clients)).await
}

/// Does what `require_administrator` does, and admits programs that only read: for what owners do not see.
pub(super) async fn require_overseer(app: &App, context: &Context, id: &ClientId) -> Result<(), ClientError> {
    require(app, context, id, context.actor.oversees(Area::Clients)).await
}

/// Does what `require_administrator` does, and admits programs that only read, and the owners of the client.
pub(in crate::oidc) async fn require_reader(
    app: &App,
    context: &Context,
    id: &ClientId,
) -> Result<(), ClientError> {
    let may = context.actor.oversees(Area::Clients) || owns(app, context, id).await?;
    require(app, context, id, may).await
}

/// Refuses everybody who may not change the client, and says in which part whoever may is.
pub(in crate::oidc) async fn require_editor(
    app: &App,
    context: &Context,
    id: &ClientId,
) -> Result<Editor, ClientError> {
    let is_administrator = context.actor.administers(Area::Clients);
    let may = is_administrator || owns(app, context, id).await?;
    require(app, context, id, may).await?;
    Ok(if is_administrator {
        Editor::Administrator
    } else {
        Editor::Owner
    })
}

/// Requires in the transaction of a change that an owner still is one (G-9).
pub(super) async fn hold(tx: &Tx, editor: Editor, id: &ClientId) -> Result<(), ClientError> {
    let is_held = match (editor, possible_owner(tx.context())) {
        (Editor::Administrator, _) => true,
        (Editor::Owner, Some(account)) => client_owners::owns_to_rely_on(tx, id, account).await?,
        (Editor::Owner, None) => false,
    };
    if is_held { Ok(()) } else { Err(unknown(id)) }
}

/// Returns the clients that whoever asks may see; refuses those who see none.
pub(super) async fn visible(app: &App, context: &Context) -> Result<Visible, ClientError> {
    let nothing = ClientId::new("");
    if context.actor.oversees(Area::Clients) {
        require(app, context, &nothing, true).await?;
        return Ok(Visible::All);
    }
    let own = match possible_owner(context) {
        Some(account) => client_owners::list_clients(app.db.read(), account).await?,
        None => Vec::new(),
    };
    require(app, context, &nothing, !own.is_empty()).await?;
    Ok(Visible::Owned(own))
}

async fn owns(app: &App, context: &Context, id: &ClientId) -> Result<bool, ClientError> {
    match possible_owner(context) {
        Some(account) => Ok(client_owners::owns(app.db.read(), id, account).await?),
        None => Ok(false),
    }
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
        Err(unknown(id))
    }
}
