//! Sends what waits to push streams (RFC 8935), webhooks and SCIM targets, by a job. A sender takes a receiver for a while and sends what
//! is due, several people at once, each person's events in their order. Each receiver has a sender of its own, so one that
//! is slow or dead delays no other; two nodes never send to the same one at once.
//!
//! What fails of one person waits by itself. The receiver rests as a whole only when nothing reaches it.
//!
//! A row is deleted when the receiver has accepted it. A process that ends in between leaves a claim that runs out; what it
//! had sent goes again, with the same `jti`.

use std::sync::Arc;

use chrono::Duration;
use futures_util::future::join_all;
use reqwest::header::{self, HeaderName};
use sea_orm::DbErr;
use tokio::task::JoinSet;

use super::message::{client_of, compose, sign};
use super::{AUTHORIZATION, webhook};
use crate::app::App;
use crate::domain::Time;
use crate::domain::actor::Context;
use crate::domain::client::Client;
use crate::domain::event_receiver::{Receiver, ReceiverKind};
use crate::domain::signal::{ReceiverStatus, Signal};
use crate::oidc::Error;
use crate::oidc::scim::push::{self, Change};
use crate::oidc::scim::remote::Failure as Refusal;
use crate::storage::batches::until_done;
use crate::storage::event_deliveries::{self as rows, Delivery, Passing};
use crate::storage::event_receivers::{self as receivers, Outcome};
use crate::{fetch, signals};

/// The senders that a round begins at most.
const MOST_IN_A_ROUND: u64 = 256;
/// The people whose events are on the way to one receiver at once.
const AT_ONCE: u64 = 8;
/// The time for which a sender takes a receiver: more than one step of its work may take.
const HELD: Duration = Duration::seconds(10);
/// The same for a receiver that a person takes several calls to.
const HELD_FOR_USERS: Duration = Duration::seconds(40);

/// The rests after failures of the receiver itself, one after another, and the waits of an event that did not reach it.
const RESTS: [Duration; 8] = [
    Duration::seconds(5),
    Duration::seconds(15),
    Duration::seconds(30),
    Duration::minutes(1),
    Duration::minutes(2),
    Duration::minutes(5),
    Duration::minutes(10),
    Duration::minutes(15),
];
/// The waits after a receiver refused one event. After the last one it is given up.
const WAITS: [Duration; 7] = [
    Duration::seconds(5),
    Duration::seconds(30),
    Duration::minutes(2),
    Duration::minutes(10),
    Duration::minutes(30),
    Duration::hours(1),
    Duration::hours(3),
];
/// The time for which an event is tried.
pub const TRIED: Duration = Duration::days(7);
/// The time for which a dead letter is kept.
pub const DEAD_KEPT: Duration = Duration::days(30);

/// Begins a sender for each receiver for whom something is due. The tasks end by themselves.
pub async fn begin_round(app: &App) -> Result<JoinSet<()>, DbErr> {
    let mut senders = JoinSet::new();
    let now = app.clock.now();
    for receiver in receivers::list_due(app.db.read(), now, MOST_IN_A_ROUND).await? {
        if app.stopping.is_cancelled() {
            break;
        }
        let until = now + held(&receiver);
        if receivers::claim(&app.db, &receiver, until).await? {
            senders.spawn(send(app.clone(), receiver, until));
        }
    }
    Ok(senders)
}

/// Gives up what was tried for long enough, and forgets dead letters. Returns how many rows were examined.
pub async fn sweep(app: &App) -> Result<u64, DbErr> {
    let (now, db, stopping) = (app.clock.now(), &app.db, &app.stopping);
    let buried = until_done(stopping, || rows::bury_old(db, now - TRIED, now)).await?;
    let forgotten = until_done(stopping, || rows::delete_dead(db, now - DEAD_KEPT)).await?;
    Ok(buried + forgotten)
}

const fn held(receiver: &Receiver) -> Duration {
    match receiver.kind {
        ReceiverKind::Scim => HELD_FOR_USERS,
        ReceiverKind::Push | ReceiverKind::Poll | ReceiverKind::Webhook => HELD,
    }
}

async fn send(app: App, receiver: Receiver, until: Time) {
    let run = app.traces.run("sender of events");
    let outcome = run.around(send_all(&app, &receiver, until)).await;
    if let Err(error) = &outcome {
        tracing::error!(receiver = receiver.id.as_str(), %error, "events cannot be sent");
    }
    run.end(outcome.is_err());
}

