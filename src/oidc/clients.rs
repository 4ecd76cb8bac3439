//! Registering and changing clients: the one way in, for the command line, the administrators' pages
//! and registration by clients themselves (RFC 7591, contract.md "clients, JSON"; security.md AD-2,
//! DR-2, AZ-3). Every change is one transaction with its audit record, seen at once in this process.

mod administrators_rules;
mod apply;
mod authentication_rules;
mod certificate_rules;
mod ciba_rules;
mod document;
mod encryption;
mod fapi;
mod listing;
mod logout_rules;
mod report;
mod request_rules;
mod resource_rules;
mod rules;
mod sector;

use sea_orm::DbErr;

use crate::app::App;
use crate::audit;
use crate::domain::actor::Context;
use crate::domain::client::{AuthMethod, Client, ClientSecret, GrantType, Metadata, Origin};
use crate::domain::event::{Action, Event};
use crate::domain::{ClientId, Time, secret::Secret};
use crate::random;
use crate::storage::{self, IsBusy, Transaction};

pub use apply::{Applied, Change, apply};
pub use document::{ClientDocument, SecretSource, documents};
pub(super) use document::{registered, told_to_itself};
pub use listing::{Found, RefusedRequest, Search, UNKNOWN, read, refused_requests, search};
pub use report::{Finding, Severity, Topic, report};
pub use rules::{Problem, Registrar, check};
pub(super) use sector::check as check_outside;

/// How long a replaced secret still works (security.md AD-2).
const OVERLAP: chrono::Duration = chrono::Duration::days(7);

/// The shortest secret that is taken from outside: 128 bits in hexadecimal.
const SHORTEST_SECRET: usize = 32;

/// Why a client was not made or changed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("{}", listed(.0))]
    Invalid(Vec<Problem>),
    #[error("there is no client {0}")]
    Unknown(ClientId),
    #[error("there is a client {0} already")]
    Exists(ClientId),
    /// Someone else changed it meanwhile (security.md G-9).
    #[error("the client {0} was changed meanwhile; read it again")]
    Conflict(ClientId),
    #[error("the client {0} has no use for a secret: its token_endpoint_auth_method is {1}")]
    NoSecret(ClientId, AuthMethod),
    #[error(
        "the secret is shorter than {SHORTEST_SECRET} characters, or holds other characters than A-Z a-z 0-9 - _ . ~"
    )]
    WeakSecret,
    #[error(transparent)]
    Storage(#[from] DbErr),
}

impl IsBusy for ClientError {
    fn is_busy(&self) -> bool {
        matches!(self, Self::Storage(it) if it.is_busy())
    }
}

fn listed(problems: &[Problem]) -> String {
    problems
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("; ")
}

/// A client that was just made or given a secret. Only now is the secret known (security.md AD-2).
#[derive(Debug)]
pub struct Issued {
    pub client: Client,
    /// `None`: it has none, or the caller brought it.
    pub secret: Option<Secret>,
}

/// Makes a client. Without an identifier it gets one; without a secret, one is generated.
pub async fn add(
    app: &App,
    context: &Context,
    id: Option<ClientId>,
    metadata: Metadata,
    origin: Origin,
    given: Option<Secret>,
) -> Result<Issued, ClientError> {
    let now = app.clock.now();
    let issued = make(id, metadata, origin, given, now)?;
    sector::check(app, &issued.client.metadata, None).await?;
    let client = &issued.client;
    app.db
        .write(async |tx| {
            if storage::clients::find(tx, &client.id).await?.is_some() {
                return Err(ClientError::Exists(client.id.clone()));
            }
            insert(tx, now, context, client).await
        })
        .await?;
    app.registry.refresh(app.db.read()).await?;
    Ok(issued)
}

/// A client as it is to be, with its first secret, not stored yet.
pub(super) fn make(
    id: Option<ClientId>,
    metadata: Metadata,
    origin: Origin,
    given: Option<Secret>,
    now: Time,
) -> Result<Issued, ClientError> {
    let id = id.unwrap_or_else(new_id);
    let undecided = Metadata::default();
    let by = match origin {
        Origin::Administrator => Registrar::Administrator,
        Origin::Registration => Registrar::Client { decided: &undecided },
    };
    rules::check(&id, &metadata, by).map_err(ClientError::Invalid)?;
    let (secret, generated) = choose_secret(&id, &metadata, given)?;
    Ok(Issued {
        client: Client {
            id,
            enabled: true,
            origin,
            metadata,
            secrets: secret.iter().map(|it| stored(it, now)).collect(),
            created_at: now,
            updated_at: now,
        },
        secret: secret.filter(|_| generated),
    })
}

