//! What administrators see of streams, webhooks and SCIM targets, and do with them: pages, API and command line call it.

use serde_json::json;

use super::error::ReceiverError;
use super::streams::{self, check_endpoint, entry};
use super::{LONGEST_TEXT, SECRET, status, webhook};
use crate::app::{App, Tx};
use crate::domain::actor::Context;
use crate::domain::event::Action;
use crate::domain::event_receiver::{Progress, Receiver, ReceiverKind};
use crate::domain::scim_target::ScimTarget;
use crate::domain::secret::Secret;
use crate::domain::signal::{Initiator, ReceiverStatus, Signal, SignalKind};
use crate::domain::{ClientId, ReceiverId};
use crate::oidc::clients;
use crate::oidc::clients::ClientError;
use crate::random;
use crate::storage::event_deliveries::{self, Delivery, Queue};
use crate::storage::scim_targets::Walks;
use crate::storage::{event_receivers, scim_targets};

/// The most webhooks of a client, and the most SCIM targets.
const MOST_OF_A_KIND: usize = 5;
/// The dead letters of one page of a console.
pub const PAGE: u64 = 25;

/// A receiver, and what waits for it.
#[derive(Clone, Debug)]
pub struct Overview {
    pub receiver: Receiver,
    pub queue: Queue,
    /// What there is of a SCIM target beside.
    pub target: Option<ScimTarget>,
}

/// A page of what could not be delivered.
#[derive(Clone, Debug)]
pub struct DeadLetters {
    pub rows: Vec<Delivery>,
    /// The number of the page, from 1.
    pub page: u64,
    pub size: u64,
    pub total: u64,
}

#[derive(Clone, Debug)]
pub struct NewWebhook {
    pub client: ClientId,
    pub endpoint: String,
    /// None: all that there are.
    pub kinds: Vec<SignalKind>,
    pub description: String,
}

/// A webhook with a secret that can be read now, and never again (security.md AD-2).
#[derive(Debug)]
pub struct IssuedWebhook {
    pub receiver: Receiver,
    pub secret: Secret,
}

pub async fn list_of_client(
    app: &App,
    context: &Context,
    client: &ClientId,
) -> Result<Vec<Overview>, ReceiverError> {
    clients::require_reader(app, context, client).await?;
    let all = event_receivers::list_of_client(app.db.read(), client).await?;
    with_queues(app, all).await
}

/// Lists receivers in the order of their clients, after one of them.
pub async fn list(
    app: &App,
    context: &Context,
    after: Option<&Receiver>,
    most: u64,
) -> Result<Vec<Overview>, ReceiverError> {
    clients::require_reader(app, context, &ClientId::new("")).await?;
    let after = after.map(|it| (&it.client, &it.id));
    let all = event_receivers::list(app.db.read(), after, most).await?;
    with_queues(app, all).await
}

async fn with_queues(app: &App, all: Vec<Receiver>) -> Result<Vec<Overview>, ReceiverError> {
    let mut found = Vec::new();
    for receiver in all {
        found.push(overview(app, receiver).await?);
    }
    Ok(found)
}

async fn overview(app: &App, receiver: Receiver) -> Result<Overview, ReceiverError> {
    let db = app.db.read();
    let target = match receiver.kind {
        ReceiverKind::Scim => scim_targets::find(db, &receiver.id).await?,
        _ => None,
    };
    Ok(Overview {
        queue: event_deliveries::queue(db, &receiver.id).await?,
        target,
        receiver,
    })
}

pub async fn show(app: &App, context: &Context, id: &ReceiverId) -> Result<Overview, ReceiverError> {
    let receiver = event_receivers::find(app.db.read(), id).await?;
    let receiver = receiver.ok_or(ReceiverError::NotFound)?;
    clients::require_reader(app, context, &receiver.client).await?;
    overview(app, receiver).await
}

