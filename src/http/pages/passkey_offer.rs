//! `/login/passkey/offer`: the page that offers a passkey after a login with the password, once: the person makes one or says
//! *not now*, and goes on to where the login leads. `login_outcome` leads here where the browser has said that its device
//! can make one, so never without script.

use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::account::recovery_codes::{self, Made};
use super::flow::Flow;
use super::onward::onward;
use super::{PageContext, PageError, PageForm, SignedIn};
use crate::accounts::Error;
use crate::accounts::second_factor::passkey::{offer, registration};
use crate::http::cookies::Cookie;
use crate::paths;
use crate::templates::FormState;
use crate::templates::pages::PasskeyOffer;

pub async fn show(ctx: PageContext, person: SignedIn) -> Result<Response, PageError> {
    let (ctx, flow) = Flow::enter(ctx).await?;
    if ctx.outcome().form.is_none() && !offer::is_due(&ctx.app, person.session()).await? {
        return Ok(onward(&ctx));
    }
    let page = PasskeyOffer {
        form: ctx.form_or(FormState::default()),
        challenge: registration::pending(&ctx.app, person.session()).await?,
        service: flow.map(|it| it.service),
    };
    ctx.page(&page).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fields {
    /// The answer of a device; without it the devices are to be asked.
    credential: String,
    /// The button: `later`.
    decision: String,
}

pub async fn act(person: SignedIn, form: PageForm<Fields>) -> Result<Response, PageError> {
    let PageForm { ctx, fields, typed } = form;
    let (ctx, _) = Flow::enter(ctx).await?;
    let (app, account, session) = (&ctx.app, person.account(), person.session());
    if fields.decision == "later" {
        offer::decline(app, &account.id).await?;
        return Ok(onward(&ctx));
    }
    if fields.credential.is_empty() {
        return match registration::begin(app, account, session).await {
            Ok(()) => Ok(ctx.redirect(&ctx.within(paths::LOGIN_PASSKEY_OFFER))),
            // The page was open for long: the offer comes again, the login is done.
            Err(Error::ReauthenticationNeeded | Error::Conflict) => Ok(onward(&ctx)),
            Err(other) => Err(other.into()),
        };
    }
    let new = registration::NewPasskey {
        name: "",
        response: &fields.credential,
    };
    let enrolled = match registration::confirm(app, &ctx.actor_context(), account, session, new).await {
        Ok(enrolled) => enrolled,
        Err(Error::WrongCode) => return ctx.again(typed.notice("error.passkey")).await,
        Err(Error::ChallengeExpired) => return ctx.again(typed.notice("error.passkey_late")).await,
        Err(Error::Conflict) => {
            let form = typed.notice("error.try_again");
            return ctx.again_as(StatusCode::CONFLICT, form).await;
        }
        Err(other) => return Err(other.into()),
    };
    // SE-2: with more verified the session has a new cookie.
    let ctx = ctx.with_cookie_value(Cookie::Session, enrolled.started.cookie.expose());
    match enrolled.recovery_codes {
        Some(new) => recovery_codes::show_new(&ctx, &person, &new, true, Made::AtLogin).await,
        None => Ok(onward(&ctx)),
    }
}
