//! `/account/email/undo`: the link that the old address gets with a change of the address (security.md SU-7). It works
//! without a login, and its POST decides. As with a reset link, the token leaves the address with the first step.

use axum::response::Response;

use super::mail_link::{self, Entered, Nothing};
use super::{PageContext, PageError, PageForm};
use crate::accounts::{self, email_undo};
use crate::http::cookies::Cookie;
use crate::http::outcome::Outcome;
use crate::paths;
use crate::templates::pages::EmailUndo;

/// Moves the `token` of the mail's link into a cookie, and shows the address without it.
pub async fn open(ctx: PageContext) -> Result<Response, PageError> {
    if let Some(outcome) = ctx.content::<EmailUndo>() {
        return ctx.page(&outcome).await;
    }
    let (ctx, token) = match mail_link::enter(ctx, Cookie::EmailUndo, paths::ACCOUNT_EMAIL_UNDO) {
        Entered::Held(ctx, token) => (ctx, token),
        Entered::Moved(response) => return Ok(response),
        Entered::Void(ctx) => return ctx.page(&EmailUndo::Void).await,
    };
    match email_undo::open(&ctx.app, &token).await {
        Ok(undone) => {
            let email = undone.email.as_str().to_owned();
            let page = if undone.restores_address {
                EmailUndo::Open { email }
            } else {
                EmailUndo::OpenTaken { email }
            };
            ctx.page(&page).await
        }
        Err(accounts::Error::LinkVoid) => ctx.page(&EmailUndo::Void).await,
        Err(other) => Err(other.into()),
    }
}

pub async fn undo(form: PageForm<Nothing>) -> Result<Response, PageError> {
    let PageForm { ctx, .. } = form;
    let Some(token) = ctx.cookie(Cookie::EmailUndo) else {
        return Ok(ctx.redirect(paths::ACCOUNT_EMAIL_UNDO));
    };
    let outcome = match email_undo::undo(&ctx.app, &ctx.actor_context(), &token).await {
        Ok(undone) if undone.restores_address => {
            let email = undone.email.as_str().to_owned();
            EmailUndo::Done { email }
        }
        Ok(_) => EmailUndo::Taken,
        Err(accounts::Error::LinkVoid) => return Ok(ctx.redirect(paths::ACCOUNT_EMAIL_UNDO)),
        Err(other) => return Err(other.into()),
    };
    // Bound to the browser and to no account: the session that this browser may have had has ended.
    let cookie = Cookie::EmailUndo.clear(&ctx.app);
    ctx.with_cookie(cookie)
        .again_to(None, Outcome::of(&outcome)?)
        .await
}
