//! Offers a passkey to a person who has just logged in with the password and has none. *Not now* is remembered with the
//! account, whichever browser it was said in.

use chrono::Duration;

use crate::accounts::Result;
use crate::app::App;
use crate::domain::AccountId;
use crate::domain::authentication::Acr;
use crate::domain::session::Session;
use crate::storage::{passkey_offers, passkeys};

/// The time for which *not now* holds: the question comes back a few times a year, and never from one login to the next.
const PUT_OFF: Duration = Duration::days(90);

/// Returns `true` if the person of this session is to be offered a passkey.
pub async fn is_due(app: &App, session: &Session) -> Result<bool> {
    let may_be_added = app.webauthn.is_offered()
        && session.acr() < Acr::Passkey
        && session.is_recent(app.clock.now())
        && passkeys::count(app.db.read(), &session.account).await? == 0;
    if !may_be_added {
        return Ok(false);
    }
    let declined = passkey_offers::find_declined(app.db.read(), &session.account).await?;
    Ok(declined.is_none_or(|at| app.clock.now() - at >= PUT_OFF))
}

/// Remembers that the person said *not now*.
pub async fn decline(app: &App, account: &AccountId) -> Result<()> {
    Ok(passkey_offers::upsert_declined(&app.db, account, app.clock.now()).await?)
}
