//! The counters of wrong codes, apart from those of wrong passwords (security.md PW-4).

use sea_orm::ConnectionTrait;

use crate::accounts::Result;
use crate::domain::AccountId;
use crate::storage::login_throttles;

/// Returns the counter of wrong codes: for strangers, or for one browser that signed in before, so that somebody who
/// has learned the password locks no owner out. A new password does not reset it.
pub(in crate::accounts) fn counter(account: &AccountId, browser: Option<&str>) -> String {
    match browser {
        None => format!("f:{account}"),
        Some(browser) => format!("f:{browser}:{account}"),
    }
}

/// Forgets wrong codes and their waits, in all browsers.
pub(in crate::accounts) async fn forgive(tx: &impl ConnectionTrait, account: &AccountId) -> Result<()> {
    login_throttles::delete_of(tx, account.as_str()).await?;
    Ok(())
}
