//! `/admin/clients/{id}/events` and below: an administrator sees who hears of what happens to the people of a service, gives
//! it webhooks, and does what is needed when something could not be delivered.

use axum::extract::Path;
use axum::response::Response;
use serde::Deserialize;

use super::answers::refused;
use crate::domain::client::Client;
use crate::domain::event_receiver::ReceiverKind;
use crate::domain::message::Message;
use crate::domain::signal::{ReceiverStatus, SignalKind};
use crate::domain::{ClientId, ReceiverId};
use crate::http::outcome::Outcome;
use crate::http::pages::paging::{Position, paging};
use crate::http::pages::{ListQuery, PageContext, PageError, PageForm};
use crate::oidc::clients;
use crate::oidc::shared_signals::{self as signals, IssuedWebhook, NewWebhook, Overview, ReceiverError};
use crate::paths;
use crate::templates::FormState;
use crate::templates::pages::{
    AdminClientEvents, AdminClientReceiver, AdminReceiverConfirm, AdminWebhookSecret, DeadLetter, NewSecret,
    ReceiverRow,
};

const FILTERS: [&str; 1] = ["kind"];

pub(super) fn not_done(error: ReceiverError) -> PageError {
    match error {
        ReceiverError::Client(error) => refused(error),
        ReceiverError::NotFound => PageError::NotFound,
        other => PageError::internal(other),
    }
}

pub(super) async fn client_of(ctx: &PageContext, id: &str) -> Result<Client, PageError> {
    let found = clients::read(&ctx.app, &ctx.actor_context(), &ClientId::new(id)).await;
    found.map_err(refused)
}

/// Finds a receiver of the client; that of another one does not exist (security.md G-4).
pub(super) async fn receiver_of(ctx: &PageContext, client: &Client, id: &str) -> Result<Overview, PageError> {
    let found = signals::show(&ctx.app, &ctx.actor_context(), &ReceiverId::new(id)).await;
    let found = found.map_err(not_done)?;
    if found.receiver.client == client.id {
        Ok(found)
    } else {
        Err(PageError::NotFound)
    }
}

pub(super) fn row(overview: &Overview) -> ReceiverRow {
    let Overview {
        receiver,
        queue,
        target,
    } = overview;
    let progress = &receiver.progress;
    ReceiverRow {
        id: receiver.id.to_string(),
        kind: receiver.kind.as_str(),
        status: receiver.status.as_str(),
        status_reason: receiver.status_reason.clone(),
        endpoint: receiver.endpoint.clone(),
        description: receiver.description.clone(),
        events: receiver.kinds().into_iter().map(SignalKind::as_str).collect(),
        created_at: receiver.created_at,
        waiting: queue.waiting,
        oldest: queue.oldest,
        dead: queue.dead,
        delivered: u64::try_from(progress.delivered).unwrap_or_default(),
        failing: progress.failures > 0,
        last_success_at: progress.last_success_at,
        last_failure_at: progress.last_failure_at,
        last_failure: progress.last_failure.clone(),
        former_secret_until: receiver.former_secret_until,
        people: target.as_ref().map(|it| it.people.as_str()),
        everybody_at: target.as_ref().and_then(|it| it.walked_at),
    }
}

pub async fn list(ctx: PageContext, Path(id): Path<String>) -> Result<Response, PageError> {
    let client = client_of(&ctx, &id).await?;
    let all = signals::list_of_client(&ctx.app, &ctx.actor_context(), &client.id).await;
    let page = AdminClientEvents {
        id: client.id.to_string(),
        name: client.name().to_owned(),
        rows: all.map_err(not_done)?.iter().map(row).collect(),
        kinds: SignalKind::OF_PEOPLE.map(SignalKind::as_str).to_vec(),
        form: ctx.form_or(FormState::default()),
    };
    ctx.page(&page).await
}

/// The fields of the form, one for each kind of event.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct NewFields {
    endpoint: String,
    description: String,
    session_revoked: String,
    credential_change: String,
    token_claims_change: String,
    assurance_level_change: String,
    account_disabled: String,
    account_enabled: String,
    account_purged: String,
    identifier_changed: String,
}

