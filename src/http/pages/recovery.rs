//! `/forgot-password`, `/reset-password`: also the way in for accounts of the former platform
//! (security.md PW-5, PW-6, SU-1). The link's token leaves the address with the first step.

use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::flow::{self, Flow};
use super::form_guard::{effort, guard, is_decoy};
use super::mail_link::{self, Entered};
use super::resumption::Resumption;
use super::signup::request_to_keep;
use super::{PageContext, PageError, PageForm, refused};
use crate::accounts::{self, recovery};
use crate::domain::profile::Language;
use crate::http::cookies::Cookie;
use crate::http::outcome::Outcome;
use crate::oidc::authorization::kept_request;
use crate::paths;
use crate::proof_of_work::Form;
use crate::templates::FormState;
use crate::templates::pages::{
    ForgotPassword, ForgotPasswordSent, ResetPassword, ResetPasswordDone, ResetPasswordExpired,
    ReturnToService,
};

pub async fn ask(ctx: PageContext) -> Result<Response, PageError> {
    let (ctx, flow) = Flow::enter(ctx).await?;
    if let Some(Sent { email, is_delayed }) = ctx.content() {
        let page = ForgotPasswordSent {
            email,
            service: flow.map(|it| it.service),
            is_delayed,
        };
        return ctx.page(&page).await;
    }
    if let Some(flow) = &flow {
        kept_request::keep(&ctx.app, &flow.handle, &flow.interaction).await?;
    }
    let hint = flow
        .as_ref()
        .and_then(|it| it.interaction.request.login_hint.clone());
    let form = ctx.form_or(FormState::new(hint.map(|it| ("email", it))));
    let (ctx, guard) = guard(ctx, Form::Recovery).await;
    ctx.page(&ForgotPassword {
        form,
        service: flow.map(|it| it.service),
        guard,
    })
    .await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Address {
    email: String,
    decision: String,
    /// The proof of work.
    work: String,
    /// The field that no person sees.
    website: String,
}

/// What was asked for, for the page that says so.
#[derive(Serialize, Deserialize)]
struct Sent {
    email: String,
    is_delayed: bool,
}

pub async fn send(form: PageForm<Address>) -> Result<Response, PageError> {
    let PageForm { ctx, fields, typed } = form;
    let (ctx, flow) = Flow::enter(ctx).await?;
    if fields.decision == "cancel" {
        return flow::cancel(&ctx, flow.as_ref()).await;
    }
    let resume = request_to_keep(&ctx, flow.as_ref(), None).await?;
    let language = Language::parse(ctx.locale().as_str()).unwrap_or(Language::En);
    let request = recovery::Request {
        email: &fields.email,
        language,
        resume: resume.as_deref(),
        effort: effort(&ctx, Form::Recovery, &fields.work).await?,
        is_decoy: is_decoy(&ctx, &fields.website),
    };
    match recovery::request(&ctx.app, &ctx.actor_context(), request).await {
        Ok(delay) => {
            let sent = Sent {
                email: fields.email.trim().to_owned(),
                is_delayed: !delay.is_zero(),
            };
            ctx.again_with(Outcome::of(&sent)?).await
        }
        Err(accounts::Error::Fields(wrong)) => ctx.again(refused(typed, wrong)).await,
        Err(other) => Err(other.into()),
    }
}

/// Moves the `token` of the mail's link into a cookie, and shows the address without it.
pub async fn open(ctx: PageContext) -> Result<Response, PageError> {
    if let Some(kept) = ctx.content() {
        return show_done(ctx, kept).await;
    }
    let (ctx, token) = match mail_link::enter(ctx, Cookie::Reset, paths::RESET_PASSWORD) {
        Entered::Held(ctx, token) => (ctx, token),
        Entered::Moved(response) => return Ok(response),
        Entered::Void(ctx) => return ctx.page(&ResetPasswordExpired {}).await,
    };
    match recovery::open(&ctx.app, &token).await {
        Ok(account) => {
            let email = account.email.as_str().to_owned();
            ctx.page(&ResetPassword {
                form: ctx.form_or(FormState::default()),
                email,
            })
            .await
        }
        Err(accounts::Error::LinkVoid) => ctx.page(&ResetPasswordExpired {}).await,
        Err(other) => Err(other.into()),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewPassword {
    password: String,
    password_confirmation: String,
}

pub async fn reset(form: PageForm<NewPassword>) -> Result<Response, PageError> {
    let PageForm { ctx, fields, typed } = form;
    let Some(token) = ctx.cookie(Cookie::Reset) else {
        return Ok(ctx.redirect(paths::RESET_PASSWORD));
    };
    let new = accounts::NewPassword {
        password: &fields.password,
        confirmation: &fields.password_confirmation,
    };
    match recovery::complete(&ctx.app, &ctx.actor_context(), &token, new).await {
        Ok(done) => finish(ctx, done).await,
        Err(accounts::Error::Fields(wrong)) => ctx.again(refused(typed, wrong)).await,
        Err(accounts::Error::LinkVoid) => Ok(ctx.redirect(paths::RESET_PASSWORD)),
        Err(other) => Err(other.into()),
    }
}

/// Leads on to the login, and with it back to the service that the person came from. In another browser than the
/// service's request began in, on to a page that links to the service (AZ-6, DV-3).
async fn finish(ctx: PageContext, done: recovery::Done) -> Result<Response, PageError> {
    let resumption = Resumption::of(&ctx, done.resume, paths::LOGIN.to_owned()).await?;
    let cookie = Cookie::Reset.clear(&ctx.app);
    ctx.with_cookie(cookie)
        .show_at(paths::RESET_PASSWORD, Outcome::of(&resumption)?)
        .await
}

async fn show_done(ctx: PageContext, resumption: Resumption) -> Result<Response, PageError> {
    let ctx = resumption.speaking(ctx);
    match resumption.into_way_back(&ctx) {
        (Some(service), None) => ctx.page(&ReturnToService { service }).await,
        (service, continue_to) => {
            let page = ResetPasswordDone {
                service,
                continue_to: Some(continue_to.unwrap_or_else(|| paths::LOGIN.into())),
            };
            ctx.page(&page).await
        }
    }
}
