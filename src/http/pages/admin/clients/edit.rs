//! `/admin/clients/{id}/edit`: an administrator changes any member of a client, an owner those that do not extend it, and
//! sees the rest. The version that was shown travels with
//! the form: if somebody else has changed the client meanwhile, nothing is saved, what was typed stays, and what is
//! stored now stands beside it (security.md G-9).

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;

use super::answers::{refused, with_problems};
use super::member_values::{SEEN, TypedMembers, form_of, shown};
use super::members::{Field, Input, SECTIONS, Section, field_of, members_of};
use crate::domain::ClientId;
use crate::domain::client::{Client, Origin, Version};
use crate::http::pages::{PageContext, PageError, PageForm};
use crate::oidc::clients::{self, ClientError, Update};
use crate::paths;
use crate::templates::FormState;
use crate::templates::pages::{AdminClientEdit, ClientField, ClientSection};

pub async fn show(ctx: PageContext, Path(id): Path<String>) -> Result<Response, PageError> {
    let client = clients::read(&ctx.app, &ctx.actor_context(), &ClientId::new(id))
        .await
        .map_err(refused)?;
    let stored = form_of(&client.definition());
    let mut form = ctx.form_or(stored.clone());
    // What was typed may be older than what is stored, whatever else is wrong with it.
    let is_stale = ctx.outcome().form.is_some() && Version::parse(form.value(SEEN)) != Some(client.version());
    if is_stale {
        form = form.notice("admin.client_edit.conflict");
    }
    let page = AdminClientEdit {
        id: client.id.to_string(),
        name: client.name().to_owned(),
        is_owner: !ctx.administers_clients(),
        self_registered: client.origin == Origin::Registration,
        seen: client.version().to_string(),
        sections: SECTIONS
            .iter()
            .map(|it| section(&ctx, it, &form, (&stored, is_stale)))
            .collect(),
        form,
    };
    ctx.page(&page).await
}

fn section(
    ctx: &PageContext,
    section: &Section,
    form: &FormState,
    (stored, is_stale): (&FormState, bool),
) -> ClientSection {
    let fields: Vec<ClientField> = section
        .fields
        .iter()
        .map(|it| {
            if is_fixed(ctx, it.name) {
                // The form that comes back does not have it: what is stored is shown.
                let field = client_field(it, stored, None);
                ClientField {
                    is_fixed: true,
                    ..field
                }
            } else {
                client_field(it, form, is_stale.then_some(stored))
            }
        })
        .collect();
    let needs_attention = |it: &ClientField| it.stored.is_some() || form.errors.contains_key(it.name);
    ClientSection {
        name: section.name,
        is_open: ["service", "login"].contains(&section.name) || fields.iter().any(needs_attention),
        fields,
    }
}

fn client_field(field: &Field, form: &FormState, stored: Option<&FormState>) -> ClientField {
    let typed = shown(form, field.name);
    let stored = stored.map(|it| shown(it, field.name));
    ClientField {
        name: field.name,
        members: members_of(field.name),
        input: field.input.as_str(),
        options: field.input.options(),
        ticked: typed.clone(),
        is_fixed: false,
        stored: stored.filter(|it| differs(field, it, &typed)),
    }
}

/// Returns `true` if the field is shown to whoever looks, and not theirs to change.
fn is_fixed(ctx: &PageContext, field: &str) -> bool {
    let member = field.split_once('.').map_or(field, |it| it.0);
    !ctx.administers_clients() && clients::is_for_administrators(member)
}

/// Returns `true` if the values differ. Boxes have the order of the page, whatever that of their values is.
fn differs(field: &Field, stored: &[String], typed: &[String]) -> bool {
    if let Input::Boxes(_) = field.input {
        stored.len() != typed.len() || stored.iter().any(|it| !typed.contains(it))
    } else {
        stored != typed
    }
}

pub async fn save(Path(id): Path<String>, form: PageForm<TypedMembers>) -> Result<Response, PageError> {
    let PageForm { ctx, fields, typed } = form;
    let id = ClientId::new(id);
    // The answer is 404 before anything is said about the fields.
    let client = clients::read(&ctx.app, &ctx.actor_context(), &id)
        .await
        .map_err(refused)?;
    let outcome = match Version::parse(fields.text(SEEN)) {
        None => Err(ClientError::Conflict(id.clone())),
        Some(seen) => update(&ctx, &client, seen, &fields).await,
    };
    match outcome {
        Ok(_) => ctx.done(&paths::admin_client(&id), "saved").await,
        Err(ClientError::Invalid(problems)) => ctx.again(with_problems(typed, problems, field_of)).await,
        Err(ClientError::Conflict(_)) => ctx.again_as(StatusCode::CONFLICT, typed).await,
        Err(other) => Err(refused(other)),
    }
}

async fn update(
    ctx: &PageContext,
    client: &Client,
    seen: Version,
    fields: &TypedMembers,
) -> Result<Client, ClientError> {
    // What was only shown is not in the form that comes back.
    let stored = form_of(&client.definition());
    let fields = fields.with(&stored, |field| is_fixed(ctx, field));
    let members = fields.read().map_err(ClientError::Invalid)?;
    let update = Update {
        seen,
        definition: clients::definition(&members).map_err(ClientError::Invalid)?,
        ..Update::of(client)
    };
    clients::update(&ctx.app, &ctx.actor_context(), update).await
}
