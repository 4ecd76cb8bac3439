//! `/weekly-digest/stop`: stops the weekly digest by the link of a mail, without a login, as `newsletter` does with its own. To get it
//! again, its reader logs in.

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::{PageContext, PageError, PageForm, one_click};
use crate::accounts;
use crate::affiliations::digest_preference;
use crate::app::App;
use crate::domain::newsletter::StoppedBy;
use crate::http::cookies::Cookie;
use crate::paths;
use crate::templates::pages::WeeklyDigestStop;

/// Moves the token of the mail's link into a cookie, and shows the address without it.
pub async fn enter(ctx: PageContext, Path(token): Path<String>) -> Result<Response, PageError> {
    if !one_click::is_well_formed(&token) {
        return ctx.page(&WeeklyDigestStop::Void).await;
    }
    let cookie = Cookie::WeeklyDigest.set(&ctx.app, &token);
    Ok(ctx.with_cookie(cookie).redirect(paths::WEEKLY_DIGEST_STOP))
}

/// Takes the POST of a mail program.
pub async fn one_click(State(app): State<App>, Path(token): Path<String>, request: Request) -> Response {
    let context = match one_click::read(request).await {
        Ok(context) => context,
        Err(refusal) => return refusal,
    };
    match digest_preference::stop_by_link(&app, &context, &token, StoppedBy::OneClick).await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(accounts::Error::LinkVoid) => StatusCode::NOT_FOUND.into_response(),
        Err(other) => PageError::from(other).into_response(),
    }
}

pub async fn show(ctx: PageContext) -> Result<Response, PageError> {
    let Some(token) = ctx.cookie(Cookie::WeeklyDigest) else {
        return ctx.page(&WeeklyDigestStop::Void).await;
    };
    let page = match digest_preference::open(&ctx.app, &token).await {
        Ok(true) => WeeklyDigestStop::Open,
        Ok(false) => WeeklyDigestStop::Stopped,
        Err(accounts::Error::LinkVoid) => WeeklyDigestStop::Void,
        Err(other) => return Err(other.into()),
    };
    ctx.page(&page).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fields {
    action: String,
}

pub async fn stop(form: PageForm<Fields>) -> Result<Response, PageError> {
    let PageForm { ctx, fields, .. } = form;
    let Some(token) = ctx.cookie(Cookie::WeeklyDigest) else {
        return Ok(ctx.redirect(paths::WEEKLY_DIGEST_STOP));
    };
    if fields.action != "stop" {
        return Err(PageError::Invalid);
    }
    let context = ctx.actor_context();
    match digest_preference::stop_by_link(&ctx.app, &context, &token, StoppedBy::Link).await {
        // The page says what has become of it, or that the link is void.
        Ok(()) | Err(accounts::Error::LinkVoid) => Ok(ctx.redirect(paths::WEEKLY_DIGEST_STOP)),
        Err(other) => Err(other.into()),
    }
}
