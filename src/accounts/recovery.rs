//! Forgotten password: a link of 256 bits, 30 minutes, one use, the newest only (security.md PW-5). It also verifies
//! the address, and an account taken over from the former platform gets its password by it.

use chrono::Duration;
use serde_json::json;

use super::{
    Error, NewPassword, Result, address_label, deletion, effort, mail_link, new_password, not_me_link,
    password,
};
use crate::app::{App, Tx};
use crate::domain::Time;
use crate::domain::account::{Account, EmailAddress};
use crate::domain::actor::{Actor, Context};
use crate::domain::event::{Action, Event};
use crate::domain::not_me::Cause;
use crate::domain::profile::{FieldErrors, Language};
use crate::domain::secret::Digest;
use crate::limits::Limit;
use crate::mail::Recipient;
use crate::proof_of_work::Effort;
use crate::storage::password_resets::{self, PasswordReset};
use crate::storage::{Reads, accounts, not_me_links, passkeys};
use crate::templates::mails;

/// Marks the kind of the token (security.md G-7).
const PREFIX: &str = "pr_";

/// A request for a link, as it was typed.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    pub email: &'a str,
    pub language: Language,
    /// The interrupted authorization request, to be given back at the end.
    pub resume: Option<&'a str>,
    /// The proof of work that came with the form.
    pub effort: Effort,
    /// The field that no person sees was filled in: the request looks like any other, and no mail leaves (DS-6).
    pub is_decoy: bool,
}

impl<'a> Request<'a> {
    /// Returns a request that no form of ours has made.
    pub fn of(email: &'a str) -> Self {
        Self {
            email,
            language: Language::En,
            resume: None,
            effort: Effort::NotRequired,
            is_decoy: false,
        }
    }
}

/// Mails a link to set a new password. Writes one row and one mail for every address (SU-1). The mail goes to the
/// stored address of the account that logs in with the one that was typed, or says to the latter that there is no
/// account (SU-2).
///
/// Returns how long the mail waits.
pub async fn request(app: &App, context: &Context, request: Request<'_>) -> Result<Duration> {
    let Request { email, language, .. } = request;
    let key = if email.trim().is_empty() {
        "error.required"
    } else {
        "error.email"
    };
    let email = EmailAddress::parse(email).map_err(|_| Error::field("email", key))?;
    let label = address_label(app, &email.unique_key());
    // The operator at the console answers the telephone, and is no stranger.
    if !matches!(context.actor, Actor::Operator) {
        app.limits
            .count(Limit::PasswordResetNetwork, &context.network)
            .await?;
        app.limits.count(Limit::PasswordReset, &label).await?;
    }
    let delay = effort::mail_delay(app, context, request.effort).await?;
    if request.is_decoy {
        refuse_decoy(app, context, &label).await?;
        return Ok(delay);
    }

    app.write(context, async |tx| {
        let account = accounts::find_by_email(tx, &email.key()).await?;
        let account = account.filter(|it| !it.is_deleted());
        let row = PasswordReset {
            account: account.as_ref().map(|it| it.id.clone()),
            address: label.clone(),
            resume: request.resume.map(str::to_owned),
            created_at: tx.now(),
        };
        let token = issue(tx, row).await?;
        let object = match &account {
            Some(account) => {
                let message = mails::PasswordReset {
                    name: account.profile.full_name(),
                    token,
                };
                tx.mail_later(account.into(), &message, delay).await?;
                format!("account:{}", account.id)
            }
            None => {
                let nobody = Recipient {
                    email: &email,
                    language,
                    account: None,
                };
                tx.mail_later(nobody, &mails::NoAccount {}, delay).await?;
                format!("address:{label}")
            }
        };
        let work = json!({"work": request.effort.as_str()});
        tx.record(Event::new(Action::ResetRequested, object).with(work))
            .await?;
        Ok(delay)
    })
    .await
}

