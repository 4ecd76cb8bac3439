//! `/account/security/password`: the password. The form requires the current one, with a code where the account has an app,
//! which is a login like any other: same cost, same throttle (security.md SE-4, PW-4). Where it has passkeys alone, one
//! of them has just been presented.

use axum::response::Response;
use serde::Deserialize;

use crate::accounts;
use crate::accounts::login::{self, Browser, LoginForm, Second};
use crate::accounts::second_factor::{self, SecondFactorStatus};
use crate::domain::session::Session;
use crate::http::cookies::Cookie;
use crate::http::pages::{PageContext, PageError, PageForm, SignedIn, refused};
use crate::paths;
use crate::proof_of_work::Effort;
use crate::templates::FormState;
use crate::templates::pages::AccountPassword;

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fields {
    current_password: String,
    otp: String,
    password: String,
    password_confirmation: String,
}

pub async fn show(ctx: PageContext, person: SignedIn) -> Result<Response, PageError> {
    let status = second_factor::status(&ctx.app, &person.account().id).await?;
    let page = AccountPassword {
        form: ctx.form_or(FormState::default()),
        email: person.account().email.as_str().to_owned(),
        app: status.totp_since.is_some(),
        proves_first: proves_first(&ctx, person.session(), &status),
        wait_minutes: ctx.wait_minutes(),
    };
    ctx.page(&page).await
}

pub async fn change(person: SignedIn, form: PageForm<Fields>) -> Result<Response, PageError> {
    let PageForm { ctx, fields, typed } = form;
    let account = person.account();
    let context = ctx.actor_context();
    let status = second_factor::status(&ctx.app, &account.id).await?;
    let has_app = status.totp_since.is_some();
    let form = LoginForm {
        email: account.email.as_str(),
        password: &fields.current_password,
        second: if has_app {
            Second::Code(&fields.otp)
        } else {
            Second::InSession
        },
        effort: Effort::NotRequired,
    };
    if proves_first(&ctx, person.session(), &status) {
        return Err(PageError::StaleLogin);
    }
    if has_app && fields.otp.trim().is_empty() {
        // A field left empty is no guess.
        return ctx.again(typed.error("otp", "error.required")).await;
    }
    let known = ctx.cookie(Cookie::KnownBrowser);
    let browser = Browser {
        known_browser: known.as_deref(),
        session: Some(person.session()),
    };
    let logged_in = match login::attempt(&ctx.app, &context, form, browser).await {
        Ok(logged_in) => logged_in,
        Err(accounts::Error::Fields(wrong)) if wrong.contains_key("otp") => {
            return ctx.again(refused(typed, wrong)).await;
        }
        Err(accounts::Error::WrongCredentials | accounts::Error::Fields(_)) => {
            let form = typed.error("current_password", "error.password.current");
            return ctx.again(form).await;
        }
        Err(accounts::Error::Throttled { retry_after }) => {
            return ctx.again_later(typed, retry_after).await;
        }
        Err(other) => return Err(other.into()),
    };
    // SE-2: the proof gave the session a new cookie, whatever becomes of the new password.
    let ctx = ctx
        .with_cookie_value(Cookie::Session, logged_in.started.cookie.expose())
        .with_cookie_value(Cookie::KnownBrowser, &logged_in.known_browser);
    let session = &logged_in.started.session;
    let new = accounts::NewPassword {
        password: &fields.password,
        confirmation: &fields.password_confirmation,
    };
    match accounts::password::change(&ctx.app, &context, account, session, new).await {
        Ok(()) => ctx.done(paths::ACCOUNT_SECURITY, "password_changed").await,
        Err(accounts::Error::Fields(wrong)) => ctx.again(refused(typed, wrong)).await,
        Err(accounts::Error::Busy) => ctx.again(typed.notice("error.try_again")).await,
        Err(other) => Err(other.into()),
    }
}

/// Returns `true` if a passkey must be presented first: passkeys are all there is beside the password, and none was
/// just now.
fn proves_first(ctx: &PageContext, session: &Session, status: &SecondFactorStatus) -> bool {
    let recent = session.has_recent_second_factor(ctx.app.clock.now());
    status.is_on() && status.totp_since.is_none() && !recent
}
