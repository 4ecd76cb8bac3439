//! `/recovery/stop`: the link that every address of a person gets when a recovery through the ServiceDesk was confirmed
//! (security.md PW-10). It works without a login, and its POST decides. As with a reset link, the token leaves the address
//! with the first step.

use axum::response::Response;

use super::mail_link::{self, Entered, Nothing};
use super::{PageContext, PageError, PageForm};
use crate::accounts::{self, assisted_recovery};
use crate::http::cookies::Cookie;
use crate::http::outcome::Outcome;
use crate::paths;
use crate::templates::pages::RecoveryStop;

/// Moves the `token` of the mail's link into a cookie, and shows the address without it.
pub async fn open(ctx: PageContext) -> Result<Response, PageError> {
    if let Some(outcome) = ctx.content::<RecoveryStop>() {
        return ctx.page(&outcome).await;
    }
    let (ctx, token) = match mail_link::enter(ctx, Cookie::RecoveryStop, paths::RECOVERY_STOP) {
        Entered::Held(ctx, token) => (ctx, token),
        Entered::Moved(response) => return Ok(response),
        Entered::Void(ctx) => return ctx.page(&RecoveryStop::Void).await,
    };
    match assisted_recovery::open(&ctx.app, &token).await {
        Ok(recovery) => {
            let at = recovery.due_at.unwrap_or(recovery.asked_at);
            ctx.page(&RecoveryStop::Open { at }).await
        }
        Err(accounts::Error::LinkVoid) => ctx.page(&RecoveryStop::Void).await,
        Err(other) => Err(other.into()),
    }
}

pub async fn stop(form: PageForm<Nothing>) -> Result<Response, PageError> {
    let PageForm { ctx, .. } = form;
    let Some(token) = ctx.cookie(Cookie::RecoveryStop) else {
        return Ok(ctx.redirect(paths::RECOVERY_STOP));
    };
    match assisted_recovery::stop(&ctx.app, &ctx.actor_context(), &token).await {
        Ok(()) => {
            let ctx = ctx.without_cookie(Cookie::RecoveryStop);
            ctx.again_to(None, Outcome::of(&RecoveryStop::Done)?).await
        }
        Err(accounts::Error::LinkVoid) => Ok(ctx.redirect(paths::RECOVERY_STOP)),
        Err(other) => Err(other.into()),
    }
}
