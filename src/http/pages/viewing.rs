//! `/viewing`: the view of somebody's account that goes on in this session, or is over, and the button that ends it (security.md
//! AD-12). What the session can open meanwhile is decided in `http::viewing`.

use axum::response::Response;
use serde::Deserialize;

use super::{PageContext, PageError, PageForm, SignedIn};
use crate::accounts::viewing;
use crate::domain::account::Account;
use crate::paths;
use crate::templates::pages::Viewing;

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Nothing {}

pub async fn show(ctx: PageContext, viewer: SignedIn) -> Result<Response, PageError> {
    let found = viewing::find(&ctx.app, viewer.session(), viewer.account()).await?;
    let page = match found {
        None => return Ok(ctx.redirect(elsewhere(viewer.account()))),
        Some(found) => match found.person {
            Some(person) => Viewing::Running {
                person: person.profile.full_name(),
            },
            None => Viewing::Over,
        },
    };
    ctx.page(&page).await
}

/// Ends the view, and leads back to the account as the staff sees it, in the language of whoever looked.
pub async fn end(viewer: SignedIn, form: PageForm<Nothing>) -> Result<Response, PageError> {
    let PageForm { ctx, .. } = form;
    match viewing::end(&ctx.app, &ctx.actor_context(), viewer.session()).await? {
        Some(view) => {
            let account = paths::admin_account(&view.account);
            let account = paths::with_parameter(&account, "ui_locales", &view.language);
            ctx.done(&account, "view_ended").await
        }
        // It was ended in another window.
        None => Ok(ctx.redirect(elsewhere(viewer.account()))),
    }
}

fn elsewhere(account: &Account) -> &'static str {
    if account.role.reads_accounts() {
        paths::ADMIN_ACCOUNTS
    } else {
        paths::ACCOUNT
    }
}
