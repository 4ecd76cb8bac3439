//! `/account/security/passkeys`: passkeys are made, named and taken away, recovery codes are renewed.

use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::recovery_codes::{self, Made};
use crate::accounts;
use crate::accounts::second_factor::passkey::registration;
use crate::accounts::second_factor::{self, recovery_code};
use crate::http::cookies::Cookie;
use crate::http::outcome::Outcome;
use crate::http::pages::{PageContext, PageError, PageForm, SignedIn, refused};
use crate::paths;
use crate::templates::FormState;
use crate::templates::pages::{AccountPasskeys, Confirm, PasskeyView, Renaming};

pub async fn show(ctx: PageContext, person: SignedIn) -> Result<Response, PageError> {
    let renaming: Option<String> = ctx.content();
    let (form, renaming) = match renaming {
        // The typed text is the new name of a passkey that exists.
        Some(id) => {
            let form = ctx.form_or(FormState::default());
            (FormState::default(), Some(Renaming { id, form }))
        }
        None => (ctx.form_or(FormState::default()), None),
    };
    let page = page(&ctx, &person, form, renaming).await?;
    ctx.page(&page).await
}

async fn page(
    ctx: &PageContext,
    person: &SignedIn,
    form: FormState,
    renaming: Option<Renaming>,
) -> Result<AccountPasskeys, PageError> {
    let (app, account) = (&ctx.app, person.account());
    if !app.webauthn.is_offered() {
        return Err(PageError::NotFound);
    }
    let passkeys = registration::list(app, &account.id).await?;
    let status = second_factor::status(app, &account.id).await?;
    Ok(AccountPasskeys {
        form,
        renaming,
        may_add: (passkeys.len() as u64) < registration::MOST,
        passkeys: passkeys
            .into_iter()
            .map(|passkey| PasskeyView {
                id: passkey.id,
                name: passkey.name,
                since: passkey.created_at,
                last_used_at: passkey.last_used_at,
            })
            .collect(),
        challenge: registration::pending(app, person.session()).await?,
        recovery_codes: status.is_on().then_some(status.recovery_codes),
        few_codes: status.has_few_codes(),
    })
}

/// Says what `remove` will do.
pub async fn confirm(ctx: PageContext, person: SignedIn) -> Result<Response, PageError> {
    if !ctx.app.webauthn.is_offered() {
        return Err(PageError::NotFound);
    }
    let Some(id) = ctx.given("passkey_id") else {
        return ctx.show_elsewhere(paths::ACCOUNT_PASSKEYS).await;
    };
    let passkeys = registration::list(&ctx.app, &person.account().id).await?;
    let found = passkeys.into_iter().find(|it| it.id == id);
    let page = Confirm::new("passkey", paths::ACCOUNT_PASSKEYS, "remove", "passkeys.remove")
        .of(found.ok_or(PageError::NotFound)?.name)
        .with("passkey_id", &id);
    ctx.page(&page.again(ctx.form_or(FormState::default()))).await
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fields {
    action: String,
    passkey_id: String,
    name: String,
    /// The answer of a device.
    credential: String,
}

pub async fn act(person: SignedIn, form: PageForm<Fields>) -> Result<Response, PageError> {
    let PageForm { ctx, fields, typed } = form;
    let (app, context) = (&ctx.app, ctx.actor_context());
    let (account, session) = (person.account(), person.session());
    let (id, name) = (fields.passkey_id.as_str(), fields.name.as_str());
    let done = match fields.action.as_str() {
        _ if !app.webauthn.is_offered() => return Err(PageError::NotFound),
        "begin" => registration::begin(app, account, session).await.map(|()| ""),
        "confirm" => {
            let response = fields.credential.as_str();
            let new = registration::NewPasskey { name, response };
            match registration::confirm(app, &context, account, session, new).await {
                Ok(enrolled) => {
                    // SE-2: with more verified the session has a new cookie.
                    let ctx = ctx.with_cookie_value(Cookie::Session, enrolled.started.cookie.expose());
                    return match enrolled.recovery_codes {
                        Some(new) => {
                            recovery_codes::show_new(&ctx, &person, &new, true, Made::WithPasskey).await
                        }
                        None => ctx.done(paths::ACCOUNT_PASSKEYS, "passkey_added").await,
                    };
                }
                Err(error) => Err(error),
            }
        }
        "rename" => match registration::rename(app, &context, account, id, name).await {
            Ok(true) => Ok("passkey_renamed"),
            Ok(false) => Err(accounts::Error::Conflict),
            Err(accounts::Error::Fields(wrong)) => {
                let outcome = Outcome {
                    form: Some(refused(typed, wrong)),
                    ..Outcome::of(&id)?
                };
                let outcome = outcome.with_status(StatusCode::UNPROCESSABLE_ENTITY);
                return ctx.again_with(outcome).await;
            }
            Err(error) => Err(error),
        },
        "remove" => {
            let removed = registration::remove(app, &context, account, session, id).await;
            removed.and_then(|it| it.then_some("passkey_removed").ok_or(accounts::Error::Conflict))
        }
        "renew_codes" => match recovery_code::renew(app, &context, account, session).await {
            Ok(codes) => {
                return recovery_codes::show_new(&ctx, &person, &codes, false, Made::WithPasskey).await;
            }
            Err(error) => Err(error),
        },
        _ => return Err(PageError::Invalid),
    };
    let form = match done {
        Ok("") => return Ok(ctx.redirect(paths::ACCOUNT_PASSKEYS)),
        Ok(done) => return ctx.done(paths::ACCOUNT_PASSKEYS, done).await,
        Err(accounts::Error::Fields(wrong)) => refused(typed, wrong),
        Err(accounts::Error::WrongCode) => typed.notice("error.passkey"),
        // G-9: there are enough, it is registered already, or it was done in another window.
        Err(accounts::Error::Conflict) => {
            let form = typed.notice("error.try_again");
            return ctx.again_as(StatusCode::CONFLICT, form).await;
        }
        Err(accounts::Error::SecondFactorRequired) => {
            let form = typed.notice("error.second_factor_required");
            return ctx.again_as(StatusCode::CONFLICT, form).await;
        }
        Err(accounts::Error::ChallengeExpired) => typed.notice("error.passkey_late"),
        Err(other) => return Err(other.into()),
    };
    ctx.again(form).await
}
