//! `/login`, and entering the password again (product.md, step 1; security.md PW-3, PW-4, SE-2, SE-4).

use axum::response::Response;
use serde::Deserialize;

use super::flow::{self, Flow};
use super::form_guard::{effort, guard};
use super::onward::onward;
use super::{PageContext, PageError, PageForm, SignedIn, Tick, login_outcome};
use crate::accounts;
use crate::accounts::login::{LoggedIn, LoginForm, Second, attempt};
use crate::oidc::authorization::interaction::Step;
use crate::proof_of_work::{Effort, Form};
use crate::templates::FormState;
use crate::templates::pages::{Login, Reauthenticate};

pub async fn show(ctx: PageContext) -> Result<Response, PageError> {
    let (ctx, flow) = Flow::enter(ctx).await?;
    if let Some(response) = goes_on(&ctx, flow.as_ref()).await? {
        return Ok(response);
    }
    let ctx = if ctx.session_is_over() && ctx.return_path().is_some() {
        ctx.saying_session_is_over()
    } else {
        ctx
    };
    let known = ctx
        .session()
        .get()
        .map(|(_, account)| account.email.as_str().to_owned());
    let hint = flow
        .as_ref()
        .and_then(|it| it.interaction.request.login_hint.clone());
    let form = ctx.form_or(FormState::new(known.or(hint).map(|it| ("email", it))));
    let (ctx, guard) = guard(ctx, Form::Login).await;
    ctx.page(&Login {
        form,
        guard,
        service: flow.map(|it| it.service),
        passkeys: ctx.app.webauthn.is_offered(),
        wait_minutes: ctx.wait_minutes(),
    })
    .await
}

/// Leads on a person who is logged in and has nothing to do here: to the service, if its request asks for no new login,
/// else to where a login leads.
async fn goes_on(ctx: &PageContext, flow: Option<&Flow>) -> Result<Option<Response>, PageError> {
    let wants_other = ctx.query("account").as_deref() == Some("other");
    if ctx.session().get().is_none() || ctx.outcome().form.is_some() || wants_other {
        return Ok(None);
    }
    let Some(flow) = flow else {
        return Ok(Some(onward(ctx)));
    };
    match flow.step(ctx).await? {
        Step::Login { .. } => Ok(None),
        step => flow::take(ctx, &flow.handle, step).await.map(Some),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fields {
    email: String,
    password: String,
    decision: String,
    /// The script's word that the device can make passkeys.
    passkeys: Tick,
    /// The proof of work, if the page asked for it.
    work: String,
}

pub async fn log_in(form: PageForm<Fields>) -> Result<Response, PageError> {
    let PageForm { ctx, fields, typed } = form;
    let (ctx, flow) = Flow::enter(ctx).await?;
    if fields.decision == "cancel" {
        return flow::cancel(&ctx, flow.as_ref()).await;
    }
    let effort = effort(&ctx, Form::Login, &fields.work).await?;
    match try_password(&ctx, &fields.email, &fields.password, effort).await {
        Ok(login) if fields.passkeys.is_on() => {
            login_outcome::logged_in_where_passkeys_can_be_made(ctx, &login).await
        }
        attempt => login_outcome::answer(ctx, typed, attempt).await,
    }
}

async fn try_password(
    ctx: &PageContext,
    email: &str,
    password: &str,
    effort: Effort,
) -> accounts::Result<LoggedIn> {
    let form = LoginForm {
        email,
        password,
        second: Second::Later,
        effort,
    };
    attempt(&ctx.app, &ctx.actor_context(), form, login_outcome::browser(ctx)).await
}

pub async fn show_reauthentication(ctx: PageContext, person: SignedIn) -> Result<Response, PageError> {
    let (ctx, flow) = Flow::enter(ctx).await?;
    let page = Reauthenticate {
        form: ctx.form_or(FormState::default()),
        email: person.account().email.as_str().to_owned(),
        service: flow.map(|it| it.service),
        passkeys: ctx.app.webauthn.is_offered(),
        wait_minutes: ctx.wait_minutes(),
    };
    ctx.page(&page).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Password {
    password: String,
    decision: String,
}

pub async fn reauthenticate(person: SignedIn, form: PageForm<Password>) -> Result<Response, PageError> {
    let PageForm { ctx, fields, typed } = form;
    let (ctx, flow) = Flow::enter(ctx).await?;
    if fields.decision == "cancel" {
        return flow::cancel(&ctx, flow.as_ref()).await;
    }
    let email = person.account().email.as_str();
    match try_password(&ctx, email, &fields.password, Effort::NotRequired).await {
        // The address is on the page: only the password can be wrong.
        Err(accounts::Error::WrongCredentials) => {
            ctx.again(typed.error("password", "login.wrong_password")).await
        }
        attempt => login_outcome::answer(ctx, typed, attempt).await,
    }
}
