//! `/account/email`: change of the address, from the wish to the code (security.md SU-7). `pages::email_undo` is the page of
//! the link that takes a change back.

use axum::response::Response;
use serde::Deserialize;

use crate::accounts;
use crate::accounts::verification::email_change;
use crate::http::cookies::Cookie;
use crate::http::outcome::Outcome;
use crate::http::pages::verify_email::{code_state, wait_seconds};
use crate::http::pages::{PageContext, PageError, PageForm, SignedIn, refused};
use crate::paths;
use crate::templates::FormState;
use crate::templates::pages::{AccountEmail, CodeState, PendingEmail};

pub async fn show(ctx: PageContext, person: SignedIn) -> Result<Response, PageError> {
    let account = person.account();
    let pending = email_change::pending(&ctx.app, account).await?;
    let page = AccountEmail {
        form: ctx.form_or(FormState::default()),
        email: account.email.as_str().to_owned(),
        pending: pending.map(|it| PendingEmail {
            email: it.new.as_str().to_owned(),
            state: code_state(ctx.content(), it.code),
            is_open: it.code.is_open,
            wait_seconds: wait_seconds(it.code),
        }),
        wait_minutes: ctx.wait_minutes(),
    };
    ctx.page(&page).await
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fields {
    action: String,
    email: String,
    code: String,
}

pub async fn act(person: SignedIn, form: PageForm<Fields>) -> Result<Response, PageError> {
    let PageForm { ctx, fields, typed } = form;
    let (app, context) = (&ctx.app, ctx.actor_context());
    let (account, session) = (person.account(), person.session());
    let failed = match fields.action.as_str() {
        "request" => match email_change::request(app, &context, account, session, &fields.email).await {
            Ok(()) => return Ok(ctx.redirect(paths::ACCOUNT_EMAIL)),
            Err(error) => error,
        },
        "resend" => match email_change::resend(app, &context, session).await {
            Ok(()) => return code_is(&ctx, CodeState::SentAgain).await,
            Err(accounts::Error::Throttled { .. }) => return code_is(&ctx, CodeState::NotYet).await,
            Err(error) => error,
        },
        "confirm" => match email_change::confirm(app, &context, session, &fields.code).await {
            Ok(new) => {
                // LG-4: this browser is no new one under the new address.
                let known = ctx.cookie(Cookie::KnownBrowser);
                let known = accounts::known_browser::cookie(app, &new.key(), known.as_deref())?;
                let ctx = ctx.with_cookie_value(Cookie::KnownBrowser, &known);
                return ctx.done(paths::ACCOUNT_EMAIL, "email_changed").await;
            }
            Err(error) => error,
        },
        "cancel" if email_change::cancel(app, &context, account).await? => {
            return ctx.done(paths::ACCOUNT_EMAIL, "email_change_cancelled").await;
        }
        "cancel" => accounts::Error::Conflict,
        _ => return Err(PageError::Invalid),
    };
    match failed {
        accounts::Error::Fields(wrong) => ctx.again(refused(typed, wrong)).await,
        accounts::Error::CodeVoid => code_is(&ctx, CodeState::Spent).await,
        accounts::Error::Throttled { retry_after } => ctx.again_later(typed, retry_after).await,
        accounts::Error::AddressTaken => ctx.failed(paths::ACCOUNT_EMAIL, "email_taken").await,
        // G-9: it was completed or cancelled in another window.
        accounts::Error::Conflict => ctx.failed(paths::ACCOUNT_EMAIL, "email_change_gone").await,
        other => Err(other.into()),
    }
}

async fn code_is(ctx: &PageContext, state: CodeState) -> Result<Response, PageError> {
    ctx.show_at(paths::ACCOUNT_EMAIL, Outcome::of(&state)?).await
}
