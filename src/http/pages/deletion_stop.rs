//! `/account/delete/stop`: the link that keeps an account which is to be deleted. It works without a login, and its POST
//! decides. As with a reset link, the token leaves the address with the first step.

use axum::response::Response;

use super::mail_link::{self, Entered, Nothing};
use super::{PageContext, PageError, PageForm};
use crate::accounts::{self, deletion};
use crate::http::cookies::Cookie;
use crate::http::outcome::Outcome;
use crate::paths;
use crate::templates::pages::DeletionStop;

/// Moves the `token` of the mail's link into a cookie, and shows the address without it.
pub async fn open(ctx: PageContext) -> Result<Response, PageError> {
    if let Some(outcome) = ctx.content::<DeletionStop>() {
        return ctx.page(&outcome).await;
    }
    let (ctx, token) = match mail_link::enter(ctx, Cookie::DeletionStop, paths::ACCOUNT_DELETE_STOP) {
        Entered::Held(ctx, token) => (ctx, token),
        Entered::Moved(response) => return Ok(response),
        Entered::Void(ctx) => return ctx.page(&DeletionStop::Void).await,
    };
    match deletion::open(&ctx.app, &token).await {
        Ok((email, until)) => {
            let email = email.as_str().to_owned();
            ctx.page(&DeletionStop::Open { email, until }).await
        }
        Err(accounts::Error::LinkVoid) => ctx.page(&DeletionStop::Void).await,
        Err(other) => Err(other.into()),
    }
}

pub async fn stop(form: PageForm<Nothing>) -> Result<Response, PageError> {
    let PageForm { ctx, .. } = form;
    let Some(token) = ctx.cookie(Cookie::DeletionStop) else {
        return Ok(ctx.redirect(paths::ACCOUNT_DELETE_STOP));
    };
    match deletion::stop_by_link(&ctx.app, &ctx.actor_context(), &token).await {
        Ok(email) => {
            let cookie = Cookie::DeletionStop.clear(&ctx.app);
            let email = email.as_str().to_owned();
            // Bound to the browser and to no account: nobody needs to be logged in.
            let done = Outcome::of(&DeletionStop::Done { email })?;
            ctx.with_cookie(cookie).again_to(None, done).await
        }
        Err(accounts::Error::LinkVoid) => Ok(ctx.redirect(paths::ACCOUNT_DELETE_STOP)),
        Err(other) => Err(other.into()),
    }
}
