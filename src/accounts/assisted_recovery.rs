//! Recovery through the ServiceDesk, for people who have lost every second factor (security.md PW-10; product.md, "Second
//! factor"). One administrator asks, another confirms, each after a recent login and neither for themselves. Then every
//! address of the person is told, with a link that stops it without a login. After a day a job removes the factors, takes
//! the password away and mails a link for a new one: whoever convinced two administrators needs the mailbox, too.
//!
//! `itu-account user remove-second-factor` does the same at once, for the operator (`second_factor::remove_for`).

use sea_orm::SqlErr;

use super::second_factor::{self, policy};
use super::{Error, Result, mail_link, password, recovery};
use crate::app::{App, Tx};
use crate::domain::account::{Account, EmailAddress};
use crate::domain::actor::{Actor, Context};
use crate::domain::assisted_recovery::{AssistedRecovery, Confirmation, Outcome, Refused, UNCONFIRMED, WAIT};
use crate::domain::event::{Action, Event};
use crate::domain::role::Role;
use crate::domain::secret::Secret;
use crate::domain::{AccountId, text};
use crate::random;
use crate::storage::{accounts, assisted_recoveries, email_changes};
use crate::templates::MailTemplate;
use crate::templates::mails;

/// Marks the kind of the token (security.md G-7).
const PREFIX: &str = "ar_";
const LONGEST_REASON: usize = 1000;
/// The rows of one page.
const SIZE: u64 = 25;
/// The most that one run of the job ends.
const AT_ONCE: u64 = 100;

/// A recovery with the people of it.
#[derive(Clone, Debug)]
pub struct Entry {
    pub recovery: AssistedRecovery,
    /// The person whose account it is.
    pub person: Account,
    pub asked_by: Option<Account>,
    pub confirmed_by: Option<Account>,
}

#[derive(Clone, Debug)]
pub struct RecoveryPage {
    pub entries: Vec<Entry>,
    /// The number of the page, from 1.
    pub page: u64,
    pub size: u64,
    pub total: u64,
}

/// A person whom an administrator looks for.
#[derive(Clone, Debug)]
pub struct Candidate {
    pub account: Account,
    /// `true` if there is a second factor to be removed.
    pub has_second_factor: bool,
    /// `true` if it is the administrator's own account.
    pub is_own: bool,
    /// The recovery that is open already.
    pub open: Option<AssistedRecovery>,
}

/// Returns the account of the administrator who acts. Nobody else finds anything here (security.md G-4). `SecondFactorRequired`:
/// the office is closed.
async fn require_administrator<'a>(app: &App, context: &'a Context) -> Result<Option<&'a AccountId>> {
    match &context.actor {
        Actor::Person {
            account,
            role: Role::Administrator,
        } => {
            if policy::closes_office(app, context).await? {
                return Err(Error::SecondFactorRequired);
            }
            Ok(Some(account))
        }
        _ => Ok(None),
    }
}

/// Does what `require_administrator` does for an act, which also needs a recent login (SE-4).
async fn require_to_act<'a>(app: &App, context: &'a Context) -> Result<&'a AccountId> {
    let administrator = require_administrator(app, context).await?;
    let administrator = administrator.ok_or(Error::Conflict)?;
    if !context.is_recent(app.clock.now()) {
        return Err(Error::ReauthenticationNeeded);
    }
    Ok(administrator)
}

/// Finds a person by the address, as the ServiceDesk is told it.
pub async fn search(app: &App, context: &Context, email: &str) -> Result<Option<Candidate>> {
    let Some(administrator) = require_administrator(app, context).await? else {
        return Ok(None);
    };
    let key = if email.trim().is_empty() {
        "error.required"
    } else {
        "error.email"
    };
    let email = EmailAddress::parse(email).map_err(|_| Error::field("email", key))?;
    let db = app.db.read();
    let Some(account) = accounts::find_by_email(db, &email.key()).await? else {
        return Ok(None);
    };
    Ok(Some(Candidate {
        has_second_factor: second_factor::status(app, &account.id).await?.is_on(),
        is_own: account.id == *administrator,
        open: assisted_recoveries::find_open(db, &account.id).await?,
        account,
    }))
}

