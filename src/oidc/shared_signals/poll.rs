//! A poll stream (RFC 8936): the receiver asks for Security Event Tokens, and acknowledges those that it has. Of each person
//! it gets the earliest alone; the next one follows when that is acknowledged, so the order holds.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::error::StreamError;
use super::message::{compose, sign};
use super::streams::find;
use crate::app::App;
use crate::domain::client::Client;
use crate::domain::event_receiver::{Receiver, ReceiverKind};
use crate::domain::signal::ReceiverStatus;
use crate::storage::event_deliveries::{self as rows, Passing};
use crate::storage::event_receivers;

/// The most tokens of one answer, and those of a receiver that says nothing of it.
const MOST: u64 = 100;
const DEFAULT: u64 = 25;
/// The most identifiers that are acknowledged at once.
const MOST_ACKNOWLEDGED: usize = 1000;
/// The time for which an answer waits for something to tell, and how often it looks.
const WAITED: Duration = Duration::from_secs(10);
const LOOKED: Duration = Duration::from_millis(250);

/// RFC 8936 §2.2
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Body {
    max_events: Option<u64>,
    return_immediately: bool,
    ack: Vec<String>,
    set_errs: BTreeMap<String, SetError>,
}

/// RFC 8936 §2.6
#[derive(Debug, Deserialize)]
struct SetError {
    err: String,
    description: Option<String>,
}

pub async fn poll(app: &App, client: &Client, stream: &str, body: &[u8]) -> Result<Value, StreamError> {
    let body: Body = serde_json::from_slice(body).map_err(|it| StreamError::invalid(it.to_string()))?;
    let receiver = find(app.db.read(), client, stream).await?;
    if receiver.kind != ReceiverKind::Poll {
        return Err(StreamError::NotFound);
    }
    if body.ack.len() + body.set_errs.len() > MOST_ACKNOWLEDGED {
        return Err(StreamError::invalid("Too many identifiers at once"));
    }
    settle(app, &receiver, &body).await?;
    let most = body.max_events.unwrap_or(DEFAULT).min(MOST);
    let mut looks = WAITED.as_millis() / LOOKED.as_millis();
    loop {
        let (sets, more) = take(app, client, &receiver, most).await?;
        let is_answer = !sets.is_empty() || most == 0 || body.return_immediately;
        if is_answer || looks == 0 || app.stopping.is_cancelled() {
            return Ok(json!({ "sets": sets, "moreAvailable": more }));
        }
        looks -= 1;
        tokio::time::sleep(LOOKED).await;
    }
}

/// Removes what the receiver has (§2.4), and gives up what it cannot use.
async fn settle(app: &App, receiver: &Receiver, body: &Body) -> Result<(), StreamError> {
    let now = app.clock.now();
    let acknowledged = rows::delete(&app.db, &receiver.id, &body.ack).await?;
    if acknowledged > 0 {
        event_receivers::count_delivered(&app.db, &receiver.id, acknowledged, now).await?;
    }
    for (id, error) in &body.set_errs {
        let said = error.description.as_deref().unwrap_or_default();
        let why: String = format!("{}: {said}", error.err).chars().take(500).collect();
        rows::bury(&app.db, &receiver.id, id, now, &why).await?;
    }
    Ok(())
}

/// Returns tokens by their `jti`, and whether more waits.
async fn take(
    app: &App,
    client: &Client,
    receiver: &Receiver,
    most: u64,
) -> Result<(Map<String, Value>, bool), StreamError> {
    let passing = match receiver.status {
        ReceiverStatus::Enabled => Passing::All,
        ReceiverStatus::Paused | ReceiverStatus::Disabled => Passing::OfStream,
    };
    let mut sets = Map::new();
    if most == 0 {
        return Ok((sets, false));
    }
    let heads = rows::list_heads(app.db.read(), &receiver.id, passing, app.clock.now(), most).await?;
    let mut void = Vec::new();
    for delivery in &heads {
        match compose(app, client, receiver, delivery).await? {
            Some(message) => {
                let token = sign(app, client, &message)?;
                sets.insert(delivery.id.clone(), token.into());
            }
            None => void.push(delivery.id.clone()),
        }
    }
    rows::delete(&app.db, &receiver.id, &void).await?;
    let more = passing == Passing::All && rows::exceeds(app.db.read(), &receiver.id, sets.len()).await?;
    Ok((sets, more))
}
