//! `/account/security`: what protects the account, as a list of states. Each is changed on a page of its own; what should
//! be improved is decided in `accounts::second_factor`.

use axum::response::Response;

use crate::accounts::{password, second_factor};
use crate::http::pages::{PageContext, PageError, SignedIn};
use crate::templates::pages::AccountSecurity;

pub async fn show(ctx: PageContext, person: SignedIn) -> Result<Response, PageError> {
    let status = second_factor::status(&ctx.app, &person.account().id).await?;
    let page = AccountSecurity {
        advice: status.advice().map(|it| it.as_str().to_owned()),
        password_since: password::last_changed(&ctx.app, person.account()).await?,
        app_since: status.totp_since,
        passkeys: ctx.app.webauthn.is_offered().then_some(status.passkeys),
        recovery_codes: status.is_on().then_some(status.recovery_codes),
    };
    ctx.page(&page).await
}
