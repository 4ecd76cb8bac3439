//! The address of an account that was made without a code to it (`user import`): its first login asks for one, and
//! nothing else of the account opens before (security.md UI-2, SU-5). The code is mailed once the person has shown all
//! that a login asks for, second factor included: a password alone makes nobody receive mails, and a visitor learns
//! nothing of an address.

use chrono::Duration;

use super::code::{self, Binding, Purpose, When};
use crate::accounts::{Error, Result};
use crate::app::{App, Tx};
use crate::domain::account::Account;
use crate::domain::actor::Context;
use crate::domain::event::{Action, Event};
use crate::storage::{Reads, accounts, email_codes};
use crate::templates::mails;

/// Binds one code at a time to an account: it may be typed in whichever browser the person logged in with.
fn binding(account: &Account) -> Binding<'_> {
    Binding {
        purpose: Purpose::FirstLogin,
        transaction: account.id.as_str(),
        email: &account.email,
    }
}

/// Mails a code with a login, unless the last one can still be given, and returns whether it did: the mail reports the
/// login, too. If too many were sent, the login goes on, and its page says how long to wait.
pub(in crate::accounts) async fn begin(tx: &Tx, account: &Account) -> Result<bool> {
    if account.email_verified
        || code::find_open(tx.app(), tx, tx.now(), binding(account))
            .await?
            .is_some()
    {
        return Ok(false);
    }
    match send(tx, account).await {
        Ok(()) => Ok(true),
        Err(Error::Throttled { .. }) => Ok(false),
        Err(other) => Err(other),
    }
}

/// Mails another code. A session from before this rule has had none yet.
pub async fn resend(app: &App, context: &Context, account: &Account) -> Result<()> {
    app.write(context, async |tx| match find_unverified(tx, account).await? {
        Some(account) => send(tx, &account).await,
        None => Ok(()),
    })
    .await
}

async fn send(tx: &Tx, account: &Account) -> Result<()> {
    let binding = binding(account);
    code::check_rates(tx.app(), tx, tx.now(), binding, When::Again).await?;
    let code = code::issue(tx, binding).await?;
    let event = Event::new(Action::EmailCodeSent, format!("account:{}", account.id));
    tx.record_as(account, event).await?;
    let message = mails::FirstLoginCode { code };
    Ok(tx.mail(account, &message).await?)
}

/// Returns the account as it is now, held until the transaction ends, if its address is still to be verified.
async fn find_unverified(tx: &impl Reads, account: &Account) -> Result<Option<Account>> {
    accounts::lock(tx, &account.id).await?;
    let found = accounts::find(tx, &account.id).await?;
    Ok(found.filter(|it| it.is_active() && !it.email_verified))
}

/// The state of the code, for the page that asks for it.
#[derive(Clone, Copy, Debug)]
pub struct CodeStatus {
    /// `true` if a code was mailed that can still be given.
    pub is_open: bool,
    /// The time until another code can be requested; zero if there is none to wait.
    pub wait: Duration,
}

pub async fn status(app: &App, account: &Account) -> Result<CodeStatus> {
    let binding = binding(account);
    let open = code::find_open(app, app.db.read(), app.clock.now(), binding).await?;
    Ok(CodeStatus {
        is_open: open.is_some(),
        wait: code::resend_wait(app, binding).await?,
    })
}

/// Verifies the address by its code. Of any number of parallel uses of one code, one verifies the address; the others
/// find it verified.
pub async fn verify(app: &App, context: &Context, account: &Account, typed: &str) -> Result<()> {
    let code = code::read(typed)?;
    let binding = binding(account);
    let counted = app
        .write(context, async |tx| match find_unverified(tx, account).await? {
            Some(_) => code::count_attempt(tx, binding).await.map(Some),
            None => Ok(None),
        })
        .await?;
    let Some(attempt) = counted else {
        return Ok(()); // by another window, or by a new password that was set by mail
    };
    if !attempt.is_right(app, binding, &code) {
        return Err(attempt.refusal());
    }
    app.write(context, async |tx| {
        let Some(account) = find_unverified(tx, account).await? else {
            return Ok(());
        };
        if !email_codes::spend(tx, &attempt.code_id).await? {
            return Err(Error::CodeVoid);
        }
        accounts::update_email_verified(tx, &account.id, tx.now()).await?;
        let event = Event::new(Action::EmailVerified, format!("account:{}", account.id));
        tx.record(event.because("code")).await?;
        Ok(())
    })
    .await
}
