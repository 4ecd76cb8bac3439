//! `/account/services`: every service that the person logged in to, what it receives, and *withdraw* where there is a
//! consent (security.md SE-3).

use axum::response::Response;
use serde::Deserialize;

use crate::app::App;
use crate::domain::{AccountId, ClientId};
use crate::http::pages::{PageContext, PageError, PageForm, SignedIn};
use crate::oidc::{consent, service_use};
use crate::paths;
use crate::templates::FormState;
use crate::templates::pages::{AccountServices, Confirm, ServiceAccess};

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fields {
    client_id: String,
    action: String,
}

pub async fn show(ctx: PageContext, person: SignedIn) -> Result<Response, PageError> {
    let services = list(&ctx.app, &person.account().id).await?;
    ctx.page(&AccountServices { services }).await
}

/// Lists the services of an account.
pub(in crate::http::pages) async fn list(
    app: &App,
    account: &AccountId,
) -> Result<Vec<ServiceAccess>, PageError> {
    let used = service_use::list(app, account).await?;
    let services = used.iter().map(|used| {
        let client = app.registry.find(used.client_id.as_str());
        ServiceAccess {
            client_id: used.client_id.as_str().to_owned(),
            // A client that is gone is still shown, by what is left of it.
            name: client
                .as_ref()
                .map_or_else(|| used.client_id.to_string(), |it| it.name().to_owned()),
            client_uri: client.as_ref().and_then(|it| it.metadata.client_uri.clone()),
            scopes: used.scope.iter().map(ToString::to_string).collect(),
            claims: used.claims.clone(),
            since: used.since,
            last_used_at: used.last_used_at,
            by_consent: used.by_consent,
            first_party: client.is_some_and(|it| it.is_first_party()),
        }
    });
    Ok(services.collect())
}

/// Says what `withdraw` will do.
pub async fn confirm(ctx: PageContext, person: SignedIn) -> Result<Response, PageError> {
    let Some(id) = ctx.given("client_id") else {
        return ctx.show_elsewhere(paths::ACCOUNT_SERVICES).await;
    };
    let consents = consent::list(&ctx.app, &person.account().id).await?;
    let given = consents.iter().any(|it| it.client_id.as_str() == id);
    if !given {
        return Err(PageError::NotFound);
    }
    let client = ctx.app.registry.find(&id);
    let name = client.map_or_else(|| id.clone(), |it| it.name().to_owned());
    let page = Confirm::new(
        "access",
        paths::ACCOUNT_SERVICES,
        "withdraw",
        "account.services.withdraw",
    )
    .of(name)
    .with("client_id", &id);
    ctx.page(&page.again(ctx.form_or(FormState::default()))).await
}

pub async fn withdraw(person: SignedIn, form: PageForm<Fields>) -> Result<Response, PageError> {
    let PageForm { ctx, fields, .. } = form;
    if fields.action != "withdraw" {
        return Err(PageError::Invalid);
    }
    let client = ClientId::new(fields.client_id.as_str());
    let account = &person.account().id;
    if consent::withdraw(&ctx.app, &ctx.actor_context(), account, &client).await? {
        return ctx.done(paths::ACCOUNT_SERVICES, "access_withdrawn").await;
    }
    let used = service_use::list(&ctx.app, account).await?;
    // G-9: the consent was withdrawn in another window; a service that the person does not use is nothing of theirs.
    Err(if used.iter().any(|it| it.client_id == client) {
        PageError::Conflict
    } else {
        PageError::NotFound
    })
}
