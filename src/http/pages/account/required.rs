//! `/account/security/required`: says to a person in office why a second factor is demanded, and by when, and where it is set
//! up. A login leads here while the time runs, and the pages of the office do once it is over; the rule is
//! `accounts::second_factor::policy`.

use axum::response::Response;

use crate::accounts::second_factor::policy;
use crate::http::pages::onward::onward;
use crate::http::pages::{PageContext, PageError, SignedIn};
use crate::paths;
use crate::templates::pages::AccountSecondFactorRequired;

pub async fn show(ctx: PageContext, person: SignedIn) -> Result<Response, PageError> {
    let Some(demand) = policy::demand(&ctx.app, person.account()).await? else {
        // It was set up, also in another window.
        return Ok(onward(&ctx));
    };
    let next = ctx.return_path().filter(|_| !demand.is_overdue);
    let page = AccountSecondFactorRequired {
        duty: demand.duty.as_str().to_owned(),
        due_at: demand.due_at,
        is_overdue: demand.is_overdue,
        passkeys: ctx.app.webauthn.is_offered(),
        go_on: next.map_or(paths::ACCOUNT, |it| it.address()).to_owned(),
    };
    ctx.page(&page).await
}
