//! `/login/second-factor`: the code after the password, for a login that waits for it, or in a session of which a
//! service asks for more (contract.md, `/login`; RFC 9470).

use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;

use super::flow::Flow;
use super::login::{browser, logged_in, minutes, onward, wait};
use super::{Audience, PageError, PageForm, Routes, Visit};
use crate::accounts::login::second_step;
use crate::accounts::{self, second_factor};
use crate::domain::account::Account;
use crate::http::cookies::Cookie;
use crate::templates::FormState;
use crate::templates::pages::SecondFactor;

pub fn routes(routes: Routes) -> Routes {
    routes.at("/login/second-factor", Audience::Public, get(show).post(enter))
}

/// Whose code is asked for.
enum Asked {
    /// The password was right; there is no session by it yet.
    AtLogin {
        ticket: String,
        account: Account,
    },
    InSession(Account),
}

impl Asked {
    fn page(&self, flow: Option<Flow>, form: FormState, wait_minutes: Option<u64>) -> SecondFactor {
        let (account, step_up) = match self {
            Self::AtLogin { account, .. } => (account, false),
            Self::InSession(account) => (account, true),
        };
        SecondFactor {
            form,
            email: account.email.as_str().to_owned(),
            step_up,
            service: flow.map(|it| it.service),
            wait_minutes,
        }
    }
}

async fn asked(visit: &Visit) -> Result<Option<Asked>, PageError> {
    if let Some(ticket) = visit.cookie(Cookie::SecondStep)
        && let Some(account) = second_step::of_ticket(&visit.app, &ticket).await?
    {
        return Ok(Some(Asked::AtLogin { ticket, account }));
    }
    let Some((session, account)) = visit.session.get() else {
        return Ok(None);
    };
    let reach = second_factor::reach(&visit.app, &account.id).await?;
    Ok((session.acr() < reach).then(|| Asked::InSession(account.clone())))
}

async fn show(mut visit: Visit) -> Result<Response, PageError> {
    let flow = Flow::of(&mut visit).await?;
    match asked(&visit).await? {
        Some(it) => visit.page(&it.page(flow, FormState::default(), None)).await,
        None => Ok(nothing_asked(visit)),
    }
}

/// It took too long, or was done in another window.
fn nothing_asked(visit: Visit) -> Response {
    if visit.session.get().is_some() {
        return onward(&visit);
    }
    again(visit, "done=login_expired")
}

/// To the first step, with what the login is for.
fn again(visit: Visit, query: &str) -> Response {
    let visit = visit.without_cookie(Cookie::SecondStep);
    let place = visit.place();
    let query: Vec<&str> = [query, &place].into_iter().filter(|it| !it.is_empty()).collect();
    match query.is_empty() {
        true => visit.redirect("/login"),
        false => visit.redirect(&format!("/login?{}", query.join("&"))),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Fields {
    otp: String,
    decision: String,
}

async fn enter(form: PageForm<Fields>) -> Result<Response, PageError> {
    let PageForm {
        mut visit,
        fields,
        typed,
    } = form;
    let flow = Flow::of(&mut visit).await?;
    match (fields.decision.as_str(), &flow) {
        ("cancel", Some(flow)) => {
            let visit = visit.without_cookie(Cookie::SecondStep);
            return flow.deny(&visit).await;
        }
        ("restart", _) => return Ok(again(visit, "")),
        _ => {}
    }
    let Some(asked) = asked(&visit).await? else {
        return Ok(nothing_asked(visit));
    };
    if fields.otp.trim().is_empty() {
        let form = typed.error("otp", "error.required");
        return visit.form_again(&asked.page(flow, form, None)).await;
    }
    let (app, context) = (&visit.app, visit.context());
    let failed = match (&asked, visit.session.get()) {
        (Asked::AtLogin { ticket, .. }, _) => {
            match second_step::finish(app, &context, ticket, &fields.otp, browser(&visit)).await {
                Ok(it) => return Ok(logged_in(visit.without_cookie(Cookie::SecondStep), &it)),
                Err(error) => error,
            }
        }
        (Asked::InSession(account), Some((session, _))) => {
            match second_step::step_up(app, &context, account, session, &fields.otp, browser(&visit)).await {
                Ok(started) => {
                    let visit = visit.with_cookie_value(Cookie::Session, started.cookie.expose());
                    return Ok(onward(&visit));
                }
                Err(error) => error,
            }
        }
        (Asked::InSession(_), None) => accounts::Error::CodeVoid,
    };
    match failed {
        accounts::Error::WrongCode => {
            let form = typed.error("otp", "error.otp");
            visit.form_again(&asked.page(flow, form, None)).await
        }
        accounts::Error::Throttled { retry_after } => {
            let page = asked.page(flow, typed, Some(minutes(retry_after)));
            wait(&visit, &page, retry_after).await
        }
        accounts::Error::CodeVoid => Ok(again(visit, "done=login_expired")),
        other => Err(other.into()),
    }
}
