//! `/login` and what belongs to a login: entering the password again, accepting new Terms of Use
//! (product.md, step 1; security.md PW-3, PW-4, SE-2, SE-4).

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;

use super::flow::{self, Flow};
use super::{Audience, PageError, PageForm, Routes, SignedIn, Tick, Visit, destination, refused};
use crate::accounts::login::{Browser, LoggedIn, LoginForm, Second, attempt};
use crate::accounts::{self, profile};
use crate::domain::secret::Secret;
use crate::http::cookies::Cookie;
use crate::templates::pages::{AcceptTerms, Login, Reauthenticate};
use crate::templates::{FormState, Page};

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
    if flow.is_none() && visit.session.get().is_some() {
        return Ok(onward(&visit));
    }
    let known = visit
        .session
        .get()
        .map(|(_, account)| account.email.as_str().to_owned());
    let hint = flow
        .as_ref()
        .and_then(|it| it.interaction.request.login_hint.clone());
    let form = FormState::new(known.or(hint).map(|it| ("email", it)));
    visit
        .page(&Login {
            form,
            service: flow.map(|it| it.service),
            passkeys: visit.app.webauthn.is_offered(),
            wait_minutes: None,
        })
        .await
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
    if let Some(flow) = flow.as_ref().filter(|_| fields.decision == "cancel") {
        return flow.deny(&visit).await;
    }
    let outcome = try_password(&visit, &fields.email, &fields.password).await;
    let passkeys = visit.app.webauthn.is_offered();
    let page = |form, wait_minutes| Login {
        form,
        service: flow.map(|it| it.service),
        passkeys,
        wait_minutes,
    };
    match outcome {
        Ok(it) => Ok(logged_in(visit, &it)),
        Err(accounts::Error::SecondFactorNeeded { ticket }) => Ok(second_step(visit, &ticket)),
        Err(accounts::Error::Fields(wrong)) => visit.form_again(&page(refused(typed, wrong), None)).await,
        Err(accounts::Error::WrongCredentials) => {
            visit.form_again(&page(typed.notice("login.failed"), None)).await
        }
        Err(accounts::Error::Throttled { retry_after }) => {
            wait(&visit, &page(typed, Some(minutes(retry_after))), retry_after).await
        }
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
    within(&visit, "/login/second-factor", "")
}

/// To another page of the login, with what it is for.
pub(super) fn within(visit: &Visit, path: &str, query: &str) -> Response {
    let place = visit.place();
    let query: Vec<&str> = [query, &place].into_iter().filter(|it| !it.is_empty()).collect();
    match query.is_empty() {
        true => visit.redirect(path),
        false => visit.redirect(&format!("{path}?{}", query.join("&"))),
    }
}

/// A new cookie for the session (SE-2), and on to where the person wanted to go.
pub(super) fn logged_in(visit: Visit, it: &LoggedIn) -> Response {
    let known = Cookie::KnownBrowser.set(&visit.app, &it.known_browser);
    let visit = visit
        .with_cookie_value(Cookie::Session, it.started.cookie.expose())
        .with_cookie(known);
    match it.started.session.terms_due && visit.request.is_none() {
        true => {
            let query = Some(visit.place()).filter(|it| !it.is_empty());
            let query = query.map_or_else(String::new, |it| format!("?{it}"));
            visit.redirect(&format!("/terms/accept{query}"))
        }
        false => onward(&visit),
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

/// 429, with the form still there.
pub(super) async fn wait<P: Page>(
    visit: &Visit,
    page: &P,
    time: chrono::Duration,
) -> Result<Response, PageError> {
    let mut response = visit.page_with(StatusCode::TOO_MANY_REQUESTS, page).await?;
    let seconds = HeaderValue::from(time.num_seconds().max(1));
    response.headers_mut().insert(header::RETRY_AFTER, seconds); // DS-2
    Ok(response)
}

/// Whole minutes, rounded up.
pub(super) fn minutes(time: chrono::Duration) -> u64 {
    time.num_seconds().max(1).unsigned_abs().div_ceil(60)
}

async fn ask_again(mut visit: Visit, person: SignedIn) -> Result<Response, PageError> {
    let flow = Flow::of(&mut visit).await?;
    let page = Reauthenticate {
        form: FormState::default(),
        email: person.account().email.as_str().to_owned(),
        service: flow.map(|it| it.service),
        passkeys: visit.app.webauthn.is_offered(),
        wait_minutes: None,
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
    if let Some(flow) = flow.as_ref().filter(|_| fields.decision == "cancel") {
        return flow.deny(&visit).await;
    }
    let email = person.account().email.as_str();
    let outcome = try_password(&visit, email, &fields.password).await;
    let passkeys = visit.app.webauthn.is_offered();
    let page = |form, wait_minutes| Reauthenticate {
        form,
        email: email.to_owned(),
        service: flow.map(|it| it.service),
        passkeys,
        wait_minutes,
    };
    match outcome {
        Ok(it) => Ok(logged_in(visit, &it)),
        Err(accounts::Error::SecondFactorNeeded { ticket }) => Ok(second_step(visit, &ticket)),
        Err(accounts::Error::Fields(wrong)) => visit.form_again(&page(refused(typed, wrong), None)).await,
        Err(accounts::Error::WrongCredentials) => {
            visit
                .form_again(&page(typed.error("password", "login.wrong_password"), None))
                .await
        }
        Err(accounts::Error::Throttled { retry_after }) => {
            wait(&visit, &page(typed, Some(minutes(retry_after))), retry_after).await
        }
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
    if !visit.session.get().is_some_and(|(session, _)| session.terms_due) {
        return Ok(onward(&visit));
    }
    let page = terms_page(&visit, flow, FormState::default()).await?;
    visit.page(&page).await
}

async fn terms_page(visit: &Visit, flow: Option<Flow>, form: FormState) -> Result<AcceptTerms, PageError> {
    let terms = profile::terms(&visit.app).await?;
    Ok(AcceptTerms {
        form,
        service: flow.map(|it| it.service),
        version: terms.version,
        published_at: terms.effective_from,
    })
}

async fn accept_terms(form: PageForm<Acceptance>) -> Result<Response, PageError> {
    let PageForm {
        mut visit,
        fields,
        typed,
    } = form;
    let flow = Flow::of(&mut visit).await?;
    if let Some(flow) = flow.as_ref().filter(|_| fields.decision == "cancel") {
        return flow.deny(&visit).await;
    }
    let Some((_, account)) = visit.session.get() else {
        return Err(PageError::SignedOut);
    };
    if !fields.accept_terms.is_on() {
        let page = terms_page(&visit, flow, typed.error("accept_terms", "error.accept_terms")).await?;
        return visit.form_again(&page).await;
    }
    match profile::accept_terms(&visit.app, &visit.context(), account, &fields.version).await {
        Ok(()) => Ok(onward(&visit)),
        // A newer version came into force while this one was read.
        Err(accounts::Error::Conflict) => {
            let form = FormState::default().notice("error.try_again");
            let page = terms_page(&visit, flow, form).await?;
            visit.form_again(&page).await
        }
        Err(other) => Err(other.into()),
    }
}
