//! `/login` and what belongs to a login: entering the password again, accepting new Terms of Use
//! (product.md, step 1; security.md PW-3, PW-4, SE-2, SE-4).

use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;

use super::flow::{self, Flow};
use super::{Audience, PageError, PageForm, Routes, SignedIn, Tick, Visit, destination, refused};
use crate::accounts::login::{Browser, LoggedIn, LoginForm, Second, attempt};
use crate::accounts::{self, profile};
use crate::domain::secret::Secret;
use crate::domain::session::Due;
use crate::http::cookies::Cookie;
use crate::oidc::authorization::interaction::Step;
use crate::templates::FormState;
use crate::templates::pages::{AcceptTerms, Login, Reauthenticate};

pub fn routes(routes: Routes) -> Routes {
    routes
        .at("/login", Audience::Public, get(show).post(log_in))
        .at(
            "/reauthenticate",
            Audience::SignedIn,
            get(ask_again).post(prove_again),
        )
        // Whoever has terms to accept gets nowhere else, so the guard must not stand here.
        .at(
            "/terms/accept",
            Audience::Public,
            get(show_terms).post(accept_terms),
        )
}

async fn show(mut visit: Visit) -> Result<Response, PageError> {
    let flow = Flow::of(&mut visit).await?;
    if let Some(response) = goes_on(&visit, flow.as_ref()).await? {
        return Ok(response);
    }
    if visit.session_is_over() && visit.next.is_some() {
        visit.say_session_is_over();
    }
    let known = visit
        .session
        .get()
        .map(|(_, account)| account.email.as_str().to_owned());
    let hint = flow
        .as_ref()
        .and_then(|it| it.interaction.request.login_hint.clone());
    let form = visit.form_or(FormState::new(known.or(hint).map(|it| ("email", it))));
    visit
        .page(&Login {
            form,
            service: flow.map(|it| it.service),
            passkeys: visit.app.webauthn.is_offered(),
            wait_minutes: visit.wait_minutes(),
        })
        .await
}