impl NewFields {
    fn kinds(&self) -> Vec<SignalKind> {
        let ticked = [
            (&self.session_revoked, SignalKind::SessionRevoked),
            (&self.credential_change, SignalKind::CredentialChange),
            (&self.token_claims_change, SignalKind::TokenClaimsChange),
            (&self.assurance_level_change, SignalKind::AssuranceLevelChange),
            (&self.account_disabled, SignalKind::AccountDisabled),
            (&self.account_enabled, SignalKind::AccountEnabled),
            (&self.account_purged, SignalKind::AccountPurged),
            (&self.identifier_changed, SignalKind::IdentifierChanged),
        ];
        ticked
            .into_iter()
            .filter(|it| !it.0.is_empty())
            .map(|it| it.1)
            .collect()
    }
}

pub async fn add(Path(id): Path<String>, form: PageForm<NewFields>) -> Result<Response, PageError> {
    let PageForm { ctx, fields, typed } = form;
    let client = client_of(&ctx, &id).await?;
    let new = NewWebhook {
        client: client.id.clone(),
        kinds: fields.kinds(),
        endpoint: fields.endpoint,
        description: fields.description,
    };
    match signals::add_webhook(&ctx.app, &ctx.actor_context(), new).await {
        Ok(issued) => show_issued(&ctx, &issued, "webhook_added").await,
        Err(ReceiverError::Invalid(field, why)) => {
            let label = Message::new("mark.pair").with("label", field).with("value", &why);
            ctx.again(typed.error(field, label)).await
        }
        Err(ReceiverError::TooMany) => ctx.again(typed.notice("admin.events.too_many")).await,
        Err(other) => Err(not_done(other)),
    }
}

async fn show_issued(
    ctx: &PageContext,
    issued: &IssuedWebhook,
    done: &'static str,
) -> Result<Response, PageError> {
    let content = NewSecret {
        secret: issued.secret.expose().to_owned(),
        done: format!("flash.{done}"),
    };
    let to = paths::admin_webhook_secret(&issued.receiver.client, &issued.receiver.id);
    ctx.show_at(&to, Outcome::of(&content)?).await
}

/// Shows the secret that was just made; later there is none to show (security.md AD-2).
pub async fn show_secret(
    ctx: PageContext,
    Path((id, receiver)): Path<(String, String)>,
) -> Result<Response, PageError> {
    let client = client_of(&ctx, &id).await?;
    let found = receiver_of(&ctx, &client, &receiver).await?;
    match ctx.content::<NewSecret>() {
        None => Ok(ctx.redirect(&paths::admin_client_receiver(&client.id, &found.receiver.id))),
        Some(new_secret) => {
            let page = AdminWebhookSecret {
                id: client.id.to_string(),
                name: client.name().to_owned(),
                row: row(&found),
                new_secret,
            };
            ctx.page(&page).await
        }
    }
}

pub async fn show(
    ctx: PageContext,
    Path((id, receiver)): Path<(String, String)>,
    query: ListQuery,
) -> Result<Response, PageError> {
    let client = client_of(&ctx, &id).await?;
    let found = receiver_of(&ctx, &client, &receiver).await?;
    let kind = SignalKind::parse(query.get("kind"));
    let context = ctx.actor_context();
    let part = (query.page()?, signals::PAGE);
    let letters = signals::dead_letters(&ctx.app, &context, &found.receiver.id, kind, part).await;
    let letters = letters.map_err(not_done)?;
    let at = Position {
        page: letters.page,
        size: letters.size,
        total: letters.total,
    };
    let here = paths::admin_client_receiver(&client.id, &found.receiver.id);
    let page = AdminClientReceiver {
        id: client.id.to_string(),
        name: client.name().to_owned(),
        row: row(&found),
        letters: letters
            .rows
            .into_iter()
            .map(|it| DeadLetter {
                id: it.id,
                kind: it.kind.as_str(),
                caused_at: it.caused_at,
                attempts: u64::try_from(it.attempts).unwrap_or_default(),
                failure: it.failure,
            })
            .collect(),
        form: query.form(&FILTERS),
        kinds: SignalKind::ALL.iter().map(|it| it.as_str()).collect(),
        paging: paging(at, &here, &query, &FILTERS),
    };
    ctx.page(&page).await
}