/// Replaces the metadata, by an administrator who has read `before`: refused if anybody changed the client since
/// (security.md G-9). A client that no longer has a use for secrets loses them.
pub async fn update(
    app: &App,
    context: &Context,
    before: &Client,
    metadata: Metadata,
) -> Result<Client, ClientError> {
    let now = app.clock.now();
    rules::check(&before.id, &metadata, Registrar::Administrator).map_err(ClientError::Invalid)?;
    sector::check(app, &metadata, Some(&before.metadata)).await?;
    let client = app
        .db
        .write(async |tx| {
            find_in(tx, &before.id).await?;
            let mut after = before.clone();
            after.metadata = by_administrator(before, metadata.clone());
            change(tx, now, context, before, after).await
        })
        .await?;
    app.registry.refresh(app.db.read()).await?;
    Ok(client)
}

/// The metadata that an administrator gives the client, with what is its own no more if it registered itself.
fn by_administrator(before: &Client, metadata: Metadata) -> Metadata {
    match before.origin {
        Origin::Registration => metadata.changed_by_administrator(&before.metadata),
        Origin::Administrator => Metadata {
            administered: Vec::new(),
            ..metadata
        },
    }
}

/// A new secret beside the old one, which works for seven days more.
pub async fn rotate_secret(
    app: &App,
    context: &Context,
    id: &ClientId,
    given: Option<Secret>,
) -> Result<Issued, ClientError> {
    let now = app.clock.now();
    let (client, secret, generated) = app
        .db
        .write(async |tx| {
            // G-9: by how it authenticates now.
            let client = find_in(tx, id).await?;
            let (secret, generated) = choose_secret(id, &client.metadata, given.clone())?;
            let Some(secret) = secret else {
                let method = client
                    .metadata
                    .token_endpoint_auth_method
                    .unwrap_or(AuthMethod::None);
                return Err(ClientError::NoSecret(id.clone(), method));
            };
            replace_secret(tx, now, context, id, &secret).await?;
            Ok((find_in(tx, id).await?, secret, generated))
        })
        .await?;
    app.registry.refresh(app.db.read()).await?;
    Ok(Issued {
        client,
        secret: generated.then_some(secret),
    })
}

/// Refuses a client with every credential it holds, or admits it again (security.md DR-6).
pub async fn set_enabled(
    app: &App,
    context: &Context,
    id: &ClientId,
    enabled: bool,
) -> Result<Client, ClientError> {
    let now = app.clock.now();
    let client = app
        .db
        .write(async |tx| {
            let before = find_in(tx, id).await?;
            let after = Client {
                enabled,
                ..before.clone()
            };
            change(tx, now, context, &before, after).await
        })
        .await?;
    app.registry.refresh(app.db.read()).await?;
    Ok(client)
}

/// Removes a client with every token and consent that it has; its identifier may be used anew.
pub async fn delete(app: &App, context: &Context, id: &ClientId) -> Result<Client, ClientError> {
    let now = app.clock.now();
    let client = app
        .db
        .write(async |tx| {
            let client = find_in(tx, id).await?;
            if !storage::clients::delete_as_seen(tx, id, client.updated_at).await? {
                return Err(ClientError::Conflict(id.clone()));
            }
            storage::refresh_tokens::end_refresh_tokens_of_client(tx, id, now).await?;
            let event = Event::new(Action::ClientDeleted, format!("client:{id}"))
                .change(told(&client), serde_json::Value::Null);
            audit::record(tx, now, context, event).await?;
            Ok(client)
        })
        .await?;
    app.registry.refresh(app.db.read()).await?;
    Ok(client)
}

pub async fn find(app: &App, id: &ClientId) -> Result<Client, ClientError> {
    let found = storage::clients::find(app.db.read(), id).await?;
    found.ok_or_else(|| ClientError::Unknown(id.clone()))
}

pub async fn list(app: &App) -> Result<Vec<Client>, ClientError> {
    Ok(storage::clients::list(app.db.read()).await?)
}

/// Letters, digits, `-` and `_` only (interoperability.md IO-2), and longer than any `sub` (security.md TK-12).
fn new_id() -> ClientId {
    ClientId::new(format!("client_{}", random::id()))
}

