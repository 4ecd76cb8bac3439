//! `/account/security/totp`: an authenticator app is set up, recovery codes are renewed, the app is taken away.

use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::recovery_codes::{self, Made};
use crate::accounts;
use crate::accounts::second_factor::passkey::registration;
use crate::accounts::second_factor::{self, recovery_code, totp};
use crate::domain::second_factor::grouped;
use crate::http::cookies::Cookie;
use crate::http::pages::{PageContext, PageError, PageForm, SignedIn, refused};
use crate::paths;
use crate::templates::pages::{AccountTotp, Confirm, InUse, Setup};
use crate::templates::{FormState, Qr};

pub async fn show(ctx: PageContext, person: SignedIn) -> Result<Response, PageError> {
    let form = ctx.form_or(FormState::default());
    let page = page(&ctx, &person, form).await?;
    ctx.page(&page).await
}

async fn page(ctx: &PageContext, person: &SignedIn, form: FormState) -> Result<AccountTotp, PageError> {
    let (app, account) = (&ctx.app, person.account());
    let status = second_factor::status(app, &account.id).await?;
    let begun = match status.totp_since {
        Some(_) => None,
        None => totp::begun(app, &account.id, person.session()).await?,
    };
    let setup = begun.map(|secret| {
        let uri = secret.uri(&account.email);
        Setup {
            secret: grouped(&secret.base32()).replace('-', " "),
            qr: Qr::of(&uri),
            uri,
        }
    });
    Ok(AccountTotp {
        form,
        setup,
        in_use: status.totp_since.map(|since| InUse {
            since,
            recovery_codes: status.recovery_codes,
            few_codes: status.has_few_codes(),
        }),
    })
}

/// Says what `remove` will do: with passkeys left, two-step login stays on.
pub async fn confirm(ctx: PageContext, person: SignedIn) -> Result<Response, PageError> {
    let (app, account) = (&ctx.app, person.account());
    if second_factor::status(app, &account.id)
        .await?
        .totp_since
        .is_none()
    {
        return ctx.show_elsewhere(paths::ACCOUNT_TOTP).await;
    }
    let page = if registration::list(app, &account.id).await?.is_empty() {
        Confirm::new("two_step", paths::ACCOUNT_TOTP, "remove", "totp.remove")
    } else {
        Confirm::new("app", paths::ACCOUNT_TOTP, "remove", "passkeys.remove")
    };
    ctx.page(&page.again(ctx.form_or(FormState::default()))).await
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fields {
    action: String,
    otp: String,
}

pub async fn act(person: SignedIn, form: PageForm<Fields>) -> Result<Response, PageError> {
    let PageForm { ctx, fields, typed } = form;
    let (app, context) = (&ctx.app, ctx.actor_context());
    let (account, session) = (person.account(), person.session());
    let failed = match fields.action.as_str() {
        "begin" => match totp::begin(app, account, session).await {
            Ok(()) => return Ok(ctx.redirect(paths::ACCOUNT_TOTP)),
            Err(error) => error,
        },
        "confirm" => match totp::confirm(app, &context, account, session, &fields.otp).await {
            Ok(enrolled) => {
                // SE-2: with more verified the session has a new cookie.
                let ctx = ctx.with_cookie_value(Cookie::Session, enrolled.started.cookie.expose());
                return match enrolled.recovery_codes {
                    Some(new) => recovery_codes::show_new(&ctx, &person, &new, true, Made::WithApp).await,
                    None => ctx.done(paths::ACCOUNT_TOTP, "totp_added").await,
                };
            }
            Err(error) => error,
        },
        "renew_codes" => match recovery_code::renew(app, &context, account, session).await {
            Ok(codes) => {
                return recovery_codes::show_new(&ctx, &person, &codes, false, Made::WithApp).await;
            }
            Err(error) => error,
        },
        "remove" => match totp::remove(app, &context, account, session).await {
            Ok(true) => return ctx.done(paths::ACCOUNT_SECURITY, "totp_removed").await,
            Ok(false) => accounts::Error::Conflict,
            Err(error) => error,
        },
        _ => return Err(PageError::Invalid),
    };
    let form = match failed {
        accounts::Error::Fields(wrong) => refused(typed, wrong),
        // G-9: the app was set up, or taken away, in another window.
        accounts::Error::Conflict => {
            let form = typed.notice("error.try_again");
            return ctx.again_as(StatusCode::CONFLICT, form).await;
        }
        accounts::Error::SecondFactorRequired => {
            let form = typed.notice("error.second_factor_required");
            return ctx.again_as(StatusCode::CONFLICT, form).await;
        }
        // The set-up took too long.
        accounts::Error::CodeVoid => typed.notice("error.try_again"),
        other => return Err(other.into()),
    };
    ctx.again(form).await
}
