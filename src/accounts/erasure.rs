//! Carries out the deletion of an account whose time is over. The first transaction makes it final; then everything that
//! the database holds on the person goes, in small transactions (`storage::erasure`); the account itself goes last, with
//! its audit record. Until then the account says what is left to do: a process that ends at any point leaves the rest to
//! the next run, and several nodes at once do the same work twice without harm.
//!
//! The identifier of the account is the pseudonym of the audit trail. It and `sub` are random and never made again; the
//! address is free for a new account, which is another one.

use super::Result;
use super::personal_keys::PersonalKeys;
use crate::app::App;
use crate::domain::AccountId;
use crate::domain::account::{Account, Status};
use crate::domain::account_deletion::AccountDeletion;
use crate::domain::actor::Context;
use crate::domain::event::{Action, Event};
use crate::domain::signal::Signal;
use crate::storage::batches::{ROWS, until_done};
use crate::storage::erasure::{self, Step};
use crate::storage::{account_deletions, accounts};

/// Lists the deletions that are to be carried out now: those after `last`, in parts. The last part is empty.
pub async fn list_due(app: &App, last: Option<&AccountDeletion>) -> Result<Vec<AccountDeletion>> {
    Ok(account_deletions::list_due(app.db.read(), app.clock.now(), last).await?)
}

/// Makes a deletion final. Returns `false` if the person kept the account at the last moment.
pub async fn begin(app: &App, account: &AccountId) -> Result<bool> {
    app.write(&Context::system(), async |tx| {
        accounts::lock(tx, account).await?;
        let found = account_deletions::find(tx, account).await?;
        let is_due = found.is_some_and(|it| !it.can_be_stopped(tx.now()));
        let (true, Some(account)) = (is_due, accounts::find(tx, account).await?) else {
            return Ok(false);
        };
        if account.status != Status::Deleted {
            accounts::update_status(tx, &account.id, account.status, Status::Deleted).await?;
            accounts::delete_password(tx, &account.id).await?;
            // While it is still known which services the person used.
            let gone = Signal::AccountPurged {
                subject: account.sub.clone(),
                remote_id: None,
            };
            tx.signals()
                .send(&tx.context().actor, &account.id, vec![gone])
                .await?;
        }
        Ok(true)
    })
    .await
}

/// Deletes all that is left of an account whose deletion is final. Returns `true` if it is gone by this call.
pub async fn erase(app: &App, id: &AccountId) -> Result<bool> {
    Ok(clear(app, id, Step::ALL).await? && finish(app, id).await?)
}

async fn find_deleted(app: &App, id: &AccountId) -> Result<Option<Account>> {
    let found = accounts::find(app.db.read(), id).await?;
    Ok(found.filter(Account::is_deleted))
}

/// Takes these steps. Returns `false` if the process is asked to end, or there is no such account.
pub async fn clear(app: &App, id: &AccountId, steps: &[Step]) -> Result<bool> {
    let Some(account) = find_deleted(app, id).await? else {
        return Ok(false);
    };
    let keys = PersonalKeys::find(app, &account).await?;
    let person = &keys.person();
    for step in steps {
        let batch = || erasure::run(&app.db, app.clock.now(), *step, person);
        until_done(&app.stopping, batch).await?;
    }
    Ok(!app.stopping.is_cancelled())
}

/// Deletes the account itself, once nothing else is left of it. Returns `false` if there is more to do, or another node
/// was faster.
pub async fn finish(app: &App, id: &AccountId) -> Result<bool> {
    let Some(account) = find_deleted(app, id).await? else {
        return Ok(false);
    };
    let keys = PersonalKeys::find(app, &account).await?;
    let person = &keys.person();
    app.write(&Context::system(), async |tx| {
        accounts::lock(tx, id).await?;
        // Whoever read the account before its deletion was final may have written since its steps.
        for step in Step::UNTIED {
            if erasure::run_in(tx, tx.now(), *step, person).await? >= ROWS as u64 {
                return Ok(false);
            }
        }
        account_deletions::delete(tx, id).await?;
        if !accounts::delete(tx, id).await? {
            return Ok(false);
        }
        let event = Event::new(Action::AccountDeleted, format!("account:{id}"));
        tx.record(event).await?;
        Ok(true)
    })
    .await
}