fn uses_secret(metadata: &Metadata) -> bool {
    let by_secret = !matches!(
        metadata.token_endpoint_auth_method,
        Some(
            AuthMethod::PrivateKeyJwt
                | AuthMethod::TlsClientAuth
                | AuthMethod::SelfSignedTlsClientAuth
                | AuthMethod::None
        )
    );
    by_secret && !metadata.grant_types.is_empty()
}

/// The secret that a client starts with, and whether it was made here.
fn choose_secret(
    id: &ClientId,
    metadata: &Metadata,
    given: Option<Secret>,
) -> Result<(Option<Secret>, bool), ClientError> {
    match given {
        Some(_) if !uses_secret(metadata) => {
            let method = metadata.token_endpoint_auth_method.unwrap_or(AuthMethod::None);
            Err(ClientError::NoSecret(id.clone(), method))
        }
        Some(secret) => check_secret(&secret).map(|()| (Some(secret), false)),
        None => Ok((uses_secret(metadata).then(|| Secret::new(random::token())), true)),
    }
}

fn check_secret(secret: &Secret) -> Result<(), ClientError> {
    let value = secret.expose();
    let plain = value
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"-_.~".contains(&b));
    match plain && (SHORTEST_SECRET..=256).contains(&value.len()) {
        true => Ok(()),
        false => Err(ClientError::WeakSecret),
    }
}

fn stored(secret: &Secret, now: Time) -> ClientSecret {
    ClientSecret {
        digest: secret.digest(),
        created_at: now,
        expires_at: None,
    }
}

pub(super) async fn find_in(tx: &Transaction, id: &ClientId) -> Result<Client, ClientError> {
    let found = storage::clients::find(tx, id).await?;
    found.ok_or_else(|| ClientError::Unknown(id.clone()))
}

pub(super) async fn insert(
    tx: &Transaction,
    now: Time,
    context: &Context,
    client: &Client,
) -> Result<(), ClientError> {
    storage::clients::insert(tx, client).await?;
    let action = match client.origin {
        Origin::Administrator => Action::ClientChanged,
        Origin::Registration => Action::ClientRegistered,
    };
    let event =
        Event::new(action, format!("client:{}", client.id)).change(serde_json::Value::Null, told(client));
    Ok(audit::record(tx, now, context, event).await?)
}

pub(super) async fn change(
    tx: &Transaction,
    now: Time,
    context: &Context,
    before: &Client,
    mut after: Client,
) -> Result<Client, ClientError> {
    // Later than what it replaces, also within one tick of the clock: by this, a change that was decided on the state
    // before is recognized (security.md G-9).
    after.updated_at = now.max(before.updated_at + chrono::Duration::microseconds(1));
    if !storage::clients::update(tx, &after, before.updated_at).await? {
        return Err(ClientError::Conflict(after.id));
    }
    if !uses_secret(&after.metadata) && !after.secrets.is_empty() {
        storage::clients::delete_secrets(tx, &after.id).await?;
        after.secrets.clear();
    }
    let event =
        Event::new(Action::ClientChanged, format!("client:{}", after.id)).change(told(before), told(&after));
    audit::record(tx, now, context, event).await?;
    Ok(after)
}

pub(super) async fn replace_secret(
    tx: &Transaction,
    now: Time,
    context: &Context,
    id: &ClientId,
    secret: &Secret,
) -> Result<(), ClientError> {
    storage::clients::retire_secrets(tx, id, now + OVERLAP).await?;
    storage::clients::insert_secret(tx, id, &stored(secret, now)).await?;
    let event = Event::new(Action::ClientSecretRotated, format!("client:{id}"));
    Ok(audit::record(tx, now, context, event).await?)
}

/// For the audit trail: everything but secrets.
pub(super) fn told(client: &Client) -> serde_json::Value {
    serde_json::json!({ "enabled": client.enabled, "metadata": client.metadata })
}

/// A secret is needed but there is none: what a client may not be left with.
pub(super) fn lacks_secret(client: &Client) -> bool {
    uses_secret(&client.metadata) && client.secrets.is_empty()
}

/// Whether any grant of the client goes through the browser.
fn redirects(metadata: &Metadata) -> bool {
    let by_browser = [GrantType::AuthorizationCode, GrantType::Implicit];
    by_browser.iter().any(|it| metadata.grant_types.contains(it))
}
