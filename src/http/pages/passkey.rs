//! `/login/passkey`: a passkey in place of address and password. The page is for the browser, which asks the person's
//! devices; without script there is no passkey, and the login asks for the password. The login page asks them by itself
//! where the browser lists passkeys in the e-mail field (Web Authentication §5.1.4, conditional mediation).

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::flow::{self, Flow};
use super::login_outcome::{self, browser};
use super::{PageContext, PageError, PageForm};
use crate::accounts;
use crate::accounts::login::passkey::{self, Ticket};
use crate::accounts::second_factor::passkey::assertion::{self, HeldTicket};
use crate::http::cookies::Cookie;
use crate::paths;
use crate::templates::FormState;
use crate::templates::pages::Passkey;

pub async fn show(ctx: PageContext) -> Result<Response, PageError> {
    let (ctx, flow) = Flow::enter(ctx).await?;
    let challenge = match ctx.cookie(Cookie::Passkey) {
        Some(ticket) => passkey::pending(&ctx.app, &ticket).await?,
        None => None,
    };
    if challenge.is_none() && ctx.outcome().form.is_none() {
        // The challenge took too long, or was answered in another window.
        return ctx.failed(&ctx.within(paths::LOGIN), "login_expired").await;
    }
    let page = Passkey {
        form: ctx.form_or(FormState::default()),
        challenge,
        service: flow.map(|it| it.service),
        wait_minutes: ctx.wait_minutes(),
    };
    ctx.page(&page).await
}

/// Answers the script of the login page with a challenge to hold. Nothing is kept of it here (G-5).
pub async fn challenge(ctx: PageContext) -> Result<Response, PageError> {
    if !ctx.app.webauthn.is_offered() {
        return Err(PageError::NotFound);
    }
    let held = assertion::begin_held(&ctx.app, ctx.browser())?;
    Ok(ctx.send(Json(held).into_response()))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fields {
    /// The answer of a device; without it the devices are to be asked.
    credential: String,
    /// The challenge that it answers, if the login page held it.
    ticket: String,
    /// The button; `own` is for the devices of whoever is logged in.
    decision: String,
}

pub async fn act(form: PageForm<Fields>) -> Result<Response, PageError> {
    let PageForm { ctx, fields, typed } = form;
    if !ctx.app.webauthn.is_offered() {
        return Err(PageError::NotFound);
    }
    let (ctx, flow) = Flow::enter(ctx).await?;
    if fields.decision == "cancel" {
        return flow::cancel(&ctx.without_cookie(Cookie::Passkey), flow.as_ref()).await;
    }
    let (app, context) = (&ctx.app, ctx.actor_context());
    let attempt = if fields.credential.is_empty() {
        let own = ctx.session().get().filter(|_| fields.decision == "own");
        match passkey::begin(app, &context, own.map(|(_, account)| account)).await {
            Ok(ticket) => {
                let ctx = ctx.with_cookie_value(Cookie::Passkey, ticket.expose());
                return Ok(ctx.redirect(&ctx.within(paths::LOGIN_PASSKEY)));
            }
            Err(error) => Err(error),
        }
    } else {
        let stored = ctx.cookie(Cookie::Passkey).unwrap_or_default();
        let ticket = match fields.ticket.as_str() {
            "" => Ticket::Stored(&stored),
            ticket => Ticket::Held(HeldTicket {
                ticket,
                browser: ctx.browser(),
            }),
        };
        passkey::finish(app, &context, ticket, &fields.credential, browser(&ctx)).await
    };
    match attempt {
        Ok(_) => login_outcome::answer(ctx.without_cookie(Cookie::Passkey), typed, attempt).await,
        Err(accounts::Error::ChallengeExpired) => {
            ctx.failed(&ctx.within(paths::LOGIN), "login_expired").await
        }
        Err(_) => login_outcome::answer(ctx, typed, attempt).await,
    }
}
