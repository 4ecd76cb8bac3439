//! `/login` and what belongs to a login: entering the password again, accepting new Terms of Use
//! (product.md, step 1; security.md PW-3, PW-4, SE-2, SE-4).

use axum::response::Response;
use serde::Deserialize;

use super::flow::{self, Flow};
use super::{PageContext, PageError, PageForm, SignedIn, Tick, refused};
use crate::accounts::login::{Browser, LoggedIn, LoginForm, Second, attempt};
use crate::accounts::{self, profile};
use crate::domain::secret::Secret;
use crate::domain::session::Due;
use crate::http::cookies::Cookie;
use crate::oidc::authorization::interaction::Step;
use crate::paths;
use crate::templates::FormState;
use crate::templates::pages::{AcceptTerms, Login, Reauthenticate};

pub async fn show(ctx: PageContext) -> Result<Response, PageError> {
    let (ctx, flow) = Flow::enter(ctx).await?;
    if let Some(response) = goes_on(&ctx, flow.as_ref()).await? {
        return Ok(response);
    }
    let ctx = if ctx.session_is_over() && ctx.return_path.is_some() {
        ctx.saying_session_is_over()
    } else {
        ctx
    };
    let known = ctx
        .session
        .get()
        .map(|(_, account)| account.email.as_str().to_owned());
    let hint = flow
        .as_ref()
        .and_then(|it| it.interaction.request.login_hint.clone());
    let form = ctx.form_or(FormState::new(known.or(hint).map(|it| ("email", it))));
    ctx.page(&Login {
        form,
        service: flow.map(|it| it.service),
        passkeys: ctx.app.webauthn.is_offered(),
        wait_minutes: ctx.wait_minutes(),
    })
    .await
}

/// Who is logged in has nothing to do here: on to the service, if its request asks for no new login, else to where a
/// login leads.
async fn goes_on(ctx: &PageContext, flow: Option<&Flow>) -> Result<Option<Response>, PageError> {
    let wants_other = ctx.query("account").as_deref() == Some("other");
    if ctx.session.get().is_none() || ctx.outcome.form.is_some() || wants_other {
        return Ok(None);
    }
    let Some(flow) = flow else {
        return Ok(Some(onward(ctx)));
    };
    match flow.step(ctx).await {
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
}

pub async fn log_in(form: PageForm<Fields>) -> Result<Response, PageError> {
    let PageForm { ctx, fields, typed } = form;
    let (ctx, flow) = Flow::enter(ctx).await?;
    if fields.decision == "cancel" {
        return flow::cancel(&ctx, flow.as_ref()).await;
    }
    match try_password(&ctx, &fields.email, &fields.password).await {
        Ok(it) => Ok(logged_in(ctx, &it)),
        Err(accounts::Error::SecondFactorNeeded { ticket }) => Ok(second_step(ctx, &ticket)),
        Err(accounts::Error::Fields(wrong)) => ctx.again(refused(typed, wrong)).await,
        Err(accounts::Error::WrongCredentials) => ctx.again(typed.notice("login.failed")).await,
        Err(accounts::Error::Throttled { retry_after }) => ctx.again_later(typed, retry_after).await,
        Err(other) => Err(other.into()),
    }
}

async fn try_password(ctx: &PageContext, email: &str, password: &str) -> accounts::Result<LoggedIn> {
    let form = LoginForm {
        email,
        password,
        second: Second::Later,
    };
    attempt(&ctx.app, &ctx.actor_context(), form, browser(ctx)).await
}

pub(super) fn browser(ctx: &PageContext) -> Browser<'_> {
    Browser {
        known: ctx.known_browser.as_deref(),
        session: ctx.session.get().map(|(session, _)| session),
    }
}

/// On to the second factor, with what the login is for.
fn second_step(ctx: PageContext, ticket: &Secret) -> Response {
    let ctx = ctx.with_cookie_value(Cookie::SecondStep, ticket.expose());
    ctx.redirect(&ctx.within(paths::LOGIN_SECOND_FACTOR))
}

