//! `/login/verify-email`: the code that the first login of an account asks for whose address nobody has verified here
//! (`accounts::verification::first_login`). Nothing else of the account opens before, so the guards must not apply
//! here.

use axum::response::Response;
use serde::Deserialize;

use super::flow::{self, Flow};
use super::login_outcome::code_spent;
use super::onward::onward;
use super::{PageContext, PageError, PageForm, refused};
use crate::accounts;
use crate::accounts::verification::first_login::{self, CodeStatus};
use crate::http::outcome::Outcome;
use crate::paths;
use crate::templates::FormState;
use crate::templates::pages::{CodeState, VerifyEmail};

pub async fn show(ctx: PageContext) -> Result<Response, PageError> {
    let (ctx, flow) = Flow::enter(ctx).await?;
    let Some((_, account)) = ctx.session().get() else {
        return Ok(ctx.redirect(&ctx.within(paths::LOGIN)));
    };
    if account.email_verified || account.is_leaving() {
        return Ok(onward(&ctx));
    }
    let status = first_login::status(&ctx.app, account).await?;
    let page = VerifyEmail {
        form: ctx.form_or(FormState::default()),
        service: flow.map(|it| it.service),
        email: account.email.as_str().to_owned(),
        state: code_state(ctx.content(), status),
        is_open: status.is_open,
        wait_seconds: wait_seconds(status),
        wait_minutes: ctx.wait_minutes(),
    };
    ctx.page(&page).await
}

pub(super) fn wait_seconds(status: CodeStatus) -> u64 {
    u64::try_from(status.wait.num_seconds()).unwrap_or_default()
}

/// Returns the outcome of the POST before, as far as it still holds. `None`: no code waits, and one can be requested.
pub(super) fn code_state(outcome: Option<CodeState>, status: CodeStatus) -> Option<CodeState> {
    match (outcome, status.is_open, wait_seconds(status) > 0) {
        (Some(CodeState::SentAgain), true, _) => Some(CodeState::SentAgain),
        (Some(CodeState::Spent), false, _) => Some(CodeState::Spent),
        (Some(CodeState::NotYet), _, true) | (_, false, true) => Some(CodeState::NotYet),
        (_, true, _) => Some(CodeState::Sent),
        (_, false, false) => None,
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Code {
    code: String,
    decision: String,
}

pub async fn verify(form: PageForm<Code>) -> Result<Response, PageError> {
    let PageForm { ctx, fields, typed } = form;
    let (ctx, flow) = Flow::enter(ctx).await?;
    match fields.decision.as_str() {
        "cancel" => return flow::cancel(&ctx, flow.as_ref()).await,
        "other" => {
            let login = paths::with_parameter(&ctx.within(paths::LOGIN), "account", "other");
            return Ok(ctx.redirect(&login));
        }
        _ => {}
    }
    let Some((_, account)) = ctx.session().get() else {
        return ctx.failed(&ctx.within(paths::LOGIN), "session_expired").await;
    };
    match first_login::verify(&ctx.app, &ctx.actor_context(), account, &fields.code).await {
        Ok(()) => Ok(onward(&ctx)),
        Err(accounts::Error::Fields(wrong)) => ctx.again(refused(typed, wrong)).await,
        Err(accounts::Error::CodeVoid) => code_spent(&ctx).await,
        Err(accounts::Error::Throttled { retry_after }) => ctx.again_later(typed, retry_after).await,
        Err(other) => Err(other.into()),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Nothing {}

pub async fn resend(form: PageForm<Nothing>) -> Result<Response, PageError> {
    let PageForm { ctx, .. } = form;
    let Some((_, account)) = ctx.session().get() else {
        return ctx.failed(&ctx.within(paths::LOGIN), "session_expired").await;
    };
    let state = match first_login::resend(&ctx.app, &ctx.actor_context(), account).await {
        Ok(()) => CodeState::SentAgain,
        Err(accounts::Error::Throttled { .. }) => CodeState::NotYet,
        Err(other) => return Err(other.into()),
    };
    ctx.show_at(&ctx.within(paths::LOGIN_VERIFY_EMAIL), Outcome::of(&state)?)
        .await
}

/// Redirects to the page with the button: this one was opened from memory, or reloaded.
pub async fn back(ctx: PageContext) -> Result<Response, PageError> {
    Ok(ctx.redirect(&ctx.within(paths::LOGIN_VERIFY_EMAIL)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_opened_again_says_what_still_holds() {
        let of = |outcome, is_open, seconds| {
            let wait = chrono::Duration::seconds(seconds);
            code_state(outcome, CodeStatus { is_open, wait })
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
