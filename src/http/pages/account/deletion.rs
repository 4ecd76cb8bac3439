//! `/account/delete`: says what the deletion of the account means, and begins it after a page that confirms
//! (security.md SE-4). `pages::deletion_stop` is the page of the link that stops it.

use axum::response::Response;
use serde::Deserialize;

use crate::accounts;
use crate::accounts::deletion;
use crate::affiliations::departure::{self, Office};
use crate::domain::Time;
use crate::domain::session::Due;
use crate::http::outcome::Outcome;
use crate::http::pages::logout::leave;
use crate::http::pages::onward::page_of;
use crate::http::pages::{PageContext, PageError, PageForm, SignedIn};
use crate::oidc::end_session::After;
use crate::oidc::logout::frontchannel;
use crate::oidc::service_use;
use crate::paths;
use crate::templates::FormState;
use crate::templates::pages::{AccountDelete, Confirm, DeletionStop};

/// Returns `true` if the deletion was begun already: then there is another page.
fn is_begun(person: &SignedIn) -> bool {
    person.account().is_leaving()
}

pub async fn show(ctx: PageContext, person: SignedIn) -> Result<Response, PageError> {
    if is_begun(&person) {
        return Ok(ctx.redirect(page_of(Due::Deletion)));
    }
    let account = person.account();
    let leaves = departure::of_account(&ctx.app, &account.id).await?;
    let services = service_use::list(&ctx.app, &account.id).await?;
    let page = AccountDelete {
        form: ctx.form_or(FormState::default()),
        email: account.email.as_str().to_owned(),
        is_admitted: deletion::is_admitted(&ctx.app, person.session()).await?,
        organization: leaves.organization,
        has_ties_rights: leaves.has_ties_rights,
        office: leaves.office.map(|it| match it {
            Office::Shared => "shared",
            Office::Last => "last",
        }),
        services: services.len() as u64,
        has_newsletter: account.newsletter,
        first: super::first(&ctx, &person).await?,
        is_last_administrator: deletion::is_last_administrator(&ctx.app, account).await?,
    };
    ctx.page(&page).await
}

/// Says what `act` will do.
pub async fn confirm(ctx: PageContext, person: SignedIn) -> Result<Response, PageError> {
    if is_begun(&person) || ctx.given("action").as_deref() != Some("delete") {
        return ctx.show_elsewhere(paths::ACCOUNT_DELETE).await;
    }
    let page = Confirm::new("deletion", paths::ACCOUNT_DELETE, "delete", "delete.action");
    ctx.page(&page.again(ctx.form_or(FormState::default()))).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fields {
    action: String,
}

pub async fn act(person: SignedIn, form: PageForm<Fields>) -> Result<Response, PageError> {
    let PageForm { ctx, fields, .. } = form;
    if fields.action != "delete" {
        return Err(PageError::Invalid);
    }
    if is_begun(&person) {
        return Ok(ctx.redirect(page_of(Due::Deletion)));
    }
    let frames = frontchannel::frames(&ctx.app, person.session()).await?;
    match deletion::begin(&ctx.app, &ctx.actor_context(), person.session()).await {
        Ok(until) => {
            let after = After {
                client: None,
                redirect_to: keep_begun_notice(&ctx, &person, until).await,
            };
            leave(ctx, frames, after).await
        }
        // The page says so.
        Err(accounts::Error::LastAdministrator) => Ok(ctx.redirect(paths::ACCOUNT_DELETE)),
        Err(other) => Err(other.into()),
    }
}

/// Keeps what the page after the logout says, for this browser, and returns its address. `None` if the store is away: the
/// deletion is begun, and the mail says the same.
async fn keep_begun_notice(ctx: &PageContext, person: &SignedIn, until: Time) -> Option<String> {
    let begun = DeletionStop::Begun {
        email: person.account().email.as_str().to_owned(),
        until,
    };
    let outcome = Outcome::of(&begun).ok()?;
    let page = paths::ACCOUNT_DELETE_STOP;
    let handle = ctx.keep_for(page, None, outcome).await.ok()?;
    Some(paths::with_parameter(
        page,
        crate::http::outcome::PARAMETER,
        &handle,
    ))
}
