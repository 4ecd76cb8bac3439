//! `/newsletter/stop`: stops the newsletter by the link of a mail, without a login. A mail program POSTs to the link
//! itself (RFC 8058); a person who opens it gets a page, whose GET shows and whose POST acts. As with other links, the
//! token leaves the address with the first step.

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::{PageContext, PageError, PageForm, one_click};
use crate::accounts::{self, newsletter};
use crate::app::App;
use crate::domain::newsletter::StoppedBy;
use crate::http::cookies::Cookie;
use crate::paths;
use crate::templates::pages::NewsletterStop;

/// Moves the token of the mail's link into a cookie, and shows the address without it.
pub async fn enter(ctx: PageContext, Path(token): Path<String>) -> Result<Response, PageError> {
    if !one_click::is_well_formed(&token) {
        return ctx.page(&NewsletterStop::Void).await;
    }
    let cookie = Cookie::Newsletter.set(&ctx.app, &token);
    Ok(ctx.with_cookie(cookie).redirect(paths::NEWSLETTER_STOP))
}

/// Takes the POST of a mail program: it has no cookie, no form token and no login, and gets no page (RFC 8058 §3.2).
pub async fn one_click(State(app): State<App>, Path(token): Path<String>, request: Request) -> Response {
    let context = match one_click::read(request).await {
        Ok(context) => context,
        Err(refusal) => return refusal,
    };
    match newsletter::stop_by_link(&app, &context, &token, StoppedBy::OneClick).await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(accounts::Error::LinkVoid) => StatusCode::NOT_FOUND.into_response(),
        Err(other) => PageError::from(other).into_response(),
    }
}

pub async fn show(ctx: PageContext) -> Result<Response, PageError> {
    let Some(token) = ctx.cookie(Cookie::Newsletter) else {
        return ctx.page(&NewsletterStop::Void).await;
    };
    let page = match newsletter::open(&ctx.app, &token).await {
        Ok(state) if state.is_subscribed => NewsletterStop::Open,
        Ok(state) => NewsletterStop::Stopped {
            can_be_undone: state.can_be_undone,
        },
        Err(accounts::Error::LinkVoid) => NewsletterStop::Void,
        Err(other) => return Err(other.into()),
    };
    ctx.page(&page).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fields {
    action: String,
}

pub async fn act(form: PageForm<Fields>) -> Result<Response, PageError> {
    let PageForm { ctx, fields, .. } = form;
    let (app, context) = (&ctx.app, ctx.actor_context());
    let Some(token) = ctx.cookie(Cookie::Newsletter) else {
        return Ok(ctx.redirect(paths::NEWSLETTER_STOP));
    };
    let done = match fields.action.as_str() {
        "stop" => newsletter::stop_by_link(app, &context, &token, StoppedBy::Link).await,
        "again" => newsletter::subscribe_again(app, &context, &token, ctx.locale().into()).await,
        _ => return Err(PageError::Invalid),
    };
    match done {
        // The page says what has become of it, or that the link is void.
        Ok(()) | Err(accounts::Error::LinkVoid) => Ok(ctx.redirect(paths::NEWSLETTER_STOP)),
        Err(other) => Err(other.into()),
    }
}
