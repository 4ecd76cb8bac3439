//! Deletion of the own account, up to its time: begun by the person after a recent login, or by the operator; announced
//! by mail; stopped within 14 days by a link of 256 bits that works without a login, or by logging in and saying so. All
//! sessions, tokens and permissions end when it begins, and no service gets anything meanwhile. `accounts::erasure`
//! carries it out.

use super::{Error, Result, mail_link, password, second_factor, sessions, staff};
use crate::app::{App, Tx};
use crate::domain::account::{Account, EmailAddress, Status};
use crate::domain::account_deletion::{AccountDeletion, DeletionLink, REMINDER};
use crate::domain::actor::Context;
use crate::domain::event::{Action, Event};
use crate::domain::role::Role;
use crate::domain::secret::Digest;
use crate::domain::session::Session;
use crate::domain::{AccountId, Time};
use crate::storage::{
    Reads, account_changes, account_deletions, accounts, consents, deletion_links, email_changes,
    refresh_tokens,
};
use crate::templates::mails::{DeletionMail, DeletionNews, StopLink};

/// Marks the kind of the token (security.md G-7).
const PREFIX: &str = "ad_";

/// Returns `true` if the session has presented enough to delete the account (SE-4): a login in the last minutes, with a
/// second factor if the account has one.
pub async fn is_admitted(app: &App, session: &Session) -> Result<bool> {
    match second_factor::require_recent(app.db.read(), session, app.clock.now()).await {
        Ok(()) => Ok(true),
        Err(Error::ReauthenticationNeeded) => Ok(false),
        Err(other) => Err(other),
    }
}

/// Returns `true` if nobody else is an administrator: one always remains (security.md AD-1).
pub async fn is_last_administrator(app: &App, account: &Account) -> Result<bool> {
    if account.role != Role::Administrator {
        return Ok(false);
    }
    let all = accounts::list_by_office(app.db.read(), Role::Administrator).await?;
    Ok(all.iter().all(|it| it.id == account.id))
}

/// Returns the deletion that was begun, if there is one.
pub async fn find(app: &App, account: &AccountId) -> Result<Option<AccountDeletion>> {
    Ok(account_deletions::find(app.db.read(), account).await?)
}

/// Begins the deletion of the own account, and returns when it will be carried out.
pub async fn begin(app: &App, context: &Context, session: &Session) -> Result<Time> {
    second_factor::require_recent(app.db.read(), session, app.clock.now()).await?;
    app.write(context, async |tx| {
        second_factor::hold(tx, session).await?;
        let found = accounts::find(tx, &session.account).await?;
        start(tx, &found.ok_or(Error::ReauthenticationNeeded)?).await
    })
    .await
}

/// Begins the deletion of an account in the name of its person, for the operator. Returns `None` if there is none.
pub async fn begin_for(app: &App, context: &Context, email: &str) -> Result<Option<Time>> {
    let email = parse(email)?;
    app.write(context, async |tx| {
        match accounts::find_by_email(tx, &email.key()).await? {
            Some(account) => {
                accounts::lock(tx, &account.id).await?;
                start(tx, &account).await.map(Some)
            }
            None => Ok(None),
        }
    })
    .await
}

fn parse(email: &str) -> Result<EmailAddress> {
    EmailAddress::parse(email).map_err(|_| Error::field("email", "error.email"))
}

async fn start(tx: &Tx, account: &Account) -> Result<Time> {
    if account_deletions::find(tx, &account.id).await?.is_some() {
        return Err(Error::Conflict);
    }
    if staff::is_last_administrator(tx, account).await? {
        return Err(Error::LastAdministrator);
    }
    // Whoever is suspended stays so: keeping the account must not lift what an administrator decided.
    if account.status == Status::Active
        && !accounts::update_status(tx, &account.id, Status::Active, Status::Leaving).await?
    {
        return Err(Error::Conflict);
    }
    let deletion = AccountDeletion::begun(&account.id, tx.now());
    account_deletions::insert(tx, &deletion).await?;
    account_changes::touch(tx, &account.id, tx.now()).await?;
    sessions::end_all_but(tx, &account.id, None, "deletion").await?;
    refresh_tokens::end_refresh_tokens_of_account(tx, &account.id, tx.now()).await?;
    for consent in consents::list_of_account(tx, &account.id).await? {
        consents::delete(tx, &account.id, &consent.client_id).await?;
        let object = format!("client:{}", consent.client_id);
        let event = Event::new(Action::ConsentWithdrawn, object).about(&account.id);
        tx.record(event.because("deletion")).await?;
    }
    password::void_codes_and_links(tx, account).await?;
    let event = Event::new(Action::DeletionRequested, format!("account:{}", account.id));
    tx.record(event).await?;
    announce(tx, account, &deletion, DeletionNews::Begun).await?;
    Ok(deletion.delete_at)
}

