//! `/account/security`: the password. The current one is asked for, with a code where the account has an app, which is
//! a login like any other: same cost, same throttle (security.md SE-4, PW-4). Where it has passkeys alone, one of them
//! has just been shown.

use axum::response::Response;
use serde::Deserialize;

use super::super::{PageError, PageForm, SignedIn, Visit, refused};
use crate::accounts;
use crate::accounts::login::{self, Browser, LoginForm, Second};
use crate::accounts::second_factor::{self, Standing};
use crate::domain::session::Session;
use crate::http::cookies::Cookie;
use crate::templates::FormState;
use crate::templates::pages::AccountSecurity;

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fields {
    current_password: String,
    otp: String,
    password: String,
    password_confirmation: String,
}

pub async fn show(visit: Visit, person: SignedIn) -> Result<Response, PageError> {
    let standing = second_factor::standing(&visit.app, &person.account().id).await?;
    let page = AccountSecurity {
        form: visit.form_or(FormState::default()),
        email: person.account().email.as_str().to_owned(),
        app: standing.totp_since.is_some(),
        proves_first: proves_first(&visit, person.session(), &standing),
        passkeys: visit.app.webauthn.is_offered().then_some(standing.passkeys),
        wait_minutes: visit.wait_minutes(),
    };
    visit.page(&page).await
}

pub async fn change(person: SignedIn, form: PageForm<Fields>) -> Result<Response, PageError> {
    let PageForm { visit, fields, typed } = form;
    let account = person.account();
    let context = visit.context();
    let standing = second_factor::standing(&visit.app, &account.id).await?;
    let has_app = standing.totp_since.is_some();
    let form = LoginForm {
        email: account.email.as_str(),
        password: &fields.current_password,
        second: match has_app {
            true => Second::Code(&fields.otp),
            false => Second::InSession,
        },
    };
    if proves_first(&visit, person.session(), &standing) {
        return Err(PageError::StaleLogin);
    }
    if has_app && fields.otp.trim().is_empty() {
        // Left open it is no guess.
        return visit.again(typed.error("otp", "error.required")).await;
    }
    let known = visit.cookie(Cookie::KnownBrowser);
    let browser = Browser {
        known: known.as_deref(),
        session: Some(person.session()),
    };
    let logged_in = match login::attempt(&visit.app, &context, form, browser).await {
        Ok(it) => it,
        Err(accounts::Error::Fields(wrong)) if wrong.contains_key("otp") => {
            return visit.again(refused(typed, wrong)).await;
        }
        Err(accounts::Error::WrongCredentials | accounts::Error::Fields(_)) => {
            let form = typed.error("current_password", "error.password.current");
            return visit.again(form).await;
        }
        Err(accounts::Error::Throttled { retry_after }) => {
            return visit.again_later(typed, retry_after).await;
        }
        Err(other) => return Err(other.into()),
    };
    // SE-2: the proof gave the session a new cookie, whatever becomes of the new password.
    let visit = visit
        .with_cookie_value(Cookie::Session, logged_in.started.cookie.expose())
        .with_cookie_value(Cookie::KnownBrowser, &logged_in.known_browser);
    let session = &logged_in.started.session;
    let (new, again) = (fields.password.as_str(), fields.password_confirmation.as_str());
    match accounts::password::change(&visit.app, &context, account, session, new, again).await {
        Ok(()) => visit.done("/account/security", "password_changed").await,
        Err(accounts::Error::Fields(wrong)) => visit.again(refused(typed, wrong)).await,
        Err(accounts::Error::Busy) => visit.again(typed.notice("error.try_again")).await,
        Err(other) => Err(other.into()),
    }
}

/// Where passkeys are all there is beside the password, one must have been shown just now.
fn proves_first(visit: &Visit, session: &Session, standing: &Standing) -> bool {
    let recent = session.has_recent_second_factor(visit.app.clock.now());
    standing.is_on() && standing.totp_since.is_none() && !recent
}
