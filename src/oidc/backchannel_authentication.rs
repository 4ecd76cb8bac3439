//! Client-Initiated Backchannel Authentication (OpenID Connect CIBA Core 1.0): a service asks for a person who
//! is elsewhere, the person is notified by mail and decides on a page of the account, the service comes and asks,
//! pinged or by itself (`token/ciba.rs`). Tokens are never pushed.
//!
//! A client that nobody vouched for learns nothing by asking: if it registered itself, a hint that names nobody gets
//! the same answer as one whose person does not answer. An administrator's client gets `unknown_user_id` (CIBA §13), a
//! few times.

mod decisions;
mod hint;
mod ping;
mod request;

use std::time::Duration;

use sea_orm::{ConnectionTrait, DbErr};
use serde::Serialize;

use self::request::{Asked, Hint};
use super::{Error, Parameters, Result};
use crate::accounts::notifications;
use crate::app::App;
use crate::domain::account::Account;
use crate::domain::actor::Context;
use crate::domain::backchannel_authentication::{AuthenticationRequest, Stage};
use crate::domain::client::{Client, GrantType, Origin};
use crate::domain::event::{Action, Event};
use crate::domain::polling::INTERVAL;
use crate::domain::secret::Digest;
use crate::domain::{AccountId, AuthenticationRequestId, ClientId};
use crate::limits::{Limit, Refused};
use crate::mail;
use crate::oidc::mismatch::Mismatch;
use crate::random;
use crate::storage::{accounts, authentication_requests};

pub use decisions::{Decided, Outcome, Pending, allow, deny, list};
pub use ping::deliver;

/// The wait before a service that found too many requests may try again: people decide in the meantime.
const RETRY_WHILE_WAITING: Duration = Duration::from_secs(60);

/// CIBA §7.3
#[derive(Debug, Serialize)]
pub struct Acknowledgement {
    pub auth_req_id: String,
    pub expires_in: i64,
    pub interval: i64,
}

pub async fn begin(
    app: &App,
    context: &Context,
    client: &Client,
    parameters: &Parameters,
) -> Result<Acknowledgement> {
    if !client.may_use(GrantType::Ciba) {
        let grant = GrantType::Ciba.to_string();
        let mismatch = Mismatch::new("grant_type", grant, &client.metadata.grant_types);
        let refused =
            Error::unauthorized_client("The client is not registered for backchannel authentication");
        return Err(refused.about(mismatch));
    }
    let asked = request::read(app, client, parameters).await?;
    if client.origin == Origin::Registration {
        // The request is counted whatever the hint names, so that the limit reveals nothing to a stranger.
        app.limits.count(Limit::UnknownHints, client.id.as_str()).await?;
    }
    let account = hint::find(app, client, &asked.hint).await?;
    // The request is counted by the address, somebody's or nobody's: that limit reveals nothing, either.
    if let Some(address) = asked.hint.address(account.as_ref()) {
        app.limits.count(Limit::AuthenticationRequests, &address).await?;
    }
    if account.is_none() {
        nobody(app, client, &asked.hint).await?;
    }
    // SU-1: too many waiting requests would reveal a person, so a client that nobody vouched for waits as for nobody.
    let account = match (account, client.origin) {
        (Some(account), Origin::Registration) if !has_room(app, app.db.read(), &account.id).await? => None,
        (account, _) => account,
    };
    keep(app, context, client, &asked, account.as_ref()).await
}

/// Answers `unknown_user_id` (CIBA §13), to a client that may learn it.
async fn nobody(app: &App, client: &Client, hint: &Hint) -> Result<()> {
    if client.origin == Origin::Administrator {
        app.limits.count(Limit::UnknownHints, client.id.as_str()).await?;
    }
    let may_learn = client.origin == Origin::Administrator || matches!(hint, Hint::IdToken(_));
    if may_learn {
        Err(Error::unknown_user_id(
            "The hint names nobody who has an account here",
        ))
    } else {
        Ok(())
    }
}

/// Keeps the request, and writes its audit record and the mail to the person with it (security.md ST-2).
async fn keep(
    app: &App,
    context: &Context,
    client: &Client,
    asked: &Asked,
    account: Option<&Account>,
) -> Result<Acknowledgement> {
    let now = app.clock.now();
    let auth_req_id = random::token();
    let request = AuthenticationRequest {
        id: AuthenticationRequestId::new(random::id()),
        digest: key(&client.id, &auth_req_id),
        client_id: client.id.clone(),
        account: account.map(|it| it.id.clone()),
        scope: asked.scope.clone(),
        resources: asked.audience.resources.clone(),
        details: asked.audience.details.clone(),
        acr_values: asked.acr_values.clone(),
        binding_message: asked.binding_message.clone(),
        requested_at: now,
        expires_at: now + asked.lifetime,
        stage: Stage::Waiting,
    };
    let sealed = match &asked.notification_token {
        None => None,
        Some(token) => Some(ping::seal(app, &auth_req_id, token)?),
    };
    let event = Event::new(Action::AuthenticationRequested, format!("client:{}", client.id))
        .because(asked.scope.to_string());
    let event = match account {
        Some(account) => event
            .about(&account.id)
            .change(serde_json::Value::Null, format!("account:{}", account.id)),
        None => event.failed("unknown_user_id"),
    };
    let request = &request;
    let kept = app.write(context, async |tx| {
        if let Some(account) = &request.account {
            // The account is held while its requests are counted, so that two requests at once do not both find room.
            accounts::lock(tx, account).await?;
            if !has_room(app, tx, account).await? {
                return Ok(false);
            }
        }
        authentication_requests::insert(tx, request, sealed.clone()).await?;
        if let Some(account) = account {
            notifications::authentication_requested(tx, account, client.name(), request.expires_at).await?;
        }
        tx.record(event.clone()).await?;
        Ok::<_, mail::Error>(true)
    });
    if !kept.await? {
        return Err(Error::from(Refused::TooMany {
            retry_after: RETRY_WHILE_WAITING,
        }));
    }
    Ok(Acknowledgement {
        auth_req_id,
        expires_in: asked.lifetime.num_seconds(),
        interval: INTERVAL.num_seconds(),
    })
}

/// Returns `true` if one more request may wait. DV-3: of any number of services, a few may wait for one person.
async fn has_room(app: &App, db: &impl ConnectionTrait, account: &AccountId) -> Result<bool, DbErr> {
    let waiting = authentication_requests::count_waiting(db, account, app.clock.now()).await?;
    Ok(waiting < u64::from(app.config.limits.authentication_requests_waiting))
}

/// Returns the digest of client and `auth_req_id`. The client is part of it: another's `auth_req_id` is not found.
pub(super) fn key(client: &ClientId, auth_req_id: &str) -> Digest {
    Digest::of(format!("{client}\n{auth_req_id}").as_bytes())
}
