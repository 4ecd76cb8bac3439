//! Adds, changes and removes clients. Every change is one transaction with its audit record (security.md G-9, LG-1).
//! This process sees it at once, others when they compare the counter of changes. Rules are not here (`rules`), nor is
//! the rotation of secrets (`secrets`).

use super::ClientError;
use super::authority::{Editor, hold, require_administrator, require_editor, require_its_powers};
use super::lookup::{find, find_in};
use super::rules::{self, Problem};
use super::secrets::{Issued, choose_secret, stored};
use crate::app::{App, Tx};
use crate::domain::actor::Context;
use crate::domain::client::{AdministratorSettings, Client, Definition, Metadata, Origin, Version};
use crate::domain::event::{Action, Event};
use crate::domain::{ClientId, Time, secret::Secret};
use crate::random;
use crate::storage;

/// Describes a client that is to be added.
#[derive(Debug)]
pub struct NewClient {
    /// The identifier; `None`: one is generated.
    pub id: Option<ClientId>,
    pub registration: Registration,
    /// The secret; `None`: one is generated, if the client has a use for it.
    pub secret: Option<Secret>,
}

/// Says who registers a client, and what they can say of it. A client cannot set what administrators decide.
#[derive(Debug)]
pub enum Registration {
    ByAdministrator(Definition),
    ByClient(Metadata),
}

impl Registration {
    fn check(&self, id: &ClientId) -> Result<(), Vec<Problem>> {
        match self {
            Self::ByAdministrator(definition) => rules::check_definition(id, definition),
            Self::ByClient(metadata) => rules::check_metadata(id, metadata, &Definition::default()),
        }
    }

    fn into_parts(self) -> (Origin, Definition) {
        match self {
            Self::ByAdministrator(definition) => (Origin::Administrator, definition),
            Self::ByClient(metadata) => {
                let settings = AdministratorSettings::default();
                (Origin::Registration, Definition { metadata, settings })
            }
        }
    }
}

/// Adds a client, and returns its secret if one was generated.
pub async fn add(app: &App, context: &Context, new: NewClient) -> Result<Issued, ClientError> {
    let by_administrator = matches!(new.registration, Registration::ByAdministrator(_));
    if by_administrator {
        let id = new.id.clone().unwrap_or_else(|| ClientId::new(""));
        require_administrator(app, context, &id).await?;
    }
    let now = app.clock.now();
    let issued = make(new, now)?;
    if by_administrator {
        require_its_powers(context, &issued.client)?;
    }
    rules::check_remote(app, &issued.client.metadata, None)
        .await
        .map_err(ClientError::Invalid)?;
    let client = &issued.client;
    app.write(context, async |tx| {
        if storage::clients::find(tx, &client.id).await?.is_some() {
            return Err(ClientError::Exists(client.id.clone()));
        }
        insert(tx, client).await
    })
    .await?;
    app.registry.refresh(app.db.read()).await?;
    Ok(issued)
}

/// Makes a client with its first secret, without storing it.
pub(in crate::oidc) fn make(new: NewClient, now: Time) -> Result<Issued, ClientError> {
    let id = new.id.unwrap_or_else(new_id);
    new.registration.check(&id).map_err(ClientError::Invalid)?;
    let (origin, Definition { metadata, settings }) = new.registration.into_parts();
    let (secret, generated) = choose_secret(&id, &metadata, new.secret)?;
    Ok(Issued {
        client: Client {
            id,
            enabled: true,
            origin,
            metadata,
            settings,
            secrets: secret.iter().map(|it| stored(it.digest(), now)).collect(),
            created_at: now,
            updated_at: now,
        },
        secret: secret.filter(|_| generated),
    })
}

/// Describes what an administrator or an owner makes of a client that they have read.
#[derive(Debug)]
pub struct Update {
    pub id: ClientId,
    /// The version that they have read.
    pub seen: Version,
    pub definition: Definition,
    pub enabled: bool,
}

impl Update {
    /// Leaves the client as it was read.
    pub fn of(client: &Client) -> Self {
        Self {
            id: client.id.clone(),
            seen: client.version(),
            definition: client.definition(),
            enabled: client.enabled,
        }
    }
}

/// Changes what an administrator registered of a client and whether it is enabled, in one transaction. Refuses if
/// anybody changed it since it was read (security.md G-9), and what an owner leaves to administrators (AD-8). A client that
/// no longer has a use for secrets loses them.
pub async fn update(app: &App, context: &Context, update: Update) -> Result<Client, ClientError> {
    let Update { id, seen, .. } = &update;
    let editor = require_editor(app, context, id).await?;
    let before = as_seen(find(app, id).await?, *seen)?;
    if editor == Editor::Owner {
        check_of_owner(app, &before, &update)?;
    }
    rules::check_definition(id, &update.definition).map_err(ClientError::Invalid)?;
    rules::check_remote(app, &update.definition.metadata, Some(&before.metadata))
        .await
        .map_err(ClientError::Invalid)?;
    let client = app
        .write(context, async |tx| {
            hold(tx, editor, id).await?;
            let before = as_seen(find_in(tx, id).await?, *seen)?;
            require_its_powers(context, &before)?;
            let Definition { metadata, settings } = by_administrator(&before, update.definition.clone());
            let after = Client {
                metadata,
                settings,
                enabled: update.enabled,
                ..before.clone()
            };
            require_its_powers(context, &after)?;
            change(tx, &before, after).await
        })
        .await?;
    app.registry.refresh(app.db.read()).await?;
    Ok(client)
}

