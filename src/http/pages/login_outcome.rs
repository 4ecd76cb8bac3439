//! The outcome of a login, for every page that logs in: `login`, `second_factor` and `passkey` answer an attempt by it,
//! `signup` sets the cookies of its session by it, and `verify_email` and `signup` say by it that a code is spent.

use axum::http::StatusCode;
use axum::response::Response;

use super::onward::{onward, page_of};
use super::{PageContext, PageError, refused};
use crate::accounts;
use crate::accounts::login::{Browser, LoggedIn};
use crate::accounts::second_factor::passkey::{offer, registration};
use crate::accounts::second_factor::policy;
use crate::accounts::sessions::Started;
use crate::http::cookies::Cookie;
use crate::http::outcome::Outcome;
use crate::paths;
use crate::templates::FormState;
use crate::templates::pages::CodeState;

/// Returns the browser that logs in, for the rooms.
pub fn browser(ctx: &PageContext) -> Browser<'_> {
    Browser {
        known_browser: ctx.known_browser(),
        session: ctx.session().get().map(|(session, _)| session),
    }
}

/// Answers an attempt: the person is logged in, has a second step to do, or sees the form again. A page that says more
/// of a failure answers that one itself.
pub async fn answer(
    ctx: PageContext,
    typed: FormState,
    attempt: accounts::Result<LoggedIn>,
) -> Result<Response, PageError> {
    use accounts::Error;

    match attempt {
        Ok(login) => logged_in(ctx, &login).await,
        Err(Error::SecondFactorNeeded { ticket }) => {
            let ctx = ctx.with_cookie_value(Cookie::SecondStep, ticket.expose());
            Ok(ctx.redirect(&ctx.within(paths::LOGIN_SECOND_FACTOR)))
        }
        Err(Error::Fields(wrong)) => ctx.again(refused(typed, wrong)).await,
        Err(Error::WrongCredentials) => ctx.again(typed.notice("login.failed")).await,
        Err(Error::WrongCode) => ctx.again(typed.notice("error.passkey")).await,
        Err(Error::PasswordFirst) => ctx.again(typed.notice("error.password_first")).await,
        Err(Error::Throttled { retry_after }) => ctx.again_later(typed, retry_after).await,
        Err(other) => Err(other.into()),
    }
}

/// Redirects to where the person wanted to go, or first to what is due in the session, or is demanded of the person's
/// office. A service is not kept waiting for that.
async fn logged_in(ctx: PageContext, login: &LoggedIn) -> Result<Response, PageError> {
    let first = first_page(&ctx, login).await?;
    let ctx = with_session_cookies(ctx, &login.started, &login.known_browser);
    Ok(match first {
        Some(page) => ctx.redirect(&ctx.within(page)),
        None => onward(&ctx),
    })
}

async fn first_page(ctx: &PageContext, login: &LoggedIn) -> Result<Option<&'static str>, PageError> {
    if ctx.request().is_some() {
        return Ok(None);
    }
    if let Some(due) = accounts::terms::due(&ctx.app, &login.account)
        .await
        .map_err(accounts::Error::from)?
    {
        // The page that was asked for says what comes before it.
        return Ok(ctx.return_path().is_none().then_some(page_of(due)));
    }
    // Whoever was logged in already confirms an act.
    let is_new = ctx.session().get().is_none();
    let is_demanded = is_new && policy::demand(&ctx.app, &login.account).await?.is_some();
    Ok(is_demanded.then_some(paths::ACCOUNT_SECOND_FACTOR_REQUIRED))
}

/// Answers a login with the password in a browser whose device can make a passkey: a person who has none is offered one
/// first, if nothing else is due.
pub async fn logged_in_where_passkeys_can_be_made(
    ctx: PageContext,
    login: &LoggedIn,
) -> Result<Response, PageError> {
    match begin_offer(&ctx, login).await {
        Ok(true) => {
            let ctx = with_session_cookies(ctx, &login.started, &login.known_browser);
            Ok(ctx.redirect(&ctx.within(paths::LOGIN_PASSKEY_OFFER)))
        }
        Ok(false) => logged_in(ctx, login).await,
        Err(error) => {
            // The person has logged in, whatever becomes of the offer.
            tracing::warn!(%error, "a passkey could not be offered");
            logged_in(ctx, login).await
        }
    }
}

async fn begin_offer(ctx: &PageContext, login: &LoggedIn) -> accounts::Result<bool> {
    let (session, account) = (&login.started.session, &login.account);
    let is_due = accounts::terms::due(&ctx.app, account).await?.is_some();
    // The page about the office says more of passkeys than the offer.
    let is_demanded = ctx.request().is_none() && policy::demand(&ctx.app, account).await?.is_some();
    let is_offered = !is_due && !is_demanded && offer::is_due(&ctx.app, session).await?;
    if is_offered {
        registration::begin(&ctx.app, account, session).await?;
    }
    Ok(is_offered)
}

/// Sets a new cookie for the session (SE-2), and that of the browser which is recognized from now on (PW-4).
pub fn with_session_cookies(ctx: PageContext, started: &Started, known_browser: &str) -> PageContext {
    let known = Cookie::KnownBrowser.set(&ctx.app, known_browser);
    ctx.with_cookie_value(Cookie::Session, started.cookie.expose())
        .with_cookie(known)
}

/// Shows the page again, which says that the code takes no further try.
pub async fn code_spent(ctx: &PageContext) -> Result<Response, PageError> {
    let spent = Outcome::of(&CodeState::Spent)?;
    ctx.again_with(spent.with_status(StatusCode::UNPROCESSABLE_ENTITY))
        .await
}
