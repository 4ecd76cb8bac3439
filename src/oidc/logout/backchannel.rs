//! Back-channel logout (OpenID Connect Back-Channel Logout 1.0 §2.4, §2.5; security.md LO-3, JW-4): makes the token
//! that a client is sent, and sends what is due, by a job. An attempt is counted before it is made; if the process dies
//! in it, the next one comes at its time.

use chrono::Duration;
use futures_util::{StreamExt, stream};
use sea_orm::DbErr;
use serde_json::{Value, json};

use crate::app::App;
use crate::domain::Time;
use crate::domain::client::Client;
use crate::jose::jwe::Content;
use crate::oidc::{self, Error, client_keys, subject};
use crate::random;
use crate::storage::session_clients::{self as rows, Due};

/// The lifetime of a logout token.
const LIFETIME: Duration = Duration::seconds(120);
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

const TRIES: i32 = 3;
/// The wait from each attempt to the next one: more than a call may take.
const WAITS: [Duration; TRIES as usize] = [
    Duration::seconds(10),
    Duration::seconds(60),
    Duration::seconds(60),
];

/// The calls at once: one service that does not answer does not keep the others waiting.
const AT_ONCE: usize = 16;
const MOST_IN_A_ROUND: u64 = 128;

/// Notifies the services of the logouts that they have yet to hear of, and returns how many were notified.
pub async fn deliver(app: &App) -> Result<usize, DbErr> {
    let due = rows::list_due(app.db.read(), app.clock.now(), MOST_IN_A_ROUND).await?;
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

async fn notify(app: &App, due: Due) -> Result<bool, DbErr> {
    let due = &due;
    let db = &app.db;
    let client = app.registry.find(due.client.as_str());
    // The client is notified by the browser only, or is gone since.
    let Some((client, address)) = client.and_then(|client| {
        let address = client.metadata.backchannel_logout_uri.clone()?;
        Some((client, address))
    }) else {
        rows::delete(db, due).await?;
        return Ok(false);
    };
    let now = app.clock.now();
    let wait = WAITS[usize::try_from(due.attempts).unwrap_or(0).min(WAITS.len() - 1)];
    if !rows::claim(db, due, now + wait).await? {
        return Ok(false); // Another node was faster.
    }
    let attempt = due.attempts + 1;
    let failure = match logout_token(app, &client, due, now).await {
        Ok(token) => match app.fetch.post(&address, &[("logout_token", &token)]).await {
            Ok(()) => None,
            Err(error) => Some(error.to_string()),
        },
        Err(error) => Some(error.to_string()),
    };
    if let Some(error) = &failure {
        let given_up = attempt >= TRIES;
        tracing::warn!(client = %client.id, attempt, given_up, error, "a service was not told of a logout");
    }
    if failure.is_none() || attempt >= TRIES {
        rows::delete(db, due).await?;
    }
    Ok(failure.is_none())
}

/// Makes the logout token (§2.4). Its type and its missing `nonce` keep it from being taken for an ID token.
async fn logout_token(app: &App, client: &Client, due: &Due, now: Time) -> oidc::Result<String> {
    let claims: Value = json!({
        "iss": app.config.issuer.as_str(),
        "aud": client.id.as_str(),
        "iat": now.timestamp(),
        "exp": (now + LIFETIME).timestamp(),
        "jti": random::id(),
        "sub": subject::for_client(app, client, &due.subject).as_str(),
        "sid": due.sid.as_str(),
        "events": {EVENT: {}},
    });
    let signed = app.keys.sign(client.id_token_alg(), "logout+jwt", &claims);
    let signed = signed.map_err(Error::internal)?;
    match client.metadata.id_token_encryption() {
        Some(how) => client_keys::encrypt(app, client, Content::Jws(&signed), how).await, // §2.6, step 1
        None => Ok(signed),
    }
}
