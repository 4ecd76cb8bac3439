//! Says who may open the accounts of other people, and act on which (security.md AD-1, G-4): support, auditors and
//! administrators read; support and administrators help; administrators alone suspend and give roles. A view of an account's pages is `viewing`. Support acts on people
//! without a role only, nobody in office on the own account. Each function of this room that serves them asks here first.

use super::second_factor::policy;
use super::{Error, Result};
use crate::app::{App, Tx};
use crate::domain::account::Account;
use crate::domain::actor::{Actor, Context};
use crate::domain::powers::{Area, Powers};
use crate::domain::role::Role;
use crate::domain::{AccountId, Time};
use crate::storage::accounts;

/// Refuses everybody who may not open the accounts of other people.
pub async fn require_reader(app: &App, context: &Context) -> Result<()> {
    if !context.actor.reads_accounts() {
        return Err(Error::NotFound);
    }
    require_open_office(app, context).await
}

/// Refuses everybody who may not help the person of this account.
pub async fn require_helper(app: &App, context: &Context, account: &Account) -> Result<()> {
    if !context.actor.helps_people() {
        return Err(Error::NotFound);
    }
    require_open_office(app, context).await?;
    if may_help(&context.actor, account) {
        Ok(())
    } else {
        Err(Error::NotTheirs)
    }
}

/// Returns `true` if the actor may help the person of this account.
pub fn may_help(actor: &Actor, account: &Account) -> bool {
    let is_own = actor.account() == Some(&account.id);
    let has_role = account.role != Role::User;
    actor.helps_people() && !is_own && (actor.administers(Area::Accounts) || !has_role)
}

/// Refuses everybody who may not see the pages of this account as its person does (security.md AD-12).
pub async fn require_viewer(app: &App, context: &Context, account: &Account) -> Result<()> {
    require_helper(app, context, account).await?;
    if may_view(&context.actor, account) {
        Ok(())
    } else {
        Err(Error::NotTheirs)
    }
}

/// Returns `true` if the actor may see the pages of this account as its person does: a person who may help, and whose role
/// has all powers of the other's, and more.
pub fn may_view(actor: &Actor, account: &Account) -> bool {
    let exceeds = |(_, role)| Powers::of_role(role).exceed(Powers::of_role(account.role));
    matches!(actor, Actor::Person { .. }) && may_help(actor, account) && actor.person().is_some_and(exceeds)
}

/// Refuses everybody but administrators, and those for their own account.
pub async fn require_administrator(app: &App, context: &Context, account: &Account) -> Result<()> {
    if !context.actor.administers(Area::Accounts) {
        return Err(Error::NotFound);
    }
    require_helper(app, context, account).await
}

/// Refuses an actor whose login is too long ago for what changes rights (security.md SE-4).
pub(super) fn require_recent(context: &Context, now: Time) -> Result<()> {
    if context.is_recent(now) {
        Ok(())
    } else {
        Err(Error::ReauthenticationNeeded)
    }
}

/// Holds an account until the transaction ends, for an act of the staff, and requires that it is still theirs to act on.
pub(super) async fn hold(tx: &Tx, id: &AccountId) -> Result<Account> {
    accounts::lock(tx, id).await?;
    let found = accounts::find(tx, id).await?;
    let account = found.filter(|it| !it.is_deleted()).ok_or(Error::NotFound)?;
    if may_help(&tx.context().actor, &account) {
        Ok(account)
    } else {
        Err(Error::NotTheirs)
    }
}

/// Returns `true` if there would be no active administrator without this account (security.md AD-1). Holds the others until
/// the transaction ends: of two who leave at once, one remains.
pub(super) async fn is_last_administrator(tx: &Tx, account: &Account) -> Result<bool> {
    if account.role != Role::Administrator {
        return Ok(false);
    }
    let all = accounts::list_by_office_locked(tx, Role::Administrator).await?;
    Ok(all.iter().all(|it| *it == account.id))
}

async fn require_open_office(app: &App, context: &Context) -> Result<()> {
    if policy::closes_office(app, context).await? {
        return Err(Error::SecondFactorRequired);
    }
    Ok(())
}