/// Lists all recoveries, the newest first.
pub async fn list(app: &App, context: &Context, page: u64) -> Result<RecoveryPage> {
    let db = app.db.read();
    let is_administrator = require_administrator(app, context).await?.is_some();
    let total = if is_administrator {
        assisted_recoveries::count(db).await?
    } else {
        0
    };
    let page = page.clamp(1, total.div_ceil(SIZE).max(1));
    let found = match total {
        0 => Vec::new(),
        _ => assisted_recoveries::list(db, (page - 1) * SIZE, SIZE).await?,
    };
    let mut entries = Vec::new();
    for recovery in found {
        entries.extend(entry(app, recovery).await?);
    }
    Ok(RecoveryPage {
        entries,
        page,
        size: SIZE,
        total,
    })
}

/// Returns one recovery, for an administrator.
pub async fn find(app: &App, context: &Context, id: &str) -> Result<Option<Entry>> {
    if require_administrator(app, context).await?.is_none() {
        return Ok(None);
    }
    match assisted_recoveries::find(app.db.read(), id).await? {
        Some(recovery) => entry(app, recovery).await,
        None => Ok(None),
    }
}

async fn entry(app: &App, recovery: AssistedRecovery) -> Result<Option<Entry>> {
    let db = app.db.read();
    let Some(person) = accounts::find(db, &recovery.account).await? else {
        return Ok(None);
    };
    let confirmed_by = match &recovery.confirmed {
        Some(confirmation) => accounts::find(db, &confirmation.by).await?,
        None => None,
    };
    Ok(Some(Entry {
        asked_by: accounts::find(db, &recovery.asked_by).await?,
        person,
        confirmed_by,
        recovery,
    }))
}

/// Asks for the recovery of an account, and tells the other administrators. Returns its identifier. `Conflict`: one is open
/// already, there is no second factor, or it is the own account.
pub async fn request(app: &App, context: &Context, account: &AccountId, reason: &str) -> Result<String> {
    let administrator = require_to_act(app, context).await?;
    let reason = text::prose(reason, LONGEST_REASON).map_err(|it| Error::field("reason", it.message()))?;
    if reason.is_empty() {
        return Err(Error::field("reason", "error.required"));
    }
    let id = random::id();
    app.write(context, async |tx| {
        accounts::lock(tx, account).await?;
        let person = accounts::find(tx, account).await?.ok_or(Error::Conflict)?;
        if person.id == *administrator || !second_factor::status(app, account).await?.is_on() {
            return Err(Error::Conflict);
        }
        let recovery = AssistedRecovery {
            id: id.clone(),
            account: person.id.clone(),
            reason: reason.clone(),
            asked_by: administrator.clone(),
            asked_at: tx.now(),
            confirmed: None,
            due_at: Some(tx.now() + UNCONFIRMED),
            ended: None,
        };
        assisted_recoveries::insert(tx, &recovery)
            .await
            .map_err(|error| match error.sql_err() {
                Some(SqlErr::UniqueConstraintViolation(_)) => Error::Conflict,
                _ => error.into(),
            })?;
        record(tx, &recovery, Action::RecoveryRequested).await?;
        let message = mails::RecoveryRequested {
            person: person.email.as_str().to_owned(),
            id: id.clone(),
            until: tx.now() + UNCONFIRMED,
        };
        for other in accounts::list_by_office(tx, Role::Administrator).await? {
            if other.id != *administrator && other.id != person.id {
                tx.mail(&other, &message).await?;
            }
        }
        Ok(())
    })
    .await?;
    Ok(id)
}

/// Confirms a request, and tells the person at every address. `Conflict`: this administrator asked for it, is the person, or
/// it no longer waits.
pub async fn confirm(app: &App, context: &Context, id: &str) -> Result<()> {
    let administrator = require_to_act(app, context).await?;
    let stop = Secret::new(mail_link::token(PREFIX));
    app.write(context, async |tx| {
        let recovery = assisted_recoveries::find(tx, id).await?.ok_or(Error::Conflict)?;
        let checked = recovery.check_confirmation(administrator, tx.now());
        checked.map_err(|_: Refused| Error::Conflict)?;
        let confirmation = Confirmation {
            by: administrator.clone(),
            at: tx.now(),
        };
        let due_at = tx.now() + WAIT;
        if !assisted_recoveries::confirm(tx, id, &confirmation, due_at, &stop.digest()).await? {
            return Err(Error::Conflict); // G-9
        }
        record(tx, &recovery, Action::RecoveryConfirmed).await?;
        let person = accounts::find(tx, &recovery.account).await?;
        let person = person.ok_or(Error::Conflict)?;
        let message = mails::RecoveryWaiting {
            name: person.profile.full_name(),
            at: due_at,
            token: stop.expose().to_owned(),
        };
        tell(tx, &person, &message).await
    })
    .await
}

