//! The configuration of a stream (SSF 1.0 §8.1.1): created, read, updated, replaced and deleted by its receiver, the
//! client itself. A client has one stream.

use sea_orm::SqlErr;
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::StreamError;
use super::{AUTHORIZATION, LONGEST_TEXT, VERIFICATION_INTERVAL};
use crate::app::{App, Tx};
use crate::domain::ReceiverId;
use crate::domain::actor::Context;
use crate::domain::client::Client;
use crate::domain::event::{Action, Event};
use crate::domain::event_receiver::{Progress, Receiver, ReceiverKind};
use crate::domain::signal::{ReceiverStatus, SignalKind};
use crate::oidc::{Error, endpoints};
use crate::random;
use crate::storage::event_receivers;

/// The most event types that a receiver may ask for: it may know some that are none of ours.
const MOST_EVENTS: usize = 64;
const LONGEST_EVENT: usize = 256;
const LONGEST_ENDPOINT: usize = 2048;

/// What a receiver says of its stream. Unknown members are ignored (SSF 1.0 §8.1.1).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Body {
    stream_id: Option<String>,
    iss: Option<String>,
    aud: Option<Value>,
    events_supported: Option<Vec<String>>,
    events_delivered: Option<Vec<String>>,
    events_requested: Option<Vec<String>>,
    delivery: Option<Delivery>,
    description: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Delivery {
    method: String,
    endpoint_url: Option<String>,
    authorization_header: Option<String>,
}

/// What a receiver decides about its stream.
struct Decided {
    kind: ReceiverKind,
    endpoint: Option<String>,
    sealed_authorization: Option<String>,
}

fn parse(body: &[u8]) -> Result<Body, StreamError> {
    let read: Value =
        serde_json::from_slice(body).map_err(|_| StreamError::invalid("The body is no JSON"))?;
    if !read.is_object() {
        return Err(StreamError::invalid("The body is no JSON object"));
    }
    serde_json::from_value(read).map_err(|it| StreamError::invalid(it.to_string()))
}

pub async fn create(
    app: &App,
    context: &Context,
    client: &Client,
    body: &[u8],
) -> Result<Value, StreamError> {
    let body = parse(body)?;
    let decided = decide(app, body.delivery.as_ref())?;
    let now = app.clock.now();
    let receiver = Receiver {
        id: ReceiverId::new(random::id()),
        client: client.id.clone(),
        kind: decided.kind,
        status: ReceiverStatus::Enabled,
        status_reason: None,
        endpoint: decided.endpoint,
        sealed_authorization: decided.sealed_authorization,
        sealed_secret: None,
        sealed_former_secret: None,
        former_secret_until: None,
        events: requested(body.events_requested)?,
        description: description(body.description)?,
        version: 1,
        created_at: now,
        progress: Progress::new(now),
    };
    app.write(context, async |tx| {
        insert(tx, &receiver)
            .await
            .map_err(|error| match error.sql_err() {
                Some(SqlErr::UniqueConstraintViolation(_)) => StreamError::Exists,
                _ => error.into(),
            })
    })
    .await?;
    Ok(configuration(app, &receiver))
}

/// Stores a new receiver, with its record.
pub(super) async fn insert(tx: &Tx, receiver: &Receiver) -> Result<(), sea_orm::DbErr> {
    event_receivers::insert(tx, receiver, tx.now()).await?;
    tx.record(entry(Action::ReceiverAdded, receiver)).await
}

/// Returns the entry of the audit trail about a receiver.
pub(super) fn entry(action: Action, receiver: &Receiver) -> Event {
    Event::new(action, format!("client:{}", receiver.client)).with(json!({
        "receiver": receiver.id.as_str(),
        "kind": receiver.kind.as_str(),
        "status": receiver.status.as_str(),
    }))
}

