//! Change of the account's address: requested in a session with a recent login, completed by the code that was mailed to
//! the new address (security.md SU-7). Until then the old address is in force. An address that has an account takes the
//! same steps with the same writes, and never becomes somebody else's (SU-1). `accounts::email_undo` takes it back.

use sea_orm::{ConnectionTrait, SqlErr};

use super::code::{self, Binding, Purpose, When};
use super::first_login::CodeStatus;
use crate::accounts::{Error, Result, email_undo, former_addresses, second_factor};
use crate::app::{App, Tx};
use crate::domain::account::{Account, EmailAddress};
use crate::domain::actor::Context;
use crate::domain::email_change::{EmailChange, KEPT};
use crate::domain::event::{Action, Event};
use crate::domain::secret::Secret;
use crate::domain::session::Session;
use crate::limits::Limit;
use crate::random;
use crate::storage::accounts::Holder;
use crate::storage::{accounts, email_changes, email_codes, password_resets, pending_signups};
use crate::templates::mails;

fn binding(change: &EmailChange) -> Binding<'_> {
    Binding {
        purpose: Purpose::EmailChange,
        transaction: &change.id,
        email: &change.new,
    }
}

/// A change that waits for its code.
#[derive(Debug)]
pub struct Pending {
    pub new: EmailAddress,
    pub code: CodeStatus,
}

/// Returns the change that waits for its code, if there is one.
pub async fn pending(app: &App, account: &Account) -> Result<Option<Pending>> {
    let now = app.clock.now();
    let Some(change) = email_changes::find_pending(app.db.read(), &account.id, now).await? else {
        return Ok(None);
    };
    let binding = binding(&change);
    let open = code::find_open(app, app.db.read(), now, binding).await?;
    let code = CodeStatus {
        is_open: open.is_some(),
        wait: code::resend_wait(app, binding).await?,
    };
    Ok(Some(Pending {
        new: change.new,
        code,
    }))
}

/// Begins a change and mails a code to the new address. A change that was pending gives way to it.
pub async fn request(
    app: &App,
    context: &Context,
    account: &Account,
    session: &Session,
    typed: &str,
) -> Result<()> {
    second_factor::require_recent(app.db.read(), session, app.clock.now()).await?;
    let key = if typed.trim().is_empty() {
        "error.required"
    } else {
        "error.email"
    };
    let new = EmailAddress::parse(typed).map_err(|_| Error::field("email", key))?;
    if app.disposable_domains.contains(new.domain()) {
        return Err(Error::field("email", "error.email_disposable"));
    }
    if new.key() == account.email.key() {
        return Err(Error::field("email", "error.email_same"));
    }
    app.limits.count(Limit::EmailChange, account.id.as_str()).await?;
    let id = random::id();
    app.write(context, async |tx| {
        let account = hold(tx, session).await?;
        email_changes::delete_pending(tx, &account.id).await?;
        let change = EmailChange {
            id: id.clone(),
            account: account.id.clone(),
            old: account.email.clone(),
            new: new.clone(),
            taken: false,
            requested_at: tx.now(),
            changed_at: None,
            expires_at: tx.now() + KEPT,
        };
        email_changes::insert(tx, &change).await?;
        send(tx, &account, &change).await?;
        let event = Event::new(Action::EmailChangeRequested, format!("account:{}", account.id));
        tx.record(event).await?;
        Ok(())
    })
    .await
}

/// Mails another code to the new address.
pub async fn resend(app: &App, context: &Context, session: &Session) -> Result<()> {
    app.write(context, async |tx| {
        let account = hold(tx, session).await?;
        let change = find(tx, &account).await?;
        send(tx, &account, &change).await?;
        let event = Event::new(Action::EmailCodeSent, format!("account:{}", account.id));
        tx.record(event).await?;
        Ok(())
    })
    .await
}

/// Cancels the pending change. Returns `false` if there was none.
pub async fn cancel(app: &App, context: &Context, account: &Account) -> Result<bool> {
    app.write(context, async |tx| {
        accounts::lock(tx, &account.id).await?;
        cancel_in(tx, account).await
    })
    .await
}

async fn cancel_in(tx: &Tx, account: &Account) -> Result<bool> {
    let was_pending = email_changes::delete_pending(tx, &account.id).await?;
    if was_pending {
        let event = Event::new(Action::EmailChangeCancelled, format!("account:{}", account.id));
        tx.record(event).await?;
    }
    Ok(was_pending)
}

