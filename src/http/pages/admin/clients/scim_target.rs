//! `/admin/clients/{id}/scim-target`: an administrator registers the SCIM server of a service; below its page the token by
//! which the service knows us is replaced. A token is never shown.

use axum::extract::Path;
use axum::response::Response;
use serde::Deserialize;

use super::events::{client_of, not_done, receiver_of, row};
use crate::domain::client::Client;
use crate::domain::event_receiver::ReceiverKind;
use crate::domain::message::Message;
use crate::domain::scim_target::ProvisionedPeople;
use crate::domain::secret::Secret;
use crate::http::pages::{PageContext, PageError, PageForm};
use crate::oidc::shared_signals::{self as signals, NewScimTarget, Overview, ReceiverError};
use crate::paths;
use crate::templates::FormState;
use crate::templates::pages::{AdminScimTargetNew, AdminScimTargetToken};

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fields {
    endpoint: String,
    token: String,
    people: String,
    description: String,
}

pub async fn show(ctx: PageContext, Path(id): Path<String>) -> Result<Response, PageError> {
    let client = client_of(&ctx, &id).await?;
    let page = AdminScimTargetNew {
        id: client.id.to_string(),
        name: client.name().to_owned(),
        form: ctx.form_or(FormState::new([("people", ProvisionedPeople::Used.as_str())])),
    };
    ctx.page(&page).await
}

pub async fn add(Path(id): Path<String>, form: PageForm<Fields>) -> Result<Response, PageError> {
    let PageForm { ctx, fields, typed } = form;
    let client = client_of(&ctx, &id).await?;
    let Some(people) = ProvisionedPeople::parse(&fields.people) else {
        return ctx.again(typed.error("people", "error.choose")).await;
    };
    let new = NewScimTarget {
        client: client.id.clone(),
        endpoint: fields.endpoint,
        token: Secret::new(fields.token),
        people,
        description: fields.description,
    };
    match signals::add_scim_target(&ctx.app, &ctx.actor_context(), new).await {
        Ok(made) => {
            let to = paths::admin_client_receiver(&client.id, &made.id);
            ctx.done(&to, "scim_target_added").await
        }
        Err(ReceiverError::TooMany) => ctx.again(typed.notice("admin.scim_target.too_many")).await,
        Err(other) => wrong(&ctx, typed, other).await,
    }
}

/// Shows a refused value beside its field.
async fn wrong(ctx: &PageContext, typed: FormState, error: ReceiverError) -> Result<Response, PageError> {
    match error {
        ReceiverError::Invalid("token", _) => {
            ctx.again(typed.error("token", "admin.scim_target.no_token"))
                .await
        }
        ReceiverError::Invalid("people", _) => {
            ctx.again(typed.error("people", "admin.scim_target.no_policy"))
                .await
        }
        ReceiverError::Invalid(field, why) => {
            let label = Message::new("mark.pair").with("label", field).with("value", &why);
            ctx.again(typed.error(field, label)).await
        }
        other => Err(not_done(other)),
    }
}

/// Finds a SCIM target of the client.
async fn target_of(ctx: &PageContext, client: &Client, id: &str) -> Result<Overview, PageError> {
    let found = receiver_of(ctx, client, id).await?;
    match found.receiver.kind {
        ReceiverKind::Scim => Ok(found),
        ReceiverKind::Push | ReceiverKind::Poll | ReceiverKind::Webhook => Err(PageError::NotFound),
    }
}

pub async fn show_token(
    ctx: PageContext,
    Path((id, receiver)): Path<(String, String)>,
) -> Result<Response, PageError> {
    let client = client_of(&ctx, &id).await?;
    let found = target_of(&ctx, &client, &receiver).await?;
    let page = AdminScimTargetToken {
        id: client.id.to_string(),
        name: client.name().to_owned(),
        row: row(&found),
        form: ctx.form_or(FormState::default()),
    };
    ctx.page(&page).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TokenFields {
    token: String,
}

pub async fn set_token(
    Path((id, receiver)): Path<(String, String)>,
    form: PageForm<TokenFields>,
) -> Result<Response, PageError> {
    let PageForm { ctx, fields, typed } = form;
    let client = client_of(&ctx, &id).await?;
    let found = target_of(&ctx, &client, &receiver).await?;
    let (context, id) = (ctx.actor_context(), &found.receiver.id);
    let here = paths::admin_client_receiver(&client.id, id);
    match signals::set_token(&ctx.app, &context, id, &Secret::new(fields.token)).await {
        Ok(_) => ctx.done(&here, "scim_token_set").await,
        Err(ReceiverError::Conflict) => ctx.failed(&here, "receiver_changed").await,
        Err(other) => wrong(&ctx, typed, other).await,
    }
}
