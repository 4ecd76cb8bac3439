//! The mail about a change of second factors.

use sea_orm::ConnectionTrait;

use crate::accounts::{Result, tell};
use crate::app::App;
use crate::domain::Time;
use crate::domain::account::Account;
use crate::templates::mails::{SecondFactorChange, SecondFactorChanged};

/// The person hears of every change (security.md LG-4).
pub(super) async fn inform(
    app: &App,
    tx: &impl ConnectionTrait,
    now: Time,
    account: &Account,
    change: SecondFactorChange,
) -> Result<()> {
    let message = SecondFactorChanged {
        name: account.profile.full_name(),
        at: now,
        change,
    };
    tell(app, tx, &account.email, account.language, &message).await
}