/// Records that a program asked. No link is made, and the one that was mailed before stays valid.
async fn refuse_decoy(app: &App, context: &Context, label: &str) -> Result<()> {
    app.write(context, async |tx| {
        let event = Event::new(Action::ResetRequested, format!("address:{label}"));
        tx.record(event.failed("decoy field filled in")).await?;
        Ok(())
    })
    .await
}

/// Makes a link, which voids the one before, and returns its token.
async fn issue(tx: &Tx, reset: PasswordReset) -> Result<String> {
    let token = mail_link::token(PREFIX);
    password_resets::void_of_address(tx, &reset.address).await?;
    password_resets::insert(tx, &Digest::of(token.as_bytes()), reset).await?;
    Ok(token)
}

/// Makes a link for an account whose password was taken away, and returns its token: the caller mails it.
pub(super) async fn begin(tx: &Tx, account: &Account) -> Result<String> {
    let reset = PasswordReset {
        account: Some(account.id.clone()),
        address: address_label(tx.app(), &account.email.unique_key()),
        resume: None,
        created_at: tx.now(),
    };
    issue(tx, reset).await
}

/// Returns whose link this is, while it is valid, for the form and its rules. Does not spend it.
pub async fn open(app: &App, token: &str) -> Result<Account> {
    let (account, _) = find(app, app.db.read(), token).await?;
    Ok(account)
}

async fn find(app: &App, db: &impl Reads, token: &str) -> Result<(Account, PasswordReset)> {
    let lifetime = Duration::from_std(app.config.accounts.password_reset).unwrap_or(Duration::minutes(30));
    let now: Time = app.clock.now();
    let digest = mail_link::digest(PREFIX, token)?;
    let reset = password_resets::find_open(db, &digest)
        .await?
        .filter(|it| now - it.created_at < lifetime)
        .ok_or(Error::LinkVoid)?;
    let id = reset.account.as_ref().ok_or(Error::LinkVoid)?;
    Ok((deletion::find_account(db, id).await?, reset))
}

/// Says what a reset leads back to.
#[derive(Debug)]
pub struct Done {
    pub account: Account,
    /// The interrupted authorization request.
    pub resume: Option<String>,
}

/// Spends the link and sets the password; of any number of parallel uses, one succeeds.
pub async fn complete(app: &App, context: &Context, token: &str, new: NewPassword<'_>) -> Result<Done> {
    let (account, _) = find(app, app.db.read(), token).await?;
    let mut errors = FieldErrors::new();
    let names = [
        account.profile.first_name.as_str(),
        account.profile.last_name.as_str(),
    ];
    let Some(new) = new.choose(app, &mut errors, Some(&account.email), &names) else {
        return Err(Error::Fields(errors));
    };
    let hash = new_password::hash(app, &new).await?;

    app.write(&context.as_person(&account.id, account.role), async |tx| {
        let (account, reset) = find(app, tx, token).await?;
        if !password_resets::spend(tx, &mail_link::digest(PREFIX, token)?).await? {
            return Err(Error::LinkVoid);
        }
        accounts::update_password(tx, &account.id, &hash).await?;
        // A person who has the link reads the mail of this address.
        accounts::update_email_verified(tx, &account.id, tx.now()).await?;
        password::revoke_access(tx, &account, None).await?;
        // Somebody with the old password may have made one: it counts again once the new one was beside it.
        passkeys::update_counts_alone(tx, &account.id, None, false).await?;
        let event = Event::new(Action::PasswordReset, format!("account:{}", account.id));
        tx.record(event).await?;
        // Whoever reads the mail of the address has the account in hand again: older links are not needed any more.
        not_me_links::void_of_account(tx, &account.id).await?;
        let message = mails::PasswordChanged {
            name: account.profile.full_name(),
            at: tx.now(),
            not_me: not_me_link::issue(tx, &account, Cause::PasswordChanged).await?,
        };
        tx.mail(&account, &message).await?;
        Ok(Done {
            account,
            resume: reset.resume,
        })
    })
    .await
}
