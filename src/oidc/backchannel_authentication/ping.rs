//! Notifies a client that its person has decided, whichever way (CIBA §10.2). A job calls it, with the row of the
//! request. An attempt is counted before it is made; if the process dies in it, the next one comes at its time. A
//! client that answers with a refusal was notified, and is not notified again.

use chrono::Duration;
use futures_util::{StreamExt, stream};
use sea_orm::DbErr;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::app::App;
use crate::domain::secret::Secret;
use crate::fetch;
use crate::oidc::{Error, Result};
use crate::storage::authentication_requests::{self as rows, DuePing};

const KIND: &str = "ping";

const TRIES: i32 = 3;
/// The wait from each attempt to the next one: more than a call may take.
const WAITS: [Duration; TRIES as usize] = [
    Duration::seconds(10),
    Duration::seconds(30),
    Duration::seconds(30),
];

/// The calls at once: one service that does not answer does not keep the others waiting.
const AT_ONCE: usize = 16;
const MOST_IN_A_ROUND: u64 = 128;

/// The values that the ping sends as they came. They are sealed, so that no copy of the database reveals them
/// (security.md G-13).
#[derive(Serialize, Deserialize)]
struct Content {
    auth_req_id: String,
    client_notification_token: String,
}

pub(super) fn seal(app: &App, auth_req_id: &str, token: &Secret) -> Result<String> {
    let content = Content {
        auth_req_id: auth_req_id.to_owned(),
        client_notification_token: token.expose().to_owned(),
    };
    let content = serde_json::to_vec(&content).map_err(Error::internal)?;
    app.keys.seal(KIND, &content).map_err(Error::internal)
}

/// Notifies the services of the decisions that they have yet to hear of, and returns how many were notified.
pub async fn deliver(app: &App) -> Result<usize, DbErr> {
    let due = rows::list_due_pings(app.db.read(), app.clock.now(), MOST_IN_A_ROUND).await?;
    let mut outcomes = stream::iter(due)
        .take_while(|_| std::future::ready(!app.stopping.is_cancelled()))
        .map(|it| notify(app, it))
        .buffer_unordered(AT_ONCE);
    let mut notified = 0;
    while let Some(outcome) = outcomes.next().await {
        notified += usize::from(outcome?);
    }
    Ok(notified)
}

async fn notify(app: &App, due: DuePing) -> Result<bool, DbErr> {
    let (db, now) = (&app.db, app.clock.now());
    let client = app.registry.find(due.client.as_str());
    let address = client.and_then(|it| it.is_pinged_at().map(str::to_owned));
    let opened = app.keys.open(KIND, &due.sealed);
    let content = opened.and_then(|it| serde_json::from_slice::<Content>(&it).ok());
    // The client is gone, or the notice comes too late for it to ask.
    let (Some(address), Some(content), true) = (address, content, now < due.expires_at) else {
        rows::end_ping(db, &due.id).await?;
        return Ok(false);
    };
    let wait = WAITS[usize::try_from(due.attempts).unwrap_or(0).min(WAITS.len() - 1)];
    if !rows::claim_ping(db, &due, now + wait).await? {
        return Ok(false); // Another node was faster.
    }
    let attempt = due.attempts + 1;
    let body = json!({"auth_req_id": content.auth_req_id});
    let sent = app
        .fetch
        .post_json(&address, &content.client_notification_token, &body)
        .await;
    let is_last = match &sent {
        // §10.2: 204 and 200 are alike; 4xx and redirects are an answer, too.
        Ok(()) | Err(fetch::Error::Status(300..=499)) => true,
        Err(_) => attempt >= TRIES,
    };
    if let Err(error) = &sent {
        tracing::warn!(client = %due.client, attempt, given_up = is_last, %error, "a service was not told of a decision");
    }
    if is_last {
        rows::end_ping(db, &due.id).await?;
    }
    Ok(sent.is_ok())
}