/// Lists dead letters, of one kind or of all, the newest first, a page at a time.
pub async fn dead_letters(
    app: &App,
    context: &Context,
    id: &ReceiverId,
    kind: Option<SignalKind>,
    (page, size): (u64, u64),
) -> Result<DeadLetters, ReceiverError> {
    show(app, context, id).await?;
    let total = event_deliveries::count_dead(app.db.read(), id, kind).await?;
    // A page past the last one is the last one: letters go while somebody reads.
    let page = page.clamp(1, total.div_ceil(size).max(1));
    let rows = event_deliveries::list_dead(app.db.read(), id, kind, (page - 1) * size, size).await?;
    Ok(DeadLetters {
        rows,
        page,
        size,
        total,
    })
}

pub async fn add_webhook(
    app: &App,
    context: &Context,
    new: NewWebhook,
) -> Result<IssuedWebhook, ReceiverError> {
    clients::require_administrator(app, context, &new.client).await?;
    let endpoint = new.endpoint.trim().to_owned();
    check_endpoint(app, &endpoint).map_err(|why| ReceiverError::Invalid("endpoint", why))?;
    check_line("description", &new.description)?;
    let kinds = match new.kinds.as_slice() {
        [] => SignalKind::OF_PEOPLE.to_vec(),
        some => some.to_vec(),
    };
    let secret = webhook::new_secret();
    let now = app.clock.now();
    let receiver = Receiver {
        id: ReceiverId::new(random::id()),
        client: new.client,
        kind: ReceiverKind::Webhook,
        status: ReceiverStatus::Enabled,
        status_reason: None,
        endpoint: Some(endpoint),
        sealed_authorization: None,
        sealed_secret: Some(app.keys.seal(SECRET, secret.expose().as_bytes())?),
        sealed_former_secret: None,
        former_secret_until: None,
        events: kinds.into_iter().map(SignalKind::event_type).collect(),
        description: new.description,
        version: 1,
        created_at: now,
        progress: Progress::new(now),
    };
    app.write(context, async |tx| {
        let client = &receiver.client;
        if crate::storage::clients::find(tx, client).await?.is_none() {
            return Err(ClientError::Unknown(client.clone()).into());
        }
        refuse_many(tx, &receiver).await?;
        Ok::<_, ReceiverError>(streams::insert(tx, &receiver).await?)
    })
    .await?;
    Ok(IssuedWebhook { receiver, secret })
}

/// Refuses one more of a kind than a client may have.
pub(super) async fn refuse_many(tx: &Tx, new: &Receiver) -> Result<(), ReceiverError> {
    let others = event_receivers::list_of_client(tx, &new.client).await?;
    let number = others.iter().filter(|it| it.kind == new.kind).count();
    if number >= MOST_OF_A_KIND {
        return Err(ReceiverError::TooMany);
    }
    Ok(())
}

pub(super) fn check_line(field: &'static str, text: &str) -> Result<(), ReceiverError> {
    if text.chars().count() > LONGEST_TEXT || text.chars().any(char::is_control) {
        return Err(ReceiverError::Invalid(field, "it is no line of text".into()));
    }
    Ok(())
}

/// Gives a webhook a new secret. What is sent is signed by both until the one before is over.
pub async fn rotate_secret(
    app: &App,
    context: &Context,
    id: &ReceiverId,
) -> Result<IssuedWebhook, ReceiverError> {
    let secret = webhook::new_secret();
    let sealed = app.keys.seal(SECRET, secret.expose().as_bytes())?;
    let receiver = change(app, context, id, async |tx, before| {
        if before.kind != ReceiverKind::Webhook {
            return Err(ReceiverError::NoSecret);
        }
        let after = Receiver {
            sealed_former_secret: before.sealed_secret.clone(),
            former_secret_until: Some(tx.now() + clients::OVERLAP),
            sealed_secret: Some(sealed.clone()),
            ..before
        };
        if !event_receivers::update(tx, &after, tx.now()).await? {
            return Err(ReceiverError::Conflict);
        }
        tx.record(entry(Action::ReceiverChanged, &after).because("secret"))
            .await?;
        Ok(after)
    })
    .await?;
    Ok(IssuedWebhook { receiver, secret })
}

