//! The status of a stream (SSF 1.0 §8.1.2), as its receiver reads and sets it.

use serde::Deserialize;
use serde_json::{Value, json};

use super::LONGEST_TEXT;
use super::error::StreamError;
use super::streams::{entry, find};
use crate::app::{App, Tx};
use crate::domain::actor::Context;
use crate::domain::client::Client;
use crate::domain::event::Action;
use crate::domain::event_receiver::Receiver;
use crate::domain::signal::ReceiverStatus;
use crate::storage::{event_deliveries, event_receivers};

#[derive(Debug, Deserialize)]
struct Body {
    stream_id: String,
    status: ReceiverStatus,
    reason: Option<String>,
}

pub async fn read(app: &App, client: &Client, id: &str) -> Result<Value, StreamError> {
    Ok(answer(&find(app.db.read(), client, id).await?))
}

pub async fn change(
    app: &App,
    context: &Context,
    client: &Client,
    body: &[u8],
) -> Result<Value, StreamError> {
    let body: Body = serde_json::from_slice(body).map_err(|it| StreamError::invalid(it.to_string()))?;
    let reason = body.reason.filter(|it| !it.is_empty());
    if reason
        .as_ref()
        .is_some_and(|it| it.chars().count() > LONGEST_TEXT)
    {
        return Err(StreamError::invalid("reason is too long"));
    }
    let (id, status, reason) = (&body.stream_id, body.status, &reason);
    let changed = app.write(context, async |tx| {
        let before = find(tx, client, id).await?;
        let after = Receiver {
            status,
            status_reason: reason.clone(),
            ..before
        };
        if !store(tx, &after).await? {
            return Err(StreamError::Conflict);
        }
        Ok(after)
    });
    Ok(answer(&changed.await?))
}

/// Stores a status, with its record. What waits for a receiver that is disabled is not kept for it (§8.1.2). Returns
/// `false` if the receiver was changed in the same moment.
pub(super) async fn store(tx: &Tx, after: &Receiver) -> Result<bool, sea_orm::DbErr> {
    if !event_receivers::update(tx, after, tx.now()).await? {
        return Ok(false);
    }
    if after.status == ReceiverStatus::Disabled {
        event_deliveries::delete_waiting(tx, &after.id).await?;
    }
    tx.record(entry(Action::ReceiverChanged, after)).await?;
    Ok(true)
}

fn answer(receiver: &Receiver) -> Value {
    let mut answer = json!({
        "stream_id": receiver.id.as_str(),
        "status": receiver.status.as_str(),
    });
    if let Some(reason) = &receiver.status_reason {
        answer["reason"] = reason.as_str().into();
    }
    answer
}