/// Returns one stream, or the list of all that the client has.
pub async fn read(app: &App, client: &Client, id: Option<&str>) -> Result<Value, StreamError> {
    if let Some(id) = id {
        let found = find(app.db.read(), client, id).await?;
        return Ok(configuration(app, &found));
    }
    let all = event_receivers::list_of_client(app.db.read(), &client.id).await?;
    let streams = all.iter().filter(|it| it.kind.is_stream());
    Ok(streams.map(|it| configuration(app, it)).collect())
}

/// Changes the members that the receiver sent (§8.1.1.3).
pub async fn update(
    app: &App,
    context: &Context,
    client: &Client,
    body: &[u8],
) -> Result<Value, StreamError> {
    let body = parse(body)?;
    let before = of_body(app, client, &body).await?;
    let mut after = before.clone();
    if let Some(delivery) = &body.delivery {
        set_delivery(&mut after, decide(app, Some(delivery))?);
    }
    if body.events_requested.is_some() {
        after.events = requested(body.events_requested)?;
    }
    if body.description.is_some() {
        after.description = description(body.description)?;
    }
    store(app, context, after).await
}

/// Replaces all that the receiver decides (§8.1.1.4).
pub async fn replace(
    app: &App,
    context: &Context,
    client: &Client,
    body: &[u8],
) -> Result<Value, StreamError> {
    let body = parse(body)?;
    let mut after = of_body(app, client, &body).await?;
    set_delivery(&mut after, decide(app, body.delivery.as_ref())?);
    after.events = requested(body.events_requested)?;
    after.description = description(body.description)?;
    store(app, context, after).await
}

async fn store(app: &App, context: &Context, after: Receiver) -> Result<Value, StreamError> {
    let receiver = &after;
    app.write(context, async |tx| {
        if !event_receivers::update(tx, receiver, tx.now()).await? {
            return Err(StreamError::Conflict);
        }
        tx.record(entry(Action::ReceiverChanged, receiver)).await?;
        Ok(())
    })
    .await?;
    Ok(configuration(app, &after))
}

pub async fn delete(app: &App, context: &Context, client: &Client, id: &str) -> Result<(), StreamError> {
    app.write(context, async |tx| {
        let receiver = find(tx, client, id).await?;
        if !event_receivers::delete(tx, &receiver.id).await? {
            return Err(StreamError::NotFound);
        }
        tx.record(entry(Action::ReceiverDeleted, &receiver)).await?;
        Ok(())
    })
    .await
}

/// Finds a stream of the client; that of another one does not exist (security.md G-4).
pub(super) async fn find(
    db: &impl sea_orm::ConnectionTrait,
    client: &Client,
    id: &str,
) -> Result<Receiver, StreamError> {
    event_receivers::find(db, &ReceiverId::new(id))
        .await?
        .filter(|it| it.client == client.id && it.kind.is_stream())
        .ok_or(StreamError::NotFound)
}

/// Finds the stream that a body names, and refuses one that says something else of what we supply.
async fn of_body(app: &App, client: &Client, body: &Body) -> Result<Receiver, StreamError> {
    let id = body.stream_id.as_deref();
    let id = id.ok_or_else(|| StreamError::invalid("stream_id is missing"))?;
    let stream = find(app.db.read(), client, id).await?;
    let now = configuration(app, &stream);
    let differs = |name: &str, said: Option<Value>| said.is_some_and(|it| it != now[name]);
    let lists = |it: &Option<Vec<String>>| it.as_ref().map(|it| json!(it));
    for (name, said) in [
        ("iss", body.iss.as_ref().map(|it| json!(it))),
        ("aud", body.aud.clone()),
        ("events_supported", lists(&body.events_supported)),
        ("events_delivered", lists(&body.events_delivered)),
    ] {
        if differs(name, said) {
            return Err(StreamError::invalid(format!(
                "{name} is supplied by the transmitter"
            )));
        }
    }
    Ok(stream)
}