/// Verifies the code and changes the address. Counts the attempt, and commits that, before it compares (SU-4).
pub async fn confirm(app: &App, context: &Context, session: &Session, typed: &str) -> Result<EmailAddress> {
    let code = code::read(typed)?;
    let (change, attempt) = app
        .write(context, async |tx| {
            let account = hold(tx, session).await?;
            let change = find(tx, &account).await?;
            let attempt = code::count_attempt(tx, binding(&change)).await?;
            Ok::<_, Error>((change, attempt))
        })
        .await?;
    let right = attempt.is_right(app, binding(&change), &code);
    // No code completes a change to an address that had an account when it was mailed, not even by luck (SU-1).
    if !(right & !change.taken) {
        return Err(attempt.refusal());
    }
    let change = &change;
    let is_changed = match finish(app, context, session, change, &attempt.code_id).await {
        // Another account got the address at the same moment. By now it is seen, and the change is cancelled.
        Err(Error::AddressTaken) => finish(app, context, session, change, &attempt.code_id).await,
        first => first,
    };
    if is_changed? {
        Ok(change.new.clone())
    } else {
        Err(Error::AddressTaken)
    }
}

async fn finish(
    app: &App,
    context: &Context,
    session: &Session,
    change: &EmailChange,
    code_id: &str,
) -> Result<bool> {
    app.write(context, async |tx| {
        let account = hold(tx, session).await?;
        if !email_codes::spend(tx, code_id).await? {
            return Err(Error::CodeVoid);
        }
        complete_or_cancel(tx, &account, change).await
    })
    .await
}

/// Completes the change, or cancels it if another account has the address by now. Returns `false` then.
async fn complete_or_cancel(tx: &Tx, account: &Account, change: &EmailChange) -> Result<bool> {
    let is_taken = find_other_holder(tx, account, &change.new).await?.is_some();
    if is_taken {
        cancel_in(tx, account).await?;
    } else {
        complete(tx, account, change).await?;
    }
    Ok(!is_taken)
}

/// Returns the account as it is now, held until the transaction ends, for a session that has presented enough.
async fn hold(tx: &Tx, session: &Session) -> Result<Account> {
    second_factor::hold(tx, session).await?;
    let found = accounts::find(tx, &session.account).await?;
    found.ok_or(Error::ReauthenticationNeeded)
}

async fn find(tx: &Tx, account: &Account) -> Result<EmailChange> {
    let found = email_changes::find_pending(tx, &account.id, tx.now()).await?;
    found.ok_or(Error::Conflict)
}

/// Mails a new code, which voids the old; or writes to the holder of the address that there is an account. Both do the
/// same work (SU-1). The codes of an address count together, whoever asks for them (SU-3).
async fn send(tx: &Tx, account: &Account, change: &EmailChange) -> Result<()> {
    code::check_rates(tx.app(), tx, tx.now(), binding(change), When::Again).await?;
    let holder = find_other_holder(tx, account, &change.new).await?;
    email_changes::update_taken(tx, &change.id, holder.is_some()).await?;
    let code = code::issue(tx, binding(change)).await?;
    match holder {
        None => {
            let mail = mails::EmailChangeCode { code };
            tx.mail_at(account, &change.new, &mail).await?;
        }
        // The mail goes to the stored address, never to the one that was typed (SU-2).
        Some(holder) => {
            let mail = mails::EmailChangeTaken {
                name: holder.name.clone(),
            };
            tx.mail_to((&holder).into(), &mail).await?;
        }
    }
    Ok(())
}

/// Returns the holder of the address, if that is another account: a person may add or drop a tag of their own address.
async fn find_other_holder(
    db: &impl ConnectionTrait,
    account: &Account,
    email: &EmailAddress,
) -> Result<Option<Holder>> {
    let key = email.unique_key();
    let found = accounts::find_holder(db, &key).await?;
    Ok(found.filter(|_| key != account.email.unique_key()))
}

async fn complete(tx: &Tx, account: &Account, change: &EmailChange) -> Result<()> {
    let token = Secret::new(email_undo::token());
    let undo = email_undo::grant(tx, account, &change.new, &token).await?;
    if !email_changes::complete(tx, &change.id, &account.email, undo.as_ref(), tx.now()).await? {
        return Err(Error::Conflict);
    }
    accounts::update_email(tx, &account.id, &change.new, tx.now())
        .await
        .map_err(|error| match error.sql_err() {
            // Another account got the address at the same moment.
            Some(SqlErr::UniqueConstraintViolation(_)) => Error::AddressTaken,
            _ => error.into(),
        })?;
    // A link that the old address got sets no password any more; it has the one that undoes this.
    password_resets::void_of_account(tx, &account.id).await?;
    pending_signups::update_taken(tx, &change.new.unique_key()).await?;
    former_addresses::replace(tx, account, &change.new).await?;
    let event = Event::new(Action::EmailChanged, format!("account:{}", account.id));
    tx.record(event.readdressed(&account.email, &change.new)).await?;

    let mail = |is_new, undo| mails::EmailChanged {
        name: account.profile.full_name(),
        at: tx.now(),
        is_new,
        undo,
    };
    let link = undo.map(|it| mails::UndoLink {
        token: token.expose().to_owned(),
        until: it.until,
    });
    tx.mail(account, &mail(false, link)).await?;
    tx.mail_at(account, &change.new, &mail(true, None)).await?;
    Ok(())
}
