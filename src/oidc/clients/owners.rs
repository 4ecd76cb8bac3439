//! The owners of a client: people who look after it, named and removed by administrators (security.md AD-8). What an owner
//! may do is in `authority` and in `rules::owners`.

use super::ClientError;
use super::authority::{require_administrator, require_reader};
use super::lookup::{find, find_in};
use crate::accounts::notifications;
use crate::app::App;
use crate::domain::account::{Account, EmailAddress};
use crate::domain::actor::Context;
use crate::domain::event::{Action, Event};
use crate::domain::{AccountId, ClientId, Time};
use crate::paths;
use crate::storage::client_owners::{self, ClientOwner};
use crate::storage::{self, Reads, accounts};

/// The most owners of one client.
pub const MOST_OWNERS: u64 = 20;

/// A person who looks after a client, as administrators see them.
#[derive(Clone, Debug)]
pub struct Owner {
    pub account: Account,
    pub since: Time,
}

/// The way in which an administrator names a person.
#[derive(Clone, Copy, Debug)]
pub enum Whom<'a> {
    Email(&'a EmailAddress),
    Account(&'a AccountId),
}

/// Returns `true` if the person owns any client.
pub async fn owns_any(app: &App, account: &AccountId) -> Result<bool, ClientError> {
    Ok(client_owners::owns_any(app.db.read(), account).await?)
}

/// Lists the owners of a client, the first named first.
pub async fn owners(app: &App, context: &Context, id: &ClientId) -> Result<Vec<Owner>, ClientError> {
    require_reader(app, context, id).await?;
    find(app, id).await?;
    let db = app.db.read();
    let rows = client_owners::list_of_client(db, id).await?;
    let ids: Vec<AccountId> = rows.iter().map(|it| it.account.clone()).collect();
    let accounts = accounts::list_by_ids(db, &ids).await?;
    let owner = |row: ClientOwner| {
        let account = accounts.iter().find(|it| it.id == row.account)?;
        Some(Owner {
            account: account.clone(),
            since: row.named_at,
        })
    };
    Ok(rows.into_iter().filter_map(owner).collect())
}

/// Returns whom `add_owner` would name, or its refusal, and changes nothing.
pub async fn owner_candidate(
    app: &App,
    context: &Context,
    id: &ClientId,
    whom: &Whom<'_>,
) -> Result<Account, ClientError> {
    require_to_name(app, context, id).await?;
    find(app, id).await?;
    let db = app.db.read();
    let account = person(db, whom).await?;
    if client_owners::owns(db, id, &account.id).await? {
        return Err(ClientError::OwnerAlready);
    }
    Ok(account)
}

/// Names an owner, who is told by mail.
pub async fn add_owner(
    app: &App,
    context: &Context,
    id: &ClientId,
    whom: &Whom<'_>,
) -> Result<Account, ClientError> {
    require_to_name(app, context, id).await?;
    app.write(context, async |tx| {
        // Of several who name people at once, each counts those before.
        storage::clients::lock(tx, id).await?;
        let client = find_in(tx, id).await?;
        let account = person(tx, whom).await?;
        if client_owners::count_of_client(tx, id).await? >= MOST_OWNERS {
            return Err(ClientError::TooManyOwners);
        }
        let owner = ClientOwner {
            client: id.clone(),
            account: account.id.clone(),
            named_at: tx.now(),
            named_by: tx.context().actor.account().cloned(),
        };
        if !client_owners::insert(tx, &owner).await? {
            return Err(ClientError::OwnerAlready);
        }
        let event = Event::new(Action::ClientOwnerAdded, format!("client:{id}"));
        tx.record(event.about(&account.id).change(false, true)).await?;
        let path = Some(paths::admin_client(id));
        notifications::client_ownership(tx, &account, client.name(), path).await?;
        Ok(account)
    })
    .await
}

/// Removes an owner, who is told by mail.
pub async fn remove_owner(
    app: &App,
    context: &Context,
    id: &ClientId,
    account: &AccountId,
) -> Result<(), ClientError> {
    require_to_name(app, context, id).await?;
    app.write(context, async |tx| {
        let client = find_in(tx, id).await?;
        if !client_owners::delete(tx, id, account).await? {
            return Err(ClientError::NotAnOwner);
        }
        let event = Event::new(Action::ClientOwnerRemoved, format!("client:{id}"));
        tx.record(event.about(account).change(true, false)).await?;
        match accounts::find(tx, account).await?.filter(|it| !it.is_deleted()) {
            Some(account) => {
                notifications::client_ownership(tx, &account, client.name(), None).await?;
                Ok(())
            }
            None => Ok(()),
        }
    })
    .await
}

/// Requires an administrator after a recent login: it changes what somebody may do (SE-4).
async fn require_to_name(app: &App, context: &Context, id: &ClientId) -> Result<(), ClientError> {
    require_administrator(app, context, id).await?;
    if context.is_recent(app.clock.now()) {
        Ok(())
    } else {
        Err(ClientError::ReauthenticationNeeded)
    }
}

/// Finds the active account of a person.
pub(super) async fn person(db: &impl Reads, whom: &Whom<'_>) -> Result<Account, ClientError> {
    let found = match whom {
        Whom::Email(email) => accounts::find_by_email(db, &email.key()).await?,
        Whom::Account(account) => accounts::find(db, account).await?,
    };
    found.filter(Account::is_active).ok_or(ClientError::NoAccount)
}
