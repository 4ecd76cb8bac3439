//! Helps a person with the account, as support and administrators do: forgets failed logins, mails a link for a new password,
//! ends all sessions. Nobody sets or sees a password (security.md PW-7). The person hears of each.

use super::{Error, Result, address_label, password, person, recovery, sessions, staff};
use crate::app::App;
use crate::domain::AccountId;
use crate::domain::actor::Context;
use crate::domain::event::{Action, Event};
use crate::limits::Limit;
use crate::templates::mails::{self, AccountAdministered, Administered};

/// Forgets failures and waits, so that password and codes work again.
pub async fn unlock(app: &App, context: &Context, id: &AccountId) -> Result<()> {
    check(app, context, id).await?;
    app.write(context, async |tx| {
        let account = staff::hold(tx, id).await?;
        password::forget_failures(tx, &account).await?;
        let message = AccountAdministered {
            name: account.profile.full_name(),
            at: tx.now(),
            act: Administered::Unlocked,
            reason: None,
            ticket: None,
        };
        Ok(tx.mail(&account, &message).await?)
    })
    .await
}

/// Mails a link by which the person sets a new password, to the address of the account. `Conflict`: the account is suspended.
pub async fn send_reset(app: &App, context: &Context, id: &AccountId) -> Result<()> {
    let label = check(app, context, id).await?;
    // PW-5: an inbox gets no more of them than its owner could ask for.
    app.limits.count(Limit::PasswordReset, &label).await?;
    app.write(context, async |tx| {
        let account = staff::hold(tx, id).await?;
        if !account.may_log_in() {
            return Err(Error::Conflict);
        }
        let message = mails::PasswordReset {
            name: account.profile.full_name(),
            token: recovery::begin(tx, &account).await?,
        };
        tx.mail(&account, &message).await?;
        let event = Event::new(Action::ResetRequested, format!("account:{}", account.id));
        Ok(tx.record(event).await?)
    })
    .await
}

/// Ends all sessions and what services got to outlive them.
pub async fn end_sessions(app: &App, context: &Context, id: &AccountId) -> Result<()> {
    check(app, context, id).await?;
    sessions::end_everywhere(app, context, id).await.map(drop)
}

/// Requires that the actor may help; returns the name by which limits know the address.
async fn check(app: &App, context: &Context, id: &AccountId) -> Result<String> {
    let account = person::find(app, context, id).await?;
    staff::require_helper(app, context, &account).await?;
    Ok(address_label(app, &account.email.unique_key()))
}