/// Refuses what only administrators change. The version that was seen is that of the change, so nothing else is changed.
fn check_of_owner(app: &App, before: &Client, update: &Update) -> Result<(), ClientError> {
    let checked = rules::check_of_owner(&before.definition(), &update.definition, &app.reserved_names());
    checked.map_err(ClientError::Invalid)?;
    if update.enabled != before.enabled {
        return Err(ClientError::Unknown(before.id.clone()));
    }
    Ok(())
}

fn as_seen(client: Client, seen: Version) -> Result<Client, ClientError> {
    if client.version() == seen {
        Ok(client)
    } else {
        Err(ClientError::Conflict(client.id))
    }
}

/// Returns the definition that an administrator gives the client. If it registered itself, the definition also lists
/// the members that it no longer decides about.
pub(super) fn by_administrator(before: &Client, mut definition: Definition) -> Definition {
    match before.origin {
        Origin::Registration => definition.changed_by_administrator(&before.definition()),
        Origin::Administrator => {
            definition.settings.administered.clear();
            definition
        }
    }
}

/// Refuses a client with every credential it holds, or admits it again (security.md DR-6).
pub async fn set_enabled(
    app: &App,
    context: &Context,
    id: &ClientId,
    enabled: bool,
) -> Result<Client, ClientError> {
    require_administrator(app, context, id).await?;
    let client = app
        .write(context, async |tx| {
            let before = find_in(tx, id).await?;
            if enabled {
                require_its_powers(context, &before)?;
            }
            let after = Client {
                enabled,
                ..before.clone()
            };
            change(tx, &before, after).await
        })
        .await?;
    app.registry.refresh(app.db.read()).await?;
    Ok(client)
}

/// Removes a client with every token and consent that it has; its identifier may be used again.
pub async fn delete(app: &App, context: &Context, id: &ClientId) -> Result<Client, ClientError> {
    require_administrator(app, context, id).await?;
    let client = app
        .write(context, async |tx| {
            let client = find_in(tx, id).await?;
            remove(tx, &client).await?;
            Ok::<_, ClientError>(client)
        })
        .await?;
    app.registry.refresh(app.db.read()).await?;
    Ok(client)
}

/// Removes the client as it was read, with every token and consent that it has.
pub(in crate::oidc) async fn remove(tx: &Tx, client: &Client) -> Result<(), ClientError> {
    let id = &client.id;
    if !storage::clients::delete(tx, id, client.version()).await? {
        return Err(ClientError::Conflict(id.clone()));
    }
    storage::refresh_tokens::end_refresh_tokens_of_client(tx, id, tx.now()).await?;
    storage::client_counts::delete_of_client(tx, id).await?;
    let event = Event::new(Action::ClientDeleted, format!("client:{id}"))
        .change(audited(client), serde_json::Value::Null);
    Ok(tx.record(event).await?)
}

/// Generates an identifier of letters, digits, `-` and `_` only (interoperability.md IO-2), longer than any `sub`
/// (security.md TK-12).
fn new_id() -> ClientId {
    ClientId::new(format!("client_{}", random::id()))
}

pub(in crate::oidc) async fn insert(tx: &Tx, client: &Client) -> Result<(), ClientError> {
    storage::clients::insert(tx, client).await?;
    let action = match client.origin {
        Origin::Administrator => Action::ClientChanged,
        Origin::Registration => Action::ClientRegistered,
    };
    let event =
        Event::new(action, format!("client:{}", client.id)).change(serde_json::Value::Null, audited(client));
    Ok(tx.record(event).await?)
}

pub(in crate::oidc) async fn change(
    tx: &Tx,
    before: &Client,
    mut after: Client,
) -> Result<Client, ClientError> {
    let seen = before.version();
    after.updated_at = seen.next(tx.now()).updated_at();
    // The condition decides: of two who have read the same version, on PostgreSQL both may be here at once.
    if !storage::clients::update(tx, &after, seen).await? {
        return Err(ClientError::Conflict(after.id));
    }
    if !after.metadata.uses_secret() && !after.secrets.is_empty() {
        storage::clients::delete_secrets(tx, &after.id).await?;
        after.secrets.clear();
    }
    let event = Event::new(Action::ClientChanged, format!("client:{}", after.id))
        .change(audited(before), audited(&after));
    tx.record(event).await?;
    Ok(after)
}

/// Returns what the audit trail keeps of a client: everything but secrets.
fn audited(client: &Client) -> serde_json::Value {
    serde_json::json!({ "enabled": client.enabled, "metadata": client.definition() })
}