/// A new cookie for the session (SE-2), and on to where the person wanted to go.
pub(super) fn logged_in(ctx: PageContext, it: &LoggedIn) -> Response {
    let known = Cookie::KnownBrowser.set(&ctx.app, &it.known_browser);
    let ctx = ctx
        .with_cookie_value(Cookie::Session, it.started.cookie.expose())
        .with_cookie(known);
    match it.started.session.due(&it.account) {
        Some(due) if ctx.request.is_none() => ctx.redirect(&ctx.within(flow::page_of(due))),
        _ => onward(&ctx),
    }
}

/// Back to the service's request, to the page that was asked for, or to the account.
pub(super) fn onward(ctx: &PageContext) -> Response {
    if let Some(handle) = &ctx.request {
        return flow::go_on(ctx, handle);
    }
    let page = ctx.return_path.as_ref();
    ctx.redirect(page.map_or(paths::ACCOUNT, |it| it.address()))
}

pub async fn ask_again(ctx: PageContext, person: SignedIn) -> Result<Response, PageError> {
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

pub async fn prove_again(person: SignedIn, form: PageForm<Password>) -> Result<Response, PageError> {
    let PageForm { ctx, fields, typed } = form;
    let (ctx, flow) = Flow::enter(ctx).await?;
    if fields.decision == "cancel" {
        return flow::cancel(&ctx, flow.as_ref()).await;
    }
    let email = person.account().email.as_str();
    match try_password(&ctx, email, &fields.password).await {
        Ok(it) => Ok(logged_in(ctx, &it)),
        Err(accounts::Error::SecondFactorNeeded { ticket }) => Ok(second_step(ctx, &ticket)),
        Err(accounts::Error::Fields(wrong)) => ctx.again(refused(typed, wrong)).await,
        Err(accounts::Error::WrongCredentials) => {
            ctx.again(typed.error("password", "login.wrong_password")).await
        }
        Err(accounts::Error::Throttled { retry_after }) => ctx.again_later(typed, retry_after).await,
        Err(other) => Err(other.into()),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Acceptance {
    accept_terms: Tick,
    /// The version that the page showed.
    version: String,
    decision: String,
}

pub async fn show_terms(ctx: PageContext) -> Result<Response, PageError> {
    let (ctx, flow) = Flow::enter(ctx).await?;
    let due = ctx
        .session
        .get()
        .and_then(|(session, account)| session.due(account));
    if due == Some(Due::EmailVerification) {
        return Ok(ctx.redirect(&ctx.within(flow::page_of(Due::EmailVerification))));
    }
    if due.is_none() && ctx.outcome.form.is_none() {
        return Ok(onward(&ctx));
    }
    let terms = profile::terms(&ctx.app).await?;
    let page = AcceptTerms {
        form: ctx.form_or(FormState::default()),
        service: flow.map(|it| it.service),
        version: terms.version,
        published_at: terms.effective_from,
    };
    ctx.page(&page).await
}

pub async fn accept_terms(form: PageForm<Acceptance>) -> Result<Response, PageError> {
    let PageForm { ctx, fields, typed } = form;
    let (ctx, flow) = Flow::enter(ctx).await?;
    if fields.decision == "cancel" {
        return flow::cancel(&ctx, flow.as_ref()).await;
    }
    let Some((session, account)) = ctx.session.get() else {
        return Err(PageError::SignedOut);
    };
    if session.due(account) == Some(Due::EmailVerification) {
        // G-6: in this order
        return Ok(ctx.redirect(&ctx.within(flow::page_of(Due::EmailVerification))));
    }
    if !fields.accept_terms.is_on() {
        return ctx.again(typed.error("accept_terms", "error.accept_terms")).await;
    }
    match profile::accept_terms(&ctx.app, &ctx.actor_context(), account, &fields.version).await {
        Ok(()) => Ok(onward(&ctx)),
        // A newer version came into force while this one was read.
        Err(accounts::Error::Conflict) => ctx.again(FormState::default().notice("error.try_again")).await,
        Err(other) => Err(other.into()),
    }
}