async fn send_all(app: &App, receiver: &Receiver, mut until: Time) -> Result<(), DbErr> {
    let passing = match receiver.status {
        ReceiverStatus::Enabled => Passing::All,
        ReceiverStatus::Paused | ReceiverStatus::Disabled => Passing::OfStream,
    };
    let mut failures = receiver.progress.failures;
    loop {
        let now = app.clock.now();
        let heads = rows::list_next(app.db.read(), &receiver.id, passing, now, AT_ONCE).await?;
        let Some(client) = client_of(app, &receiver.client).filter(|_| !heads.is_empty()) else {
            // A client that is disabled hears nothing; what happens is kept for it.
            let next = if heads.is_empty() { now } else { now + RESTS[3] };
            receivers::note(&app.db, receiver, until, (now, next), &Outcome::default()).await?;
            return Ok(());
        };
        let answers = join_all(heads.iter().map(|it| attempt(app, &client, receiver, it))).await;
        let now = app.clock.now();
        let (mut done, mut outcome, mut gone) = (Vec::new(), Outcome::default(), false);
        let (mut is_reached, mut fails_anew) = (false, false);
        let mut earliest = now;
        for (delivery, answer) in heads.iter().zip(answers) {
            match answer {
                Answer::Accepted => {
                    done.push(delivery.id.clone());
                    outcome.delivered += 1;
                    is_reached = true;
                }
                Answer::Void => done.push(delivery.id.clone()),
                Answer::Refused(why) => {
                    refused(app, receiver, delivery, now, &why).await?;
                    is_reached = true;
                }
                Answer::Failed {
                    why,
                    is_gone,
                    not_before,
                } => {
                    earliest = not_before.map_or(earliest, |it| earliest.max(it));
                    let next = (now + rest(delivery.attempts)).max(earliest);
                    rows::put_off(&app.db, &delivery.id, (next, false), &why).await?;
                    gone |= is_gone;
                    fails_anew |= delivery.attempts == 0;
                    outcome.failure = Some(why);
                }
            }
        }
        rows::delete(&app.db, &receiver.id, &done).await?;
        if outcome.delivered > 0 {
            failures = 0;
        }
        // A receiver that takes others is there: what it did not take waits by itself. Nor does what failed before say
        // anything new of it, so that a short rest will do.
        let rests = outcome.failure.is_some() && !is_reached;
        outcome.is_away = rests && fails_anew;
        let waits = earliest > now;
        let next = if rests {
            earliest.max(now + rest(if fails_anew { failures } else { 0 }))
        } else if waits {
            earliest
        } else if app.stopping.is_cancelled() {
            now
        } else {
            now + held(receiver)
        };
        let is_held = receivers::note(&app.db, receiver, until, (now, next), &outcome).await?;
        if let Some(why) = &outcome.failure {
            let client = receiver.client.as_str();
            tracing::warn!(client, receiver = receiver.id.as_str(), error = %why, "a service does not hear of events");
        }
        if gone {
            pause_gone(app, receiver).await?;
        }
        if rests || waits || gone || app.stopping.is_cancelled() || !is_held {
            return Ok(());
        }
        until = next;
    }
}

fn rest(failures: i32) -> Duration {
    let before = usize::try_from(failures).unwrap_or_default();
    RESTS[before.min(RESTS.len() - 1)]
}

async fn refused(
    app: &App,
    receiver: &Receiver,
    delivery: &Delivery,
    now: Time,
    why: &str,
) -> Result<(), DbErr> {
    let before = usize::try_from(delivery.refusals).unwrap_or_default();
    match WAITS.get(before) {
        Some(wait) => rows::put_off(&app.db, &delivery.id, (now + *wait, true), why).await,
        None => {
            tracing::warn!(
                receiver = receiver.id.as_str(),
                error = why,
                "an event is given up"
            );
            rows::bury(&app.db, &receiver.id, &delivery.id, now, why)
                .await
                .map(drop)
        }
    }
}

/// Pauses a webhook that says that it is gone (Standard Webhooks, "Failures"): what happens is kept until an administrator
/// has decided.
async fn pause_gone(app: &App, receiver: &Receiver) -> Result<(), DbErr> {
    app.write(&Context::system(), async |tx| {
        if let Some(before) = receivers::find(tx, &receiver.id).await?
            && before.status == ReceiverStatus::Enabled
        {
            let after = Receiver {
                status: ReceiverStatus::Paused,
                status_reason: Some("The endpoint answered 410".to_owned()),
                ..before
            };
            super::status::store(tx, &after).await?;
        }
        Ok::<_, DbErr>(())
    })
    .await
}

/// What came of an attempt.
#[derive(Debug)]
enum Answer {
    Accepted,
    /// There is nothing to tell any more.
    Void,
    /// The receiver does not want this event.
    Refused(String),
    /// The receiver hears nothing now.
    Failed {
        why: String,
        is_gone: bool,
        /// The time before which it wants to hear nothing.
        not_before: Option<Time>,
    },
}

