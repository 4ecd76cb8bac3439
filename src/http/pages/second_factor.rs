//! `/login/second-factor`: the code or the passkey after the password, for a login that waits for it, or in a session
//! of which a service asks for more (contract.md, `/login`; RFC 9470).

use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;

use super::flow::Flow;
use super::login::{browser, logged_in, minutes, onward, wait, within};
use super::{Audience, PageError, PageForm, Routes, Visit};
use crate::accounts;
use crate::accounts::login::second_step;
use crate::accounts::second_factor::{self, Shown, Standing, passkey};
use crate::domain::account::Account;
use crate::domain::authentication::Acr;
use crate::domain::session::Session;
use crate::http::cookies::Cookie;
use crate::templates::FormState;
use crate::templates::pages::SecondFactor;

pub fn routes(routes: Routes) -> Routes {
    routes.at("/login/second-factor", Audience::Public, get(show).post(enter))
}

/// Who is asked, and for what.
struct Asked {
    of: Of,
    standing: Standing,
    /// What the browser is to ask the person's devices, once the person wanted it.
    question: Option<String>,
}

enum Of {
    /// The password was right; there is no session by it yet.
    AtLogin {
        ticket: String,
        account: Account,
    },
    InSession {
        session: Session,
        account: Account,
    },
}

impl Asked {
    fn account(&self) -> &Account {
        match &self.of {
            Of::AtLogin { account, .. } | Of::InSession { account, .. } => account,
        }
    }

    fn page(&self, flow: Option<Flow>, form: FormState, wait_minutes: Option<u64>) -> SecondFactor {
        let held = match &self.of {
            Of::AtLogin { .. } => None,
            Of::InSession { session, .. } => Some(session.acr()),
        };
        SecondFactor {
            form,
            email: self.account().email.as_str().to_owned(),
            step_up: held.is_some(),
            // In a session that had one already, only a passkey proves more.
            codes: held.is_none_or(|it| it < Acr::SecondFactor),
            app: self.standing.totp_since.is_some(),
            passkeys: self.standing.passkeys > 0,
            question: self.question.clone(),
            service: flow.map(|it| it.service),
            wait_minutes,
        }
    }
}

async fn asked(visit: &Visit) -> Result<Option<Asked>, PageError> {
    if let Some(ticket) = visit.cookie(Cookie::SecondStep)
        && let Some(account) = second_step::of_ticket(&visit.app, &ticket).await?
    {
        return Ok(Some(Asked {
            standing: second_factor::standing(&visit.app, &account.id).await?,
            question: second_step::asked(&visit.app, &ticket).await?,
            of: Of::AtLogin { ticket, account },
        }));
    }
    let Some((session, account)) = visit.session.get() else {
        return Ok(None);
    };
    if session.acr() >= second_factor::reach(&visit.app, &account.id).await? {
        return Ok(None);
    }
    Ok(Some(Asked {
        standing: second_factor::standing(&visit.app, &account.id).await?,
        question: passkey::asked(&visit.app, session.id.as_str()).await?,
        of: Of::InSession {
            session: session.clone(),
            account: account.clone(),
        },
    }))
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
    within(&visit.without_cookie(Cookie::SecondStep), "/login", query)
}

/// The person's devices are to be asked: by the page, in the browser.
async fn ask(visit: &Visit, asked: &Asked) -> Result<Response, PageError> {
    match &asked.of {
        Of::AtLogin { ticket, account } => second_step::ask(&visit.app, ticket, account).await?,
        Of::InSession { session, account } => {
            passkey::ask(&visit.app, session.id.as_str(), Some(&account.id)).await?;
        }
    }
    Ok(within(visit, "/login/second-factor", ""))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Fields {
    otp: String,
    /// What a device answered.
    credential: String,
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
    if fields.decision == "passkey" && asked.standing.passkeys > 0 {
        return ask(&visit, &asked).await;
    }
    let shown = match fields.credential.as_str() {
        "" => Shown::Code(&fields.otp),
        it => Shown::Passkey(it),
    };
    if matches!(shown, Shown::Code(it) if it.trim().is_empty()) {
        let form = typed.error("otp", "error.required");
        return visit.form_again(&asked.page(flow, form, None)).await;
    }
    let (app, context) = (&visit.app, visit.context());
    let failed = match &asked.of {
        Of::AtLogin { ticket, .. } => {
            match second_step::finish(app, &context, ticket, shown, browser(&visit)).await {
                Ok(it) => return Ok(logged_in(visit.without_cookie(Cookie::SecondStep), &it)),
                Err(error) => error,
            }
        }
        Of::InSession { session, account } => {
            match second_step::step_up(app, &context, account, session, shown, browser(&visit)).await {
                Ok(started) => {
                    let visit = visit.with_cookie_value(Cookie::Session, started.cookie.expose());
                    return Ok(onward(&visit));
                }
                Err(error) => error,
            }
        }
    };
    match failed {
        accounts::Error::WrongCode => {
            let form = match shown {
                Shown::Code(_) => typed.error("otp", "error.otp"),
                Shown::Passkey(_) => typed.notice("error.passkey"),
            };
            // The question is spent.
            let asked = Asked {
                question: None,
                ..asked
            };
            visit.form_again(&asked.page(flow, form, None)).await
        }
        accounts::Error::QuestionVoid => {
            let form = typed.notice("error.passkey_late");
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
