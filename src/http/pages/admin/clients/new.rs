//! `/admin/clients/new`: an administrator registers a client by its kind, in one form.

use axum::response::Response;
use serde::Deserialize;

use super::answers::{choices, refused, show_issued, with_problems};
use crate::domain::ClientId;
use crate::http::pages::{PageContext, PageError, PageForm, Tick};
use crate::oidc::clients::{self, ClientError, Kind, NewClient, Outline, Registration, Software};
use crate::templates::FormState;
use crate::templates::pages::AdminClientNew;

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fields {
    kind: String,
    software: String,
    client_id: String,
    client_name: String,
    client_uri: String,
    redirect_uris: String,
    scope: String,
    offline: Tick,
    first_party: Tick,
}

pub async fn show(ctx: PageContext) -> Result<Response, PageError> {
    let page = AdminClientNew {
        form: ctx.form_or(FormState::default()),
        kinds: Kind::ALL.map(Kind::as_str).to_vec(),
        software: choices(Software::example),
    };
    ctx.page(&page).await
}

pub async fn create(form: PageForm<Fields>) -> Result<Response, PageError> {
    let PageForm { ctx, fields, typed } = form;
    let Some(kind) = Kind::parse(&fields.kind) else {
        return ctx.again(typed.error("kind", "error.choose")).await;
    };
    let software = Software::parse(&fields.software);
    if software.is_none() && !fields.software.is_empty() {
        return ctx.again(typed.error("software", "error.choose")).await;
    }
    let outline = Outline {
        software,
        client_name: fields.client_name.trim().to_owned(),
        client_uri: fields.client_uri.trim().to_owned(),
        redirect_uris: fields
            .redirect_uris
            .split_whitespace()
            .map(str::to_owned)
            .collect(),
        scope: fields.scope.clone(),
        offline: fields.offline.is_on(),
        first_party: fields.first_party.is_on(),
    };
    let definition = match clients::define(kind, &outline) {
        Ok(definition) => definition,
        Err(problems) => return ctx.again(with_problems(typed, problems, field_of)).await,
    };
    let id = fields.client_id.trim();
    let new = NewClient {
        id: (!id.is_empty()).then(|| ClientId::new(id)),
        registration: Registration::ByAdministrator(definition),
        secret: None,
    };
    match clients::add(&ctx.app, &ctx.actor_context(), new).await {
        Ok(issued) => show_issued(&ctx, &issued, "client_created").await,
        Err(ClientError::Invalid(problems)) => ctx.again(with_problems(typed, problems, field_of)).await,
        Err(ClientError::Exists(_)) => ctx.again(typed.error("client_id", "admin.client.exists")).await,
        Err(other) => Err(refused(other)),
    }
}

/// Returns the field in which the problem of a member is mended: the kind decides what no field has.
fn field_of(member: &str) -> Option<&'static str> {
    AdminClientNew::FIELDS.into_iter().find(|it| *it == member)
}
