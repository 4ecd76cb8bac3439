//! `/account/security`: what protects the account, as a list of states. Each is changed on a page of its own; what should
//! be improved is decided in `accounts::checkup`.

use axum::response::Response;

use crate::accounts::{checkup, viewing};
use crate::http::pages::{PageContext, PageError, SignedIn};
use crate::templates::pages::{AccountSecurity, PastViewRow};

pub async fn show(ctx: PageContext, person: SignedIn) -> Result<Response, PageError> {
    let checkup = checkup::of(&ctx.app, person.account()).await?;
    let views = viewing::past(&ctx.app, &person.account().id).await?;
    let factors = &checkup.factors;
    let page = AccountSecurity {
        advice: checkup.advice().map(|it| it.as_str().to_owned()),
        password_since: checkup.password_since,
        is_password_stopped: checkup.is_password_stopped,
        app_since: factors.totp_since,
        passkeys: ctx.app.webauthn.is_offered().then_some(factors.passkeys),
        recovery_codes: factors.is_on().then_some(factors.recovery_codes),
        views: views
            .into_iter()
            .map(|it| PastViewRow {
                at: it.at,
                reason: it.reason,
            })
            .collect(),
    };
    ctx.page(&page).await
}