/// Pauses, enables or disables a receiver, and tells it so (SSF 1.0 §8.1.5).
pub async fn set_status(
    app: &App,
    context: &Context,
    id: &ReceiverId,
    status: ReceiverStatus,
    reason: Option<&str>,
) -> Result<Receiver, ReceiverError> {
    let reason = reason.map(str::trim).filter(|it| !it.is_empty());
    check_line("reason", reason.unwrap_or_default())?;
    let reason = reason.map(str::to_owned);
    change(app, context, id, async |tx, before| {
        if before.status == status {
            return Err(ReceiverError::Conflict);
        }
        let was = before.status;
        let after = Receiver {
            status,
            status_reason: reason.clone(),
            ..before
        };
        if !status::store(tx, &after).await? {
            return Err(ReceiverError::Conflict);
        }
        if after.kind == ReceiverKind::Scim && was == ReceiverStatus::Disabled {
            // What happened meanwhile was not kept.
            scim_targets::begin_again(tx, Walks::OfReceiver(&after.id), tx.now()).await?;
        }
        let updated = Signal::StreamUpdated {
            status,
            reason: reason.clone(),
        };
        tx.signals().send_to(&after, Initiator::Admin, updated).await?;
        Ok(after)
    })
    .await
}

pub async fn delete(app: &App, context: &Context, id: &ReceiverId) -> Result<Receiver, ReceiverError> {
    change(app, context, id, async |tx, receiver| {
        if !event_receivers::delete(tx, &receiver.id).await? {
            return Err(ReceiverError::NotFound);
        }
        tx.record(entry(Action::ReceiverDeleted, &receiver)).await?;
        Ok(receiver)
    })
    .await
}

/// Sends a receiver something that it can recognize, and that is about nobody.
pub async fn test(app: &App, context: &Context, id: &ReceiverId) -> Result<Receiver, ReceiverError> {
    change(app, context, id, async |tx, receiver| {
        let signal = Signal::Verification { state: None };
        tx.signals().send_to(&receiver, Initiator::Admin, signal).await?;
        Ok(receiver)
    })
    .await
}

/// Makes dead letters due again: one, or all. Returns how many.
pub async fn replay(
    app: &App,
    context: &Context,
    id: &ReceiverId,
    letter: Option<&str>,
) -> Result<u64, ReceiverError> {
    change(app, context, id, async |tx, receiver| {
        let number = event_deliveries::replay(tx, &receiver.id, letter, tx.now()).await?;
        let mut event = entry(Action::ReceiverReplayed, &receiver);
        event.after = Some(json!({ "receiver": receiver.id.as_str(), "replayed": number }));
        tx.record(event).await?;
        Ok(number)
    })
    .await
}

/// Deletes dead letters: one, or all. Returns how many.
pub async fn discard(
    app: &App,
    context: &Context,
    id: &ReceiverId,
    letter: Option<&str>,
) -> Result<u64, ReceiverError> {
    change(app, context, id, async |tx, receiver| {
        let number = event_deliveries::discard(tx, &receiver.id, letter).await?;
        let mut event = entry(Action::ReceiverReplayed, &receiver);
        event.after = Some(json!({ "receiver": receiver.id.as_str(), "discarded": number }));
        tx.record(event).await?;
        Ok(number)
    })
    .await
}

/// Runs an administrator's change of a receiver as one unit of work.
pub(super) async fn change<T, F>(
    app: &App,
    context: &Context,
    id: &ReceiverId,
    work: F,
) -> Result<T, ReceiverError>
where
    F: AsyncFnOnce(&Tx, Receiver) -> Result<T, ReceiverError> + Clone,
{
    let receiver = show(app, context, id).await?.receiver;
    clients::require_administrator(app, context, &receiver.client).await?;
    app.write(context, async |tx| {
        let receiver = event_receivers::find(tx, id).await?;
        work.clone()(tx, receiver.ok_or(ReceiverError::NotFound)?).await
    })
    .await
}