/// Who is logged in has nothing to do here: on to the service, if its request asks for no new login, else to where a
/// login leads.
async fn goes_on(visit: &Visit, flow: Option<&Flow>) -> Result<Option<Response>, PageError> {
    let wants_other = visit.query("account").as_deref() == Some("other");
    if visit.session.get().is_none() || visit.outcome.form.is_some() || wants_other {
        return Ok(None);
    }
    let Some(flow) = flow else {
        return Ok(Some(onward(visit)));
    };
    match flow.step(visit).await {
        Step::Login { .. } => Ok(None),
        step => flow::take(visit, &flow.handle, step).await.map(Some),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Fields {
    email: String,
    password: String,
    decision: String,
}

async fn log_in(form: PageForm<Fields>) -> Result<Response, PageError> {
    let PageForm {
        mut visit,
        fields,
        typed,
    } = form;
    let flow = Flow::of(&mut visit).await?;
    if fields.decision == "cancel" {
        return flow::cancel(&visit, flow.as_ref()).await;
    }
    match try_password(&visit, &fields.email, &fields.password).await {
        Ok(it) => Ok(logged_in(visit, &it)),
        Err(accounts::Error::SecondFactorNeeded { ticket }) => Ok(second_step(visit, &ticket)),
        Err(accounts::Error::Fields(wrong)) => visit.again(refused(typed, wrong)).await,
        Err(accounts::Error::WrongCredentials) => visit.again(typed.notice("login.failed")).await,
        Err(accounts::Error::Throttled { retry_after }) => visit.again_later(typed, retry_after).await,
        Err(other) => Err(other.into()),
    }
}

async fn try_password(visit: &Visit, email: &str, password: &str) -> accounts::Result<LoggedIn> {
    let form = LoginForm {
        email,
        password,
        second: Second::Later,
    };
    attempt(&visit.app, &visit.context(), form, browser(visit)).await
}

pub(super) fn browser(visit: &Visit) -> Browser<'_> {
    Browser {
        known: visit.known_browser.as_deref(),
        session: visit.session.get().map(|(session, _)| session),
    }
}

/// On to the second factor, with what the login is for.
fn second_step(visit: Visit, ticket: &Secret) -> Response {
    let visit = visit.with_cookie_value(Cookie::SecondStep, ticket.expose());
    visit.redirect(&visit.within("/login/second-factor"))
}

/// A new cookie for the session (SE-2), and on to where the person wanted to go.
pub(super) fn logged_in(visit: Visit, it: &LoggedIn) -> Response {
    let known = Cookie::KnownBrowser.set(&visit.app, &it.known_browser);
    let visit = visit
        .with_cookie_value(Cookie::Session, it.started.cookie.expose())
        .with_cookie(known);
    match it.started.session.due(&it.account) {
        Some(due) if visit.request.is_none() => visit.redirect(&visit.within(flow::page_of(due))),
        _ => onward(&visit),
    }
}

/// Back to the service's request, to the page that was asked for, or to the account.
pub(super) fn onward(visit: &Visit) -> Response {
    if let Some(handle) = &visit.request {
        return flow::go_on(visit, handle);
    }
    let next = visit.next.as_deref().and_then(destination::path);
    visit.redirect(next.as_deref().unwrap_or("/account"))
}

async fn ask_again(mut visit: Visit, person: SignedIn) -> Result<Response, PageError> {
    let flow = Flow::of(&mut visit).await?;
    let page = Reauthenticate {
        form: visit.form_or(FormState::default()),
        email: person.account().email.as_str().to_owned(),
        service: flow.map(|it| it.service),
        passkeys: visit.app.webauthn.is_offered(),
        wait_minutes: visit.wait_minutes(),
    };
    visit.page(&page).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Password {
    password: String,
    decision: String,
}

async fn prove_again(person: SignedIn, form: PageForm<Password>) -> Result<Response, PageError> {
    let PageForm {
        mut visit,
        fields,
        typed,
    } = form;
    let flow = Flow::of(&mut visit).await?;
    if fields.decision == "cancel" {
        return flow::cancel(&visit, flow.as_ref()).await;
    }
    let email = person.account().email.as_str();
    match try_password(&visit, email, &fields.password).await {
        Ok(it) => Ok(logged_in(visit, &it)),
        Err(accounts::Error::SecondFactorNeeded { ticket }) => Ok(second_step(visit, &ticket)),
        Err(accounts::Error::Fields(wrong)) => visit.again(refused(typed, wrong)).await,
        Err(accounts::Error::WrongCredentials) => {
            visit.again(typed.error("password", "login.wrong_password")).await
        }
        Err(accounts::Error::Throttled { retry_after }) => visit.again_later(typed, retry_after).await,
        Err(other) => Err(other.into()),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Acceptance {
    accept_terms: Tick,
    /// The version that the page showed.
    version: String,
    decision: String,
}

async fn show_terms(mut visit: Visit) -> Result<Response, PageError> {
    let flow = Flow::of(&mut visit).await?;
    let due = visit
        .session
        .get()
        .and_then(|(session, account)| session.due(account));
    if due == Some(Due::EmailVerification) {
        return Ok(visit.redirect(&visit.within(flow::page_of(Due::EmailVerification))));
    }
    if due.is_none() && visit.outcome.form.is_none() {
        return Ok(onward(&visit));
    }
    let terms = profile::terms(&visit.app).await?;
    let page = AcceptTerms {
        form: visit.form_or(FormState::default()),
        service: flow.map(|it| it.service),
        version: terms.version,
        published_at: terms.effective_from,
    };
    visit.page(&page).await
}

async fn accept_terms(form: PageForm<Acceptance>) -> Result<Response, PageError> {
    let PageForm {
        mut visit,
        fields,
        typed,
    } = form;
    let flow = Flow::of(&mut visit).await?;
    if fields.decision == "cancel" {
        return flow::cancel(&visit, flow.as_ref()).await;
    }
    let Some((session, account)) = visit.session.get() else {
        return Err(PageError::SignedOut);
    };
    if session.due(account) == Some(Due::EmailVerification) {
        // G-6: in this order
        return Ok(visit.redirect(&visit.within(flow::page_of(Due::EmailVerification))));
    }
    if !fields.accept_terms.is_on() {
        return visit
            .again(typed.error("accept_terms", "error.accept_terms"))
            .await;
    }
    match profile::accept_terms(&visit.app, &visit.context(), account, &fields.version).await {
        Ok(()) => Ok(onward(&visit)),
        // A newer version came into force while this one was read.
        Err(accounts::Error::Conflict) => visit.again(FormState::default().notice("error.try_again")).await,
        Err(other) => Err(other.into()),
    }
}
