//! `/login/keep-account`: where a login leads while the account is to be deleted. The person keeps it, takes the own data
//! along, or leaves it so; no service gets anything before. The guards must not apply here.

use axum::response::Response;
use serde::Deserialize;

use super::flow::{self, Flow};
use super::onward::onward;
use super::{PageContext, PageError, PageForm};
use crate::accounts::{self, deletion};
use crate::paths;
use crate::templates::FormState;
use crate::templates::pages::KeepAccount;

pub async fn show(ctx: PageContext) -> Result<Response, PageError> {
    let (ctx, flow) = Flow::enter(ctx).await?;
    let Some((_, account)) = ctx.session().get() else {
        return Ok(ctx.redirect(&ctx.within(paths::LOGIN)));
    };
    let found = deletion::find(&ctx.app, &account.id).await?;
    let Some(deletion) = found else {
        return Ok(onward(&ctx));
    };
    let page = KeepAccount {
        form: ctx.form_or(FormState::default()),
        email: account.email.as_str().to_owned(),
        until: deletion.delete_at,
        can_be_kept: deletion.can_be_stopped(ctx.app.clock.now()),
        service: flow.map(|it| it.service),
    };
    ctx.page(&page).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fields {
    decision: String,
}

pub async fn decide(form: PageForm<Fields>) -> Result<Response, PageError> {
    let PageForm { ctx, fields, .. } = form;
    let (ctx, flow) = Flow::enter(ctx).await?;
    match fields.decision.as_str() {
        "cancel" => return flow::cancel(&ctx, flow.as_ref()).await,
        "keep" => {}
        _ => return Err(PageError::Invalid),
    }
    let Some((session, _)) = ctx.session().get() else {
        return ctx.failed(&ctx.within(paths::LOGIN), "session_expired").await;
    };
    match deletion::keep(&ctx.app, &ctx.actor_context(), session).await {
        Ok(()) if ctx.request().is_none() && ctx.return_path().is_none() => {
            ctx.done(paths::ACCOUNT, "deletion_stopped").await
        }
        Ok(()) => Ok(onward(&ctx)),
        // It was kept in another window, or its time is over: the page knows.
        Err(accounts::Error::LinkVoid) => Ok(ctx.redirect(&ctx.within(paths::LOGIN_KEEP_ACCOUNT))),
        Err(other) => Err(other.into()),
    }
}