/// An address that is told.
struct Recipient {
    email: EmailAddress,
    /// The time until which a former address can undo the change that replaced it.
    former_until: Option<Time>,
}

/// Lists the address of the account, and the former ones that can still undo a change: whoever took the account over and
/// moved its address away deletes it behind nobody's back.
async fn list_recipients(tx: &Tx, account: &Account) -> Result<Vec<Recipient>> {
    let mut recipients = vec![Recipient {
        email: account.email.clone(),
        former_until: None,
    }];
    for change in email_changes::list_undoable(tx, &account.id, tx.now()).await? {
        if recipients.iter().all(|it| it.email.key() != change.old.key()) {
            recipients.push(Recipient {
                email: change.old,
                former_until: Some(change.expires_at),
            });
        }
    }
    Ok(recipients)
}

/// Mails each recipient a link of its own. Its page names the address that it was sent to and no other: whoever reads a
/// mailbox that the person has left does not learn where the account went, and has a say as long as over the change.
async fn announce(
    tx: &Tx,
    account: &Account,
    deletion: &AccountDeletion,
    news: fn(StopLink) -> DeletionNews,
) -> Result<()> {
    for to in list_recipients(tx, account).await? {
        let token = mail_link::token(PREFIX);
        let end = to.former_until.unwrap_or(deletion.delete_at);
        let link = DeletionLink {
            account: account.id.clone(),
            email: to.email,
            expires_at: end.min(deletion.delete_at),
        };
        deletion_links::insert(tx, &Digest::of(token.as_bytes()), &link).await?;
        let mail = DeletionMail {
            name: account.profile.full_name(),
            news: news(StopLink {
                until: deletion.delete_at,
                token,
                former_until: to.former_until,
            }),
        };
        tx.mail_at(account, &link.email, &mail).await?;
    }
    Ok(())
}

/// Returns the address that the link was sent to, and when the account would be deleted. Does not spend the link.
pub async fn open(app: &App, token: &str) -> Result<(EmailAddress, Time)> {
    let found = find_by_link(app.db.read(), token, app.clock.now()).await?;
    Ok((found.link.email, found.delete_at))
}

/// Returns the account of a link. `LinkVoid`: there is none, or its deletion is final.
pub(super) async fn find_account(db: &impl Reads, id: &AccountId) -> Result<Account> {
    let found = accounts::find(db, id).await?;
    found.filter(|it| !it.is_deleted()).ok_or(Error::LinkVoid)
}

struct FoundByLink {
    account: Account,
    link: DeletionLink,
    delete_at: Time,
}

async fn find_by_link(db: &impl Reads, token: &str, now: Time) -> Result<FoundByLink> {
    let digest = mail_link::digest(PREFIX, token)?;
    let found = deletion_links::find(db, &digest).await?;
    let link = found.filter(|it| now < it.expires_at).ok_or(Error::LinkVoid)?;
    let deletion = account_deletions::find(db, &link.account)
        .await?
        .filter(|it| it.can_be_stopped(now))
        .ok_or(Error::LinkVoid)?;
    Ok(FoundByLink {
        account: find_account(db, &link.account).await?,
        link,
        delete_at: deletion.delete_at,
    })
}

/// Stops the deletion by a link; of any number of parallel uses, one succeeds. Returns the address that the link was sent
/// to.
pub async fn stop_by_link(app: &App, context: &Context, token: &str) -> Result<EmailAddress> {
    let FoundByLink { account, .. } = find_by_link(app.db.read(), token, app.clock.now()).await?;
    app.write(&context.as_person(&account.id, account.role), async |tx| {
        accounts::lock(tx, &account.id).await?;
        let found = find_by_link(tx, token, tx.now()).await?;
        stop(tx, &found.account).await?;
        Ok(found.link.email)
    })
    .await
}