async fn attempt(app: &App, client: &Arc<Client>, receiver: &Receiver, delivery: &Delivery) -> Answer {
    let sent = match receiver.kind {
        ReceiverKind::Scim => provision(app, client, receiver, delivery).await,
        ReceiverKind::Webhook => call_webhook(app, client, receiver, delivery).await,
        ReceiverKind::Push | ReceiverKind::Poll => push(app, client, receiver, delivery).await,
    };
    match sent {
        Ok(true) => Answer::Accepted,
        Ok(false) => Answer::Void,
        Err(Failure::Fetch(error @ fetch::Error::Status(400 | 413 | 415 | 422))) => {
            Answer::Refused(error.to_string())
        }
        Err(Failure::Fetch(error)) => Answer::Failed {
            is_gone: receiver.kind == ReceiverKind::Webhook && matches!(error, fetch::Error::Status(410)),
            why: error.to_string(),
            not_before: None,
        },
        Err(Failure::Users(Refusal::Refused(why))) => Answer::Refused(why),
        Err(Failure::Users(Refusal::Away { why, until })) => Answer::Failed {
            is_gone: false,
            why,
            not_before: until,
        },
        Err(Failure::Own(error)) => {
            tracing::error!(receiver = receiver.id.as_str(), %error, "an event cannot be made");
            Answer::Refused("it could not be made".into())
        }
    }
}

/// The reasons why an attempt came to nothing.
#[derive(Debug)]
enum Failure {
    Fetch(fetch::Error),
    Users(Refusal),
    Own(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Own(error)
    }
}

/// Pushes one Security Event Token (RFC 8935 §2.1). Returns `false` if there is nothing to tell any more.
async fn push(app: &App, client: &Client, receiver: &Receiver, delivery: &Delivery) -> Result<bool, Failure> {
    let Some(message) = compose(app, client, receiver, delivery).await? else {
        return Ok(false);
    };
    let token = sign(app, client, &message)?;
    let authorization = authorization(app, receiver);
    let mut headers = vec![
        (header::CONTENT_TYPE, "application/secevent+jwt"),
        (header::ACCEPT, "application/json"),
    ];
    if let Some(authorization) = &authorization {
        headers.push((header::AUTHORIZATION, authorization));
    }
    call(app, receiver, &headers, token).await
}

fn authorization(app: &App, receiver: &Receiver) -> Option<String> {
    let sealed = receiver.sealed_authorization.as_deref();
    let opened = sealed.and_then(|it| app.keys.open(AUTHORIZATION, it));
    opened.and_then(|it| String::from_utf8(it).ok())
}

/// Makes the user that a service has for a person what it is to be now. Returns `false` if the service has it.
async fn provision(
    app: &App,
    client: &Arc<Client>,
    receiver: &Receiver,
    delivery: &Delivery,
) -> Result<bool, Failure> {
    let kept = signals::open(&app.keys, &delivery.sealed_signal)
        .ok_or_else(|| Error::internal("a kept signal cannot be opened"))?;
    let change = match (&kept.signal, &delivery.account) {
        (Signal::Verification { .. }, _) => Change::Test,
        (Signal::AccountPurged { subject, remote_id }, _) => Change::Purged(subject, remote_id.as_deref()),
        (Signal::Provisioning, Some(account)) => Change::Person(account),
        _ => return Ok(false),
    };
    let authorization = authorization(app, receiver)
        .ok_or_else(|| Error::internal("the token of a SCIM target cannot be read"))?;
    match push::deliver(app, client, (receiver, &authorization), change).await {
        Ok(done) => Ok(done == push::Done::Told),
        Err(push::Failure::Refusal(refusal)) => Err(Failure::Users(refusal)),
        Err(push::Failure::Own(error)) => Err(Failure::Own(error)),
    }
}

async fn call_webhook(
    app: &App,
    client: &Client,
    receiver: &Receiver,
    delivery: &Delivery,
) -> Result<bool, Failure> {
    let Some(message) = compose(app, client, receiver, delivery).await? else {
        return Ok(false);
    };
    let signed = webhook::sign(app, receiver, &message, app.clock.now())
        .ok_or_else(|| Error::internal("a secret of a webhook cannot be read"))?;
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (HeaderName::from_static("webhook-id"), message.id.as_str()),
        (HeaderName::from_static("webhook-timestamp"), &signed.timestamp),
        (HeaderName::from_static("webhook-signature"), &signed.signature),
    ];
    call(app, receiver, &headers, signed.body).await
}

async fn call(
    app: &App,
    receiver: &Receiver,
    headers: &[(HeaderName, &str)],
    body: String,
) -> Result<bool, Failure> {
    let endpoint = receiver.endpoint.as_deref().unwrap_or_default();
    let sent = app.fetch.post_body(endpoint, headers, body).await;
    sent.map(|()| true).map_err(Failure::Fetch)
}
