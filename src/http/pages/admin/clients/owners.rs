//! `/admin/clients/{id}/owners`: an administrator names the people who look after a service, and removes them; each act has a
//! page before it that says what it does.

use axum::extract::Path;
use axum::response::Response;
use serde::Deserialize;

use super::answers::refused;
use crate::domain::account::{Account, EmailAddress};
use crate::domain::client::Client;
use crate::domain::{AccountId, ClientId};
use crate::http::pages::{PageContext, PageError, PageForm};
use crate::oidc::clients::{self, ClientError, MOST_OWNERS, Owner, Whom};
use crate::paths;
use crate::templates::FormState;
use crate::templates::pages::{AdminClientOwners, ClientOwnerRow, Confirm};

async fn client_of(ctx: &PageContext, id: &str) -> Result<Client, PageError> {
    let found = clients::read(&ctx.app, &ctx.actor_context(), &ClientId::new(id)).await;
    found.map_err(refused)
}

pub async fn show(ctx: PageContext, Path(id): Path<String>) -> Result<Response, PageError> {
    let client = client_of(&ctx, &id).await?;
    let owners = clients::owners(&ctx.app, &ctx.actor_context(), &client.id).await;
    let owners = owners.map_err(refused)?;
    let page = AdminClientOwners {
        id: client.id.to_string(),
        name: client.name().to_owned(),
        is_full: owners.len() as u64 >= MOST_OWNERS,
        rows: owners.iter().map(row).collect(),
        form: ctx.form_or(FormState::default()),
    };
    ctx.page(&page).await
}

fn row(owner: &Owner) -> ClientOwnerRow {
    ClientOwnerRow {
        account_id: owner.account.id.to_string(),
        name: owner.account.profile.full_name(),
        email: owner.account.email.as_str().to_owned(),
        since: owner.since,
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Named {
    email: String,
}

/// Leads from an address to the page that says what naming its person does.
pub async fn name(Path(id): Path<String>, form: PageForm<Named>) -> Result<Response, PageError> {
    let PageForm { ctx, fields, typed } = form;
    let client = client_of(&ctx, &id).await?;
    let Ok(email) = EmailAddress::parse(&fields.email) else {
        return ctx.again(typed.error("email", "error.email")).await;
    };
    match candidate(&ctx, &client, &Whom::Email(&email)).await {
        Ok(account) => {
            let to = paths::admin_client_owners_confirm(&client.id);
            let to = paths::with_parameter(&to, "action", "name");
            let to = paths::with_parameter(&to, "account_id", account.id.as_str());
            Ok(ctx.redirect(&to))
        }
        Err(ClientError::NoAccount) => {
            let form = typed.error("email", "admin.client_owners.no_account");
            ctx.again(form).await
        }
        Err(ClientError::OwnerAlready) => {
            let form = typed.error("email", "admin.client_owners.already");
            ctx.again(form).await
        }
        Err(other) => Err(refused(other)),
    }
}

async fn candidate(ctx: &PageContext, client: &Client, whom: &Whom<'_>) -> Result<Account, ClientError> {
    clients::owner_candidate(&ctx.app, &ctx.actor_context(), &client.id, whom).await
}

/// Says what `act` will do.
pub async fn confirm(ctx: PageContext, Path(id): Path<String>) -> Result<Response, PageError> {
    let client = client_of(&ctx, &id).await?;
    let path = paths::admin_client_owners(&client.id);
    let account = AccountId::new(ctx.given("account_id").unwrap_or_default());
    let of = |act, action, button| Confirm::new(act, &path, action, button);
    let (person, page) = match ctx.given("action").as_deref() {
        Some("name") => match candidate(&ctx, &client, &Whom::Account(&account)).await {
            Ok(person) => (
                person,
                of("name_owner", "name", "admin.client_owners.name_button"),
            ),
            Err(ClientError::NoAccount | ClientError::OwnerAlready) => {
                return ctx.show_elsewhere(&path).await;
            }
            Err(other) => return Err(refused(other)),
        },
        Some("remove") => {
            let owners = clients::owners(&ctx.app, &ctx.actor_context(), &client.id).await;
            let owners = owners.map_err(refused)?;
            let Some(owner) = owners.into_iter().find(|it| it.account.id == account) else {
                return ctx.show_elsewhere(&path).await;
            };
            let page = of("remove_owner", "remove", "admin.client_owners.remove");
            (owner.account, page)
        }
        _ => return ctx.show_elsewhere(&path).await,
    };
    let page = page
        .of(format!(
            "{} ({})",
            person.profile.full_name(),
            person.email.as_str()
        ))
        .within(client.name())
        .with("account_id", account.as_str());
    ctx.page(&page.again(ctx.form_or(FormState::default()))).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fields {
    action: String,
    account_id: String,
}

pub async fn act(Path(id): Path<String>, form: PageForm<Fields>) -> Result<Response, PageError> {
    let PageForm { ctx, fields, typed } = form;
    let client = client_of(&ctx, &id).await?;
    let (app, context) = (&ctx.app, ctx.actor_context());
    let account = AccountId::new(fields.account_id.as_str());
    let outcome = match fields.action.as_str() {
        "name" => clients::add_owner(app, &context, &client.id, &Whom::Account(&account))
            .await
            .map(|_| "owner_named"),
        "remove" => clients::remove_owner(app, &context, &client.id, &account)
            .await
            .map(|()| "owner_removed"),
        _ => return ctx.again(typed.error("action", "error.choose")).await,
    };
    let path = paths::admin_client_owners(&client.id);
    match outcome {
        Ok(done) => ctx.done(&path, done).await,
        // Somebody else was faster, or the account is suspended meanwhile.
        Err(
            ClientError::NoAccount
            | ClientError::OwnerAlready
            | ClientError::NotAnOwner
            | ClientError::TooManyOwners,
        ) => ctx.failed(&path, "owners_changed").await,
        Err(other) => Err(refused(other)),
    }
}
