//! `/login/second-factor`: the code or the passkey after the password, for a login that waits for it, or in a session
//! of which a service asks for more (contract.md, `/login`; RFC 9470).

use axum::response::Response;
use serde::Deserialize;

use super::flow::{self, Flow};
use super::login_outcome::{self, browser};
use super::onward::onward;
use super::{PageContext, PageError, PageForm, Tick};
use crate::accounts;
use crate::accounts::login::second_step;
use crate::accounts::second_factor::passkey::assertion;
use crate::accounts::second_factor::{self, PresentedFactor, SecondFactorStatus};
use crate::domain::account::Account;
use crate::domain::authentication::Acr;
use crate::domain::session::Session;
use crate::http::cookies::Cookie;
use crate::paths;
use crate::templates::FormState;
use crate::templates::pages::SecondFactor;

/// The person who is asked for a second factor, and for which.
struct Pending {
    of: Of,
    status: SecondFactorStatus,
    /// The challenge that the browser puts to the person's devices, once the person wanted it.
    challenge: Option<String>,
}

enum Of {
    /// The password was right; there is no session yet.
    AtLogin {
        ticket: String,
        account: Account,
    },
    InSession {
        session: Session,
        account: Account,
    },
}

impl Pending {
    fn account(&self) -> &Account {
        match &self.of {
            Of::AtLogin { account, .. } | Of::InSession { account, .. } => account,
        }
    }

    fn page(&self, ctx: &PageContext, flow: Option<Flow>) -> SecondFactor {
        let held = match &self.of {
            Of::AtLogin { .. } => None,
            Of::InSession { session, .. } => Some(session.acr()),
        };
        SecondFactor {
            form: ctx.form_or(FormState::default()),
            email: self.account().email.as_str().to_owned(),
            step_up: held.is_some(),
            // In a session that had one already, only a passkey adds to it.
            codes: held.is_none_or(|it| it < Acr::SecondFactor),
            app: self.status.totp_since.is_some(),
            passkeys: self.status.passkeys > 0,
            challenge: self.challenge.clone(),
            service: flow.map(|it| it.service),
            wait_minutes: ctx.wait_minutes(),
        }
    }
}

async fn pending(ctx: &PageContext) -> Result<Option<Pending>, PageError> {
    if let Some(ticket) = ctx.cookie(Cookie::SecondStep)
        && let Some(account) = second_step::of_ticket(&ctx.app, &ticket).await?
    {
        return Ok(Some(Pending {
            status: second_factor::status(&ctx.app, &account.id).await?,
            challenge: second_step::pending_assertion(&ctx.app, &ticket).await?,
            of: Of::AtLogin { ticket, account },
        }));
    }
    let Some((session, account)) = ctx.session().get() else {
        return Ok(None);
    };
    if session.acr() >= second_factor::reachable_acr(&ctx.app, &account.id).await? {
        return Ok(None);
    }
    Ok(Some(Pending {
        status: second_factor::status(&ctx.app, &account.id).await?,
        challenge: assertion::pending(&ctx.app, session.id.as_str()).await?,
        of: Of::InSession {
            session: session.clone(),
            account: account.clone(),
        },
    }))
}

pub async fn show(ctx: PageContext) -> Result<Response, PageError> {
    let (ctx, flow) = Flow::enter(ctx).await?;
    match pending(&ctx).await? {
        Some(pending) => ctx.page(&pending.page(&ctx, flow)).await,
        None => nothing_pending(ctx).await,
    }
}

/// Leads on when nothing is asked: it took too long, or was done in another window.
async fn nothing_pending(ctx: PageContext) -> Result<Response, PageError> {
    if ctx.session().get().is_some() {
        return Ok(onward(&ctx));
    }
    expired(ctx).await
}

/// Redirects to the first step, with what the login is for.
async fn expired(ctx: PageContext) -> Result<Response, PageError> {
    let ctx = ctx.without_cookie(Cookie::SecondStep);
    ctx.failed(&ctx.within(paths::LOGIN), "login_expired").await
}

/// Begins to ask the person's devices: the page does it, in the browser.
async fn begin_assertion(ctx: &PageContext, pending: &Pending) -> Result<Response, PageError> {
    match &pending.of {
        Of::AtLogin { ticket, account } => second_step::begin_assertion(&ctx.app, ticket, account).await?,
        Of::InSession { session, account } => {
            assertion::begin(&ctx.app, session.id.as_str(), Some(&account.id)).await?;
        }
    }
    Ok(ctx.redirect(&ctx.within(paths::LOGIN_SECOND_FACTOR)))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fields {
    otp: String,
    /// The answer of a device.
    credential: String,
    decision: String,
    /// The script's word that the device can make passkeys.
    passkeys: Tick,
}

pub async fn enter(form: PageForm<Fields>) -> Result<Response, PageError> {
    let PageForm { ctx, fields, typed } = form;
    let (ctx, flow) = Flow::enter(ctx).await?;
    match fields.decision.as_str() {
        "cancel" => {
            let ctx = ctx.without_cookie(Cookie::SecondStep);
            return flow::cancel(&ctx, flow.as_ref()).await;
        }
        "restart" => {
            let ctx = ctx.without_cookie(Cookie::SecondStep);
            return Ok(ctx.redirect(&ctx.within(paths::LOGIN)));
        }
        _ => {}
    }
    let Some(pending) = pending(&ctx).await? else {
        return nothing_pending(ctx).await;
    };
    if fields.decision == "passkey" && pending.status.passkeys > 0 {
        return begin_assertion(&ctx, &pending).await;
    }
    let presented = match fields.credential.as_str() {
        "" => PresentedFactor::Code(&fields.otp),
        answer => PresentedFactor::Passkey(answer),
    };
    if matches!(presented, PresentedFactor::Code(code) if code.trim().is_empty()) {
        return ctx.again(typed.error("otp", "error.required")).await;
    }
    let (app, context) = (&ctx.app, ctx.actor_context());
    let attempt = match &pending.of {
        Of::AtLogin { ticket, .. } => {
            second_step::finish(app, &context, ticket, presented, browser(&ctx)).await
        }
        Of::InSession { account, .. } => {
            match second_step::step_up(app, &context, account, presented, browser(&ctx)).await {
                Ok(started) => {
                    let ctx = ctx.with_cookie_value(Cookie::Session, started.cookie.expose());
                    return Ok(onward(&ctx));
                }
                Err(error) => Err(error),
            }
        }
    };
    match attempt {
        Ok(login) if fields.passkeys.is_on() => {
            let ctx = ctx.without_cookie(Cookie::SecondStep);
            login_outcome::logged_in_where_passkeys_can_be_made(ctx, &login).await
        }
        Ok(_) => login_outcome::answer(ctx.without_cookie(Cookie::SecondStep), typed, attempt).await,
        Err(accounts::Error::ChallengeExpired) => ctx.again(typed.notice("error.passkey_late")).await,
        Err(accounts::Error::CodeVoid) => expired(ctx).await,
        Err(_) => login_outcome::answer(ctx, typed, attempt).await,
    }
}
