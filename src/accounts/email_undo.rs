//! Takes a change of the address back, for whoever reads the mail of the old one: a link of 256 bits, 72 hours, one use
//! (security.md SU-7). It ends all access to the account, whose password no longer works, and mails a link for a new
//! password.
//!
//! An earlier change wins over a later one: its link works whatever the address became since, and voids the links of all
//! changes after it, which went to addresses that the person may never have had.

use sea_orm::{ConnectionTrait, SqlErr};

use super::{Error, Result, deletion, former_addresses, mail_link, recovery, securing};
use crate::app::{App, Tx};
use crate::domain::Time;
use crate::domain::account::{Account, EmailAddress};
use crate::domain::actor::Context;
use crate::domain::email_change::{EmailChange, UNDO};
use crate::domain::event::{Action, Event};
use crate::domain::secret::Secret;
use crate::storage::email_changes::Undo;
use crate::storage::{Reads, accounts, email_changes};
use crate::templates::mails;

/// Marks the kind of the token (security.md G-7).
const PREFIX: &str = "eu_";

pub(super) fn token() -> String {
    mail_link::token(PREFIX)
}

/// Returns the link that the present address gets when a new one replaces it, or `None` if it gets none.
///
/// Whoever moved the address away controls the one that is replaced now. A person who changes back to their own address
/// has undone that change, so all links since are void; and a later link never outlives an earlier one, or the last word
/// would be the intruder's.
pub(super) async fn grant(
    tx: &Tx,
    account: &Account,
    new: &EmailAddress,
    token: &Secret,
) -> Result<Option<Undo>> {
    let open = email_changes::list_undoable(tx, &account.id, tx.now()).await?;
    let restored = open.iter().find(|it| it.old.unique_key() == new.unique_key());
    if let Some(change) = restored {
        email_changes::void_undo_since(tx, &account.id, change.since()).await?;
        return Ok(None);
    }
    let until = tx.now() + UNDO;
    Ok(Some(Undo {
        digest: token.digest(),
        until: open.iter().map(|it| it.expires_at).fold(until, Time::min),
    }))
}

/// What a link does, or has done.
#[derive(Clone, Debug)]
pub struct Undone {
    /// The former address.
    pub email: EmailAddress,
    /// `false` if it is another account's by now: access ends, and nothing is restored.
    pub restores_address: bool,
}

/// Returns what the link will do, while it is valid. Does not spend it.
pub async fn open(app: &App, token: &str) -> Result<Undone> {
    let (account, change) = find(app, app.db.read(), token).await?;
    Ok(Undone {
        restores_address: !is_taken(app.db.read(), &account, &change).await?,
        email: change.old,
    })
}

/// Returns `true` if the address that the account had before the change is another account's by now.
pub(super) async fn is_taken(
    db: &impl ConnectionTrait,
    account: &Account,
    change: &EmailChange,
) -> Result<bool> {
    let key = change.old.unique_key();
    Ok(key != account.email.unique_key() && accounts::find_holder(db, &key).await?.is_some())
}

async fn find(app: &App, db: &impl Reads, token: &str) -> Result<(Account, EmailChange)> {
    let digest = mail_link::digest(PREFIX, token)?;
    let change = email_changes::find_by_undo(db, &digest, app.clock.now())
        .await?
        .ok_or(Error::LinkVoid)?;
    Ok((deletion::find_account(db, &change.account).await?, change))
}

/// Spends the link and restores the address, unless that is another account's by now: then it only ends access. Of any
/// number of parallel uses, one succeeds.
pub async fn undo(app: &App, context: &Context, token: &str) -> Result<Undone> {
    match undo_once(app, context, token).await {
        // Another account got the address at the same moment. By now it is seen.
        Err(Error::AddressTaken) => undo_once(app, context, token).await,
        first => first,
    }
}

async fn undo_once(app: &App, context: &Context, token: &str) -> Result<Undone> {
    let (account, change) = find(app, app.db.read(), token).await?;
    app.write(&context.as_person(&account.id, account.role), async |tx| {
        accounts::lock(tx, &change.account).await?;
        let (account, change) = find(app, tx, token).await?;
        if !email_changes::spend_undo(tx, &mail_link::digest(PREFIX, token)?).await? {
            return Err(Error::LinkVoid);
        }
        if is_taken(tx, &account, &change).await? {
            securing::secure_without_address(tx, &account, &change, change.since(), "email_change").await?;
            return Ok(Undone {
                email: change.old,
                restores_address: false,
            });
        }
        let restored = restore(tx, &account, &change).await?;
        securing::secure(tx, &restored, change.since()).await?;
        let mail = mails::EmailChangeUndone {
            name: restored.profile.full_name(),
            at: tx.now(),
            token: Some(recovery::begin(tx, &restored).await?),
        };
        tx.mail(&restored, &mail).await?;
        Ok(Undone {
            email: restored.email,
            restores_address: true,
        })
    })
    .await
}

/// Restores the address that the account had before the change, voids the links of all changes since, and mails the
/// address that it had until now. `AddressTaken`: another account got it at this moment.
pub(super) async fn restore(tx: &Tx, account: &Account, change: &EmailChange) -> Result<Account> {
    email_changes::void_undo_since(tx, &account.id, change.since()).await?;
    let restored = Account {
        email: change.old.clone(),
        ..account.clone()
    };
    accounts::update_email(tx, &restored.id, &restored.email, tx.now())
        .await
        .map_err(|error| match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => Error::AddressTaken,
            _ => error.into(),
        })?;
    former_addresses::replace(tx, account, &restored.email).await?;
    let event = Event::new(Action::EmailChangeUndone, format!("account:{}", restored.id));
    tx.record(event.readdressed(&account.email, &restored.email))
        .await?;
    if account.email.key() != restored.email.key() {
        let mail = mails::EmailChangeUndone {
            name: restored.profile.full_name(),
            at: tx.now(),
            token: None,
        };
        tx.mail(account, &mail).await?;
    }
    Ok(restored)
}