/// Cancels an open recovery. `Conflict`: it has ended, or is that of the own account.
pub async fn cancel(app: &App, context: &Context, id: &str) -> Result<()> {
    let administrator = require_to_act(app, context).await?;
    app.write(context, async |tx| {
        let recovery = assisted_recoveries::find(tx, id).await?.ok_or(Error::Conflict)?;
        // The person stops the own one by the link, as everybody does.
        if recovery.account == *administrator
            || !assisted_recoveries::end(tx, id, Outcome::Cancelled, tx.now()).await?
        {
            return Err(Error::Conflict);
        }
        record(tx, &recovery, Action::RecoveryCancelled).await?;
        if recovery.confirmed.is_some()
            && let Some(person) = accounts::find(tx, &recovery.account).await?
        {
            tell(tx, &person, &stopped(tx, &person)).await?;
        }
        Ok(())
    })
    .await
}

/// Returns the recovery that the link stops, while it can. Does not spend it.
pub async fn open(app: &App, token: &str) -> Result<AssistedRecovery> {
    let digest = mail_link::digest(PREFIX, token)?;
    let found = assisted_recoveries::find_by_stop(app.db.read(), &digest).await?;
    found.ok_or(Error::LinkVoid)
}

/// Stops a recovery, for whoever reads the mail of the person. Of any number of parallel uses, one succeeds.
pub async fn stop(app: &App, context: &Context, token: &str) -> Result<()> {
    let recovery = open(app, token).await?;
    app.write(context, async |tx| {
        if !assisted_recoveries::end(tx, &recovery.id, Outcome::Stopped, tx.now()).await? {
            return Err(Error::LinkVoid);
        }
        record(tx, &recovery, Action::RecoveryStopped).await?;
        let person = accounts::find(tx, &recovery.account).await?;
        let person = person.ok_or(Error::LinkVoid)?;
        tell(tx, &person, &stopped(tx, &person)).await
    })
    .await
}

fn stopped(tx: &Tx, person: &Account) -> mails::RecoveryStopped {
    mails::RecoveryStopped {
        name: person.profile.full_name(),
        at: tx.now(),
    }
}

/// Ends what is due: removes the factors of confirmed ones, and gives up those that nobody confirmed. Each is a transaction
/// of its own, conditional on being open, so several nodes, and one that was killed in between, do each once.
pub async fn complete_due(app: &App) -> Result<()> {
    for id in assisted_recoveries::list_due(app.db.read(), app.clock.now(), AT_ONCE).await? {
        if app.stopping.is_cancelled() {
            break;
        }
        app.write(&Context::system(), async |tx| end_due(tx, &id).await)
            .await?;
    }
    Ok(())
}

async fn end_due(tx: &Tx, id: &str) -> Result<()> {
    let Some(recovery) = assisted_recoveries::find(tx, id).await? else {
        return Ok(());
    };
    let Some(outcome) = recovery.due_outcome(tx.now()) else {
        return Ok(());
    };
    if !assisted_recoveries::end(tx, id, outcome, tx.now()).await? {
        return Ok(());
    }
    let person = accounts::find(tx, &recovery.account).await?;
    match (outcome, person) {
        (Outcome::Done, Some(person)) => {
            record(tx, &recovery, Action::RecoveryCompleted).await?;
            second_factor::remove_all(tx, &person).await?;
            password::disable(tx, &person).await?;
            let token = recovery::begin(tx, &person).await?;
            let message = mails::RecoveryDone {
                name: person.profile.full_name(),
                token,
            };
            Ok(tx.mail(&person, &message).await?)
        }
        _ => record(tx, &recovery, Action::RecoveryExpired).await,
    }
}

/// Records an act on a recovery. The reason is in its row: the trail has no texts about people.
async fn record(tx: &Tx, recovery: &AssistedRecovery, action: Action) -> Result<()> {
    let event = Event::new(action, format!("recovery:{}", recovery.id)).about(&recovery.account);
    Ok(tx.record(event).await?)
}

/// Mails the person at every address: the one of the account, and those that it had until lately (SU-7).
async fn tell(tx: &Tx, person: &Account, message: &impl MailTemplate) -> Result<()> {
    tx.mail(person, message).await?;
    for former in email_changes::list_former(tx, &person.id, tx.now()).await? {
        if former.key() != person.email.key() {
            tx.mail_at(person, &former, message).await?;
        }
    }
    Ok(())
}
