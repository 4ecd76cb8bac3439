//! Change of the password, and what ends with the old one (security.md PW-6).

use super::{
    Error, NewPassword, Result, address_label, known_browser, new_password, not_me_link, require_recent,
    second_factor, sessions,
};
use crate::app::{App, Tx};
use crate::domain::account::Account;
use crate::domain::actor::Context;
use crate::domain::event::{self, Action, Event};
use crate::domain::not_me::Cause;
use crate::domain::profile::FieldErrors;
use crate::domain::session::Session;
use crate::domain::{SessionId, Time};
use crate::storage::events::{self, OfPerson};
use crate::storage::{
    accounts, email_changes, email_codes, login_throttles, passkeys, password_resets, pending_signups,
    refresh_tokens,
};
use crate::templates::mails;

/// Changes the password, for a person who was just verified again (SE-4). Their session goes on, all others end.
pub async fn change(
    app: &App,
    context: &Context,
    account: &Account,
    session: &Session,
    new: NewPassword<'_>,
) -> Result<()> {
    require_recent(session, app.clock.now())?;
    let mut errors = FieldErrors::new();
    let names = [
        account.profile.first_name.as_str(),
        account.profile.last_name.as_str(),
    ];
    let new = new.choose(app, &mut errors, Some(&account.email), &names);
    let new = match new {
        Some(new) if errors.is_empty() => new,
        _ => return Err(Error::Fields(errors)),
    };
    let hash = new_password::hash(app, &new).await?;
    app.write(context, async |tx| {
        sessions::hold(tx, session).await?;
        accounts::update_password(tx, &account.id, &hash).await?;
        revoke_access(tx, account, Some(&session.id)).await?;
        let event = Event::new(Action::PasswordChanged, format!("account:{}", account.id));
        tx.record(event).await?;
        let message = mails::PasswordChanged {
            name: account.profile.full_name(),
            at: tx.now(),
            not_me: not_me_link::issue(tx, account, Cause::PasswordChanged).await?,
        };
        Ok(tx.mail(account, &message).await?)
    })
    .await
}

/// Takes the password away and ends all access: the account opens again with a new password alone, which a link by mail
/// sets. A passkey counts again once that password was beside it, for somebody with the old one may have made it.
pub(super) async fn disable(tx: &Tx, account: &Account) -> Result<()> {
    accounts::delete_password(tx, &account.id).await?;
    passkeys::update_counts_alone(tx, &account.id, None, false).await?;
    revoke_access(tx, account, None).await
}

/// Ends every other session, every refresh token, every code and link by mail, every pending sign-up of the address,
/// the pending change of the address, and the count of failures (security.md PW-6). Other codes and interactions are valid only while their session is.
pub(super) async fn revoke_access(tx: &Tx, account: &Account, but: Option<&SessionId>) -> Result<()> {
    sessions::end_all_but(tx, &account.id, but, "password").await?;
    refresh_tokens::end_refresh_tokens_of_account(tx, &account.id, tx.now()).await?;
    void_codes_and_links(tx, account).await
}

/// Ends what waits for a code or a link: logins that are to be verified, a change of the address, links for a new
/// password, sign-ups of the address; and forgets the failures.
pub(super) async fn void_codes_and_links(tx: &Tx, account: &Account) -> Result<()> {
    email_codes::void(tx, account.id.as_str()).await?;
    email_changes::delete_pending(tx, &account.id).await?;
    password_resets::void_of_account(tx, &account.id).await?;
    password_resets::void_of_address(tx, &address_label(tx.app(), &account.email.unique_key())).await?;
    pending_signups::delete_all_but(tx, &account.email.unique_key(), 0).await?;
    login_throttles::delete_of(tx, &known_browser::label(tx.app(), &account.email.key())).await?;
    Ok(())
}

/// Returns the time of the last change of the password, by the person or by a link by mail: that of the account if it was
/// never changed here. `None`: longer ago than the audit trail reaches.
pub async fn last_changed(app: &App, account: &Account) -> Result<Option<Time>> {
    let which = OfPerson {
        account: &account.id,
        since: account.created_at,
        actions: &[Action::PasswordChanged, Action::PasswordReset],
    };
    let newest = events::list_of_person(app.db.read(), which, 0, 1).await?;
    let is_recent = |at: &Time| app.clock.now() - *at < event::KEPT;
    Ok(newest
        .first()
        .map(|it| it.at)
        .or_else(|| Some(account.created_at).filter(is_recent)))
}

/// Forgets failures and waits, for the operator, so that password and codes work again. Returns `false` if there is no
/// account.
pub async fn unlock(app: &App, context: &Context, email: &str) -> Result<bool> {
    let email = crate::domain::account::EmailAddress::parse(email)
        .map_err(|_| Error::field("email", "error.email"))?;
    app.write(context, async |tx| {
        let Some(account) = accounts::find_by_email(tx, &email.key()).await? else {
            return Ok(false);
        };
        forget_failures(tx, &account).await?;
        Ok(true)
    })
    .await
}

/// Forgets failures and waits of an account.
pub(super) async fn forget_failures(tx: &Tx, account: &Account) -> Result<()> {
    login_throttles::delete_of(tx, &known_browser::label(tx.app(), &account.email.key())).await?;
    second_factor::forgive(tx, &account.id).await?;
    let event = Event::new(Action::AccountUnlocked, format!("account:{}", account.id));
    Ok(tx.record(event).await?)
}