/// Stops the deletion, for the person who has logged in to keep the account.
pub async fn keep(app: &App, context: &Context, session: &Session) -> Result<()> {
    app.write(context, async |tx| {
        sessions::hold(tx, session).await?;
        let found = accounts::find(tx, &session.account).await?;
        stop(tx, &found.ok_or(Error::Conflict)?).await
    })
    .await
}

/// Stops the deletion of an account, for the operator. Returns `false` if there is no such account, or none is under way.
pub async fn stop_for(app: &App, context: &Context, email: &str) -> Result<bool> {
    let email = parse(email)?;
    app.write(context, async |tx| {
        let Some(found) = accounts::find_by_email(tx, &email.key()).await? else {
            return Ok(false);
        };
        accounts::lock(tx, &found.id).await?;
        let Some(account) = accounts::find(tx, &found.id).await? else {
            return Ok(false);
        };
        match stop(tx, &account).await {
            Ok(()) => Ok(true),
            Err(Error::LinkVoid) => Ok(false),
            Err(other) => Err(other),
        }
    })
    .await
}

/// Stops the deletion, if one was begun and is not final; the caller holds the account. `LinkVoid`: there is nothing to
/// stop. The status decides, not the clock alone: that of another node may be ahead, and has made the deletion final.
pub(super) async fn stop(tx: &Tx, account: &Account) -> Result<()> {
    let found = account_deletions::find(tx, &account.id).await?;
    if !found.is_some_and(|it| it.can_be_stopped(tx.now())) {
        return Err(Error::LinkVoid);
    }
    // The account of whoever is suspended was suspended when the deletion began, and stays so.
    if account.status != Status::Suspended
        && !accounts::update_status(tx, &account.id, Status::Leaving, Status::Active).await?
    {
        return Err(Error::LinkVoid);
    }
    account_deletions::delete(tx, &account.id).await?;
    account_changes::touch(tx, &account.id, tx.now()).await?;
    let event = Event::new(Action::DeletionStopped, format!("account:{}", account.id));
    tx.record(event).await?;
    let mail = DeletionMail {
        name: account.profile.full_name(),
        news: DeletionNews::Stopped { at: tx.now() },
    };
    for to in list_recipients(tx, account).await? {
        tx.mail_at(account, &to.email, &mail).await?;
    }
    Ok(())
}

/// Reminds the people whose account will be deleted within three days, each once, by a link of its own. Returns how
/// many. One who cannot be reminded keeps no other waiting.
pub async fn remind(app: &App) -> Result<usize> {
    let end = app.clock.now() + REMINDER;
    let (mut reminded, mut last) = (0, None);
    loop {
        let part = account_deletions::list_to_remind(app.db.read(), end, last.as_ref()).await?;
        for due in &part {
            if app.stopping.is_cancelled() {
                return Ok(reminded);
            }
            match remind_of(app, due).await {
                Ok(done) => reminded += usize::from(done),
                Err(error) => {
                    tracing::error!(account = due.account.as_str(), %error, "a person was not reminded");
                }
            }
        }
        last = part.into_iter().last();
        if last.is_none() {
            return Ok(reminded);
        }
    }
}

/// Reminds of one deletion, unless it was stopped since it was listed. One that was begun again since has its own time.
async fn remind_of(app: &App, due: &AccountDeletion) -> Result<bool> {
    app.write(&Context::system(), async |tx| {
        accounts::lock(tx, &due.account).await?;
        let found = account_deletions::find(tx, &due.account).await?;
        let is_open = found.is_some_and(|it| it == *due && it.can_be_stopped(tx.now()));
        let (true, Some(account)) = (is_open, accounts::find(tx, &due.account).await?) else {
            return Ok(false);
        };
        if !account_deletions::mark_reminded(tx, &due.account, tx.now()).await? {
            return Ok(false);
        }
        announce(tx, &account, due, DeletionNews::Reminder).await?;
        Ok(true)
    })
    .await
}