fn decide(app: &App, delivery: Option<&Delivery>) -> Result<Decided, StreamError> {
    // §8.1.1.1: without a delivery the receiver polls.
    let method = delivery.map_or("urn:ietf:rfc:8936", |it| it.method.as_str());
    let kind = ReceiverKind::of_method(method)
        .ok_or_else(|| StreamError::invalid("This delivery method is not supported"))?;
    let Some(delivery) = delivery.filter(|_| kind == ReceiverKind::Push) else {
        return Ok(Decided {
            kind,
            endpoint: None,
            sealed_authorization: None,
        });
    };
    let endpoint = delivery
        .endpoint_url
        .clone()
        .ok_or_else(|| StreamError::invalid("endpoint_url is missing"))?;
    check_endpoint(app, &endpoint).map_err(|it| StreamError::Invalid(format!("endpoint_url: {it}")))?;
    let sealed_authorization = match &delivery.authorization_header {
        None => None,
        Some(header) => {
            let visible = |it: u8| it == b' ' || it.is_ascii_graphic();
            if header.is_empty() || header.len() > 2048 || !header.bytes().all(visible) {
                return Err(StreamError::invalid("authorization_header cannot be sent"));
            }
            let sealed = app.keys.seal(AUTHORIZATION, header.as_bytes());
            Some(sealed.map_err(Error::internal)?)
        }
    };
    Ok(Decided {
        kind,
        endpoint: Some(endpoint),
        sealed_authorization,
    })
}

/// Checks an address as far as it shows by itself; each call checks it again (security.md DR-3).
pub(super) fn check_endpoint(app: &App, endpoint: &str) -> Result<(), String> {
    if endpoint.len() > LONGEST_ENDPOINT {
        return Err("it is too long".into());
    }
    app.fetch.check(endpoint).map_err(|it| it.to_string())
}

fn set_delivery(receiver: &mut Receiver, decided: Decided) {
    receiver.kind = decided.kind;
    receiver.endpoint = decided.endpoint;
    receiver.sealed_authorization = decided.sealed_authorization;
}

fn requested(events: Option<Vec<String>>) -> Result<Vec<String>, StreamError> {
    let Some(events) = events else {
        return Ok(SignalKind::OF_PEOPLE.map(SignalKind::event_type).to_vec());
    };
    let sound = |it: &String| {
        (1..=LONGEST_EVENT).contains(&it.len()) && it.bytes().all(|byte| byte.is_ascii_graphic())
    };
    if events.len() <= MOST_EVENTS && events.iter().all(sound) {
        Ok(events)
    } else {
        Err(StreamError::invalid("events_requested is no list of event types"))
    }
}

fn description(text: Option<String>) -> Result<String, StreamError> {
    let text = text.unwrap_or_default();
    if text.chars().count() <= LONGEST_TEXT && !text.contains('\0') {
        Ok(text)
    } else {
        Err(StreamError::invalid("description is too long"))
    }
}

/// Returns the configuration as the receiver sees it (§8.1.1). The header that it gave us is not given back.
fn configuration(app: &App, receiver: &Receiver) -> Value {
    let issuer = &app.config.issuer;
    let delivered: Vec<String> = receiver.kinds().into_iter().map(SignalKind::event_type).collect();
    let polled = || issuer.at(&endpoints::ssf_poll(receiver.id.as_str()));
    let endpoint = receiver.endpoint.clone().unwrap_or_else(polled);
    json!({
        "stream_id": receiver.id.as_str(),
        "iss": issuer.as_str(),
        "aud": receiver.client.as_str(),
        "events_supported": SignalKind::OF_PEOPLE.map(SignalKind::event_type),
        "events_requested": receiver.events,
        "events_delivered": delivered,
        "delivery": { "method": receiver.kind.method(), "endpoint_url": endpoint },
        "min_verification_interval": VERIFICATION_INTERVAL.num_seconds(),
        "description": receiver.description,
    })
}