/// Returns `false` if the receiver is already as the act would make it.
fn applies(action: &str, found: &Overview) -> bool {
    let status = found.receiver.status;
    match action {
        "pause" => status != ReceiverStatus::Paused,
        "resume" => status != ReceiverStatus::Enabled,
        "disable" => status != ReceiverStatus::Disabled,
        "rotate_secret" => found.receiver.kind == ReceiverKind::Webhook,
        "replay" | "discard" => found.queue.dead > 0,
        _ => true,
    }
}

pub async fn confirm(
    ctx: PageContext,
    Path((id, receiver)): Path<(String, String)>,
) -> Result<Response, PageError> {
    let client = client_of(&ctx, &id).await?;
    let found = receiver_of(&ctx, &client, &receiver).await?;
    let asked = ctx.given("action").unwrap_or_default();
    let action = AdminReceiverConfirm::ACTIONS.into_iter().find(|it| *it == asked);
    let Some(action) = action.filter(|it| applies(it, &found)) else {
        let to = paths::admin_client_receiver(&client.id, &found.receiver.id);
        return ctx.show_elsewhere(&to).await;
    };
    let page = AdminReceiverConfirm {
        id: client.id.to_string(),
        name: client.name().to_owned(),
        row: row(&found),
        action,
        letter: ctx.given("event").filter(|it| !it.is_empty()),
        takes_reason: ["pause", "disable"].contains(&action),
        works_until: ctx.app.clock.now() + clients::OVERLAP,
        form: ctx.form_or(FormState::default()),
    };
    ctx.page(&page).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fields {
    action: String,
    event: String,
    reason: String,
}

pub async fn act(
    Path((id, receiver)): Path<(String, String)>,
    form: PageForm<Fields>,
) -> Result<Response, PageError> {
    let PageForm { ctx, fields, typed } = form;
    let client = client_of(&ctx, &id).await?;
    let found = receiver_of(&ctx, &client, &receiver).await?;
    let (app, context, receiver) = (&ctx.app, ctx.actor_context(), &found.receiver.id);
    let here = paths::admin_client_receiver(&client.id, receiver);
    let list = paths::admin_client_events(&client.id);
    let letter = Some(fields.event.as_str()).filter(|it| !it.is_empty());
    let set = async |status| signals::set_status(app, &context, receiver, status, Some(&fields.reason)).await;
    let done = match fields.action.as_str() {
        "test" => signals::test(app, &context, receiver)
            .await
            .map(|_| (&here, "receiver_tested")),
        "pause" => set(ReceiverStatus::Paused)
            .await
            .map(|_| (&here, "receiver_paused")),
        "resume" => set(ReceiverStatus::Enabled)
            .await
            .map(|_| (&here, "receiver_resumed")),
        "disable" => set(ReceiverStatus::Disabled)
            .await
            .map(|_| (&here, "receiver_disabled")),
        "replay" => {
            let replayed = signals::replay(app, &context, receiver, letter).await;
            replayed.map(|_| (&here, "receiver_replayed"))
        }
        "discard" => {
            let discarded = signals::discard(app, &context, receiver, letter).await;
            discarded.map(|_| (&here, "receiver_discarded"))
        }
        "rotate_secret" => match signals::rotate_secret(app, &context, receiver).await {
            Ok(issued) => return show_issued(&ctx, &issued, "webhook_secret_rotated").await,
            Err(error) => Err(error),
        },
        "delete" => signals::delete(app, &context, receiver)
            .await
            .map(|_| (&list, "receiver_deleted")),
        _ => return ctx.again(typed.error("action", "error.choose")).await,
    };
    match done {
        Ok((to, done)) => ctx.done(to, done).await,
        // Somebody else changed it in the same moment, or it is so already.
        Err(ReceiverError::Conflict | ReceiverError::NoSecret) => ctx.failed(&here, "receiver_changed").await,
        Err(ReceiverError::Invalid(field, why)) => {
            let label = Message::new("mark.pair").with("label", field).with("value", &why);
            ctx.again(typed.error(field, label)).await
        }
        Err(other) => Err(not_done(other)),
    }
}
