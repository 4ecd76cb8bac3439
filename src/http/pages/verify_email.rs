//! `/login/verify-email`: the code that the first login of an account asks for whose address nobody has verified here
//! (`accounts::verification::first_login`). Nothing else of the account opens before, so the guards must not stand here.

use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;

use super::flow::{self, Flow};
use super::login::onward;
use super::{Audience, PageError, PageForm, Routes, Visit, refused};
use crate::accounts;
use crate::accounts::verification::first_login::{self, CodeStatus};
use crate::domain::session::Due;
use crate::http::extract::visit::with_parameter;
use crate::http::outcome::Outcome;
use crate::templates::FormState;
use crate::templates::pages::{CodeState, VerifyEmail};

const HERE: &str = flow::page_of(Due::EmailVerification);

pub fn routes(routes: Routes) -> Routes {
    routes.at(HERE, Audience::Public, get(show).post(verify)).at(
        "/login/verify-email/resend",
        Audience::Public,
        get(back).post(resend),
    )
}

async fn show(mut visit: Visit) -> Result<Response, PageError> {
    let flow = Flow::of(&mut visit).await?;
    let Some((_, account)) = visit.session.get() else {
        return Ok(visit.redirect(&visit.within("/login")));
    };
    if account.email_verified {
        return Ok(onward(&visit));
    }
    let status = first_login::status(&visit.app, account).await?;
    let page = VerifyEmail {
        form: visit.form_or(FormState::default()),
        service: flow.map(|it| it.service),
        email: account.email.as_str().to_owned(),
        state: state(visit.content(), status),
        is_open: status.is_open,
        wait_seconds: seconds(status),
        wait_minutes: visit.wait_minutes(),
    };
    visit.page(&page).await
}

fn seconds(status: CodeStatus) -> u64 {
    u64::try_from(status.wait.num_seconds()).unwrap_or_default()
}

/// What the POST before has come to, as far as it still holds. `None`: no code waits, and one can be asked for.
fn state(outcome: Option<CodeState>, status: CodeStatus) -> Option<CodeState> {
    match (outcome, status.is_open, seconds(status) > 0) {
        (Some(CodeState::SentAgain), true, _) => Some(CodeState::SentAgain),
        (Some(CodeState::Spent), false, _) => Some(CodeState::Spent),
        (Some(CodeState::NotYet), _, true) | (_, false, true) => Some(CodeState::NotYet),
        (_, true, _) => Some(CodeState::Sent),
        (_, false, false) => None,
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Code {
    code: String,
    decision: String,
}

async fn verify(form: PageForm<Code>) -> Result<Response, PageError> {
    let PageForm {
        mut visit,
        fields,
        typed,
    } = form;
    let flow = Flow::of(&mut visit).await?;
    match fields.decision.as_str() {
        "cancel" => return flow::cancel(&visit, flow.as_ref()).await,
        "other" => {
            let login = with_parameter(&visit.within("/login"), "account", "other");
            return Ok(visit.redirect(&login));
        }
        _ => {}
    }
    let Some((_, account)) = visit.session.get() else {
        return visit.failed(&visit.within("/login"), "session_expired").await;
    };
    match first_login::verify(&visit.app, &visit.context(), account, &fields.code).await {
        Ok(()) => Ok(onward(&visit)),
        Err(accounts::Error::Fields(wrong)) => visit.again(refused(typed, wrong)).await,
        Err(accounts::Error::CodeVoid) => {
            let spent = Outcome::of(&CodeState::Spent)?;
            visit
                .again_with(spent.with_status(StatusCode::UNPROCESSABLE_ENTITY))
                .await
        }
        Err(accounts::Error::Throttled { retry_after }) => visit.again_later(typed, retry_after).await,
        Err(other) => Err(other.into()),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Nothing {}

async fn resend(form: PageForm<Nothing>) -> Result<Response, PageError> {
    let PageForm { visit, .. } = form;
    let Some((_, account)) = visit.session.get() else {
        return visit.failed(&visit.within("/login"), "session_expired").await;
    };
    let state = match first_login::resend(&visit.app, &visit.context(), account).await {
        Ok(()) => CodeState::SentAgain,
        Err(accounts::Error::Throttled { .. }) => CodeState::NotYet,
        Err(other) => return Err(other.into()),
    };
    visit.show_at(&visit.within(HERE), Outcome::of(&state)?).await
}

/// From memory, or reloaded: the button is on the page before.
async fn back(visit: Visit) -> Result<Response, PageError> {
    Ok(visit.redirect(&visit.within(HERE)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_opened_again_says_what_still_holds() {
        let of = |outcome, is_open, seconds| {
            let wait = chrono::Duration::seconds(seconds);
            state(outcome, CodeStatus { is_open, wait })
        };
        assert_eq!(of(None, true, 50), Some(CodeState::Sent));
        assert_eq!(of(Some(CodeState::NotYet), true, 50), Some(CodeState::NotYet));
        assert_eq!(of(Some(CodeState::NotYet), true, 0), Some(CodeState::Sent));
        assert_eq!(
            of(Some(CodeState::SentAgain), true, 50),
            Some(CodeState::SentAgain)
        );
        assert_eq!(of(Some(CodeState::SentAgain), false, 0), None); // it is too old by now
        assert_eq!(of(Some(CodeState::Spent), false, 50), Some(CodeState::Spent));
        assert_eq!(of(Some(CodeState::Spent), true, 50), Some(CodeState::Sent)); // by a login elsewhere
        assert_eq!(of(None, false, 50), Some(CodeState::NotYet));
        assert_eq!(of(None, false, 0), None);
    }
}
