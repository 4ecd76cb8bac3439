//! Suspends an account, and lifts the suspension: for administrators on its page, and for the operator. A suspended account has
//! no session and gets no token (security.md G-10); nothing of it is lost. The person is told why.

use super::{Error, Result, password, person, staff};
use crate::app::{App, Tx};
use crate::domain::account::{Account, Status, Suspension};
use crate::domain::actor::Context;
use crate::domain::event::{Action, Event};
use crate::domain::{AccountId, text};
use crate::storage::{account_changes, account_deletions, accounts, consents, suspensions};
use crate::templates::mails::{AccountAdministered, Administered};

/// The longest reason, in characters.
const LONGEST_REASON: usize = 1000;

/// Suspends an account. `Conflict`: it is suspended, or changed meanwhile. Needs a recent login (SE-4).
pub async fn suspend(app: &App, context: &Context, id: &AccountId, reason: &str) -> Result<()> {
    check(app, context, id).await?;
    let reason = text::prose(reason, LONGEST_REASON).map_err(|it| Error::field("reason", it.message()))?;
    if reason.is_empty() {
        return Err(Error::field("reason", "error.required"));
    }
    app.write(context, async |tx| {
        let account = staff::hold(tx, id).await?;
        if staff::is_last_administrator(tx, &account).await? {
            return Err(Error::LastAdministrator); // AD-1
        }
        place(tx, &account, &reason).await?;
        mail(tx, &account, Administered::Suspended, Some(&reason)).await
    })
    .await
}

/// Suspends a held account whose rules the caller has checked, and tells nobody. `Conflict`: it is suspended or on its way out.
pub(super) async fn place(tx: &Tx, account: &Account, reason: &str) -> Result<()> {
    let (id, from) = (&account.id, account.status);
    if !account.may_log_in() || !accounts::update_status(tx, id, from, Status::Suspended).await? {
        return Err(Error::Conflict); // G-9
    }
    let suspension = Suspension {
        at: tx.now(),
        reason: reason.to_owned(),
    };
    suspensions::write(tx, id, Some(&suspension)).await?;
    account_changes::touch(tx, id, tx.now()).await?;
    password::revoke_access(tx, account, None).await?;
    // A permission that has ended is not listed as one that goes on.
    consents::end_offline_access(tx, id).await?;
    let event = change(account, Action::AccountSuspended, Status::Suspended);
    tx.record(event.because(reason)).await?;
    Ok(())
}

/// Lifts a suspension. An account whose deletion has begun goes back to that. `Conflict`: it is not suspended.
pub async fn lift(app: &App, context: &Context, id: &AccountId) -> Result<()> {
    check(app, context, id).await?;
    app.write(context, async |tx| {
        let account = staff::hold(tx, id).await?;
        let to = match account_deletions::find(tx, id).await? {
            Some(_) => Status::Leaving,
            None => Status::Active,
        };
        if !accounts::update_status(tx, id, Status::Suspended, to).await? {
            return Err(Error::Conflict); // G-9
        }
        suspensions::write(tx, id, None).await?;
        account_changes::touch(tx, id, tx.now()).await?;
        tx.record(change(&account, Action::AccountReinstated, to)).await?;
        mail(tx, &account, Administered::Reinstated, None).await
    })
    .await
}

async fn check(app: &App, context: &Context, id: &AccountId) -> Result<()> {
    let account = person::find(app, context, id).await?;
    staff::require_administrator(app, context, &account).await?;
    staff::require_recent(context, app.clock.now())
}

fn change(account: &Account, action: Action, to: Status) -> Event {
    Event::new(action, format!("account:{}", account.id)).change(account.status.as_str(), to.as_str())
}

async fn mail(tx: &Tx, account: &Account, act: Administered, reason: Option<&str>) -> Result<()> {
    let message = AccountAdministered {
        name: account.profile.full_name(),
        at: tx.now(),
        act,
        reason: reason.map(str::to_owned),
        ticket: None,
    };
    Ok(tx.mail(account, &message).await?)
}
