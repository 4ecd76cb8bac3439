//! Ends all access to an account that somebody else may have been in, for whoever reads the mail of its address: what
//! `not_me` and `email_undo` have in common. Second factors stay, as with a reset link: a mailbox alone never opens an
//! account that has one.

use super::{Result, deletion, password, second_factor, sessions, staff, suspension};
use crate::app::Tx;
use crate::domain::Time;
use crate::domain::account::Account;
use crate::domain::email_change::EmailChange;
use crate::domain::event::{Action, Event};
use crate::storage::{accounts, consents, email_changes, not_me_links};
use crate::templates::mails;

/// Why an account is suspended whose former address is another account's: for the staff, who read it on its page.
const DISPUTED: &str =
    "Reported from a former address of the account, which is the address of another account by now.";

/// Ends sessions, tokens, offline access, the password and a deletion, spends the links *This was not me*, and voids the
/// recovery codes that were generated since. The caller holds the account.
pub(super) async fn secure(tx: &Tx, account: &Account, since: Time) -> Result<()> {
    // Whoever was in the account may have begun to delete it, too.
    if account.is_leaving() {
        deletion::stop(tx, account).await?;
    }
    sessions::end_all_but(tx, &account.id, None, "not_me").await?;
    password::disable(tx, account).await?;
    consents::end_offline_access(tx, &account.id).await?;
    not_me_links::spend_others(tx, &account.id, tx.now()).await?;
    second_factor::void_renewed_codes(tx, &account.id, since).await?;
    second_factor::forgive(tx, &account.id).await
}

/// Secures an account whose former address has become another account's: nothing is restored, and no link for a new
/// password is made, since it would go to whoever moved the address away. The links of that change and of all since are
/// void. The account is suspended, since whoever reads the present address could set a new password: the ServiceDesk finds
/// out whose it is. The present address is told, in case it is the person's: the mail and the page lead both there.
///
/// The last active administrator is not suspended (security.md AD-1): a link in a mail would close the administration.
pub(super) async fn secure_without_address(
    tx: &Tx,
    account: &Account,
    change: &EmailChange,
    since: Time,
    cause: &str,
) -> Result<()> {
    email_changes::void_undo_since(tx, &account.id, change.since()).await?;
    secure(tx, account, since).await?;
    let event = Event::new(Action::AccountSecured, format!("account:{}", account.id));
    tx.record(event.because(cause)).await?;
    // A deletion that was stopped has changed its status meanwhile.
    let now = accounts::find(tx, &account.id).await?;
    if let Some(account) = now.filter(Account::may_log_in) {
        if staff::is_last_administrator(tx, &account).await? {
            let account = account.id.as_str();
            tracing::error!(
                account,
                "the last administrator is reported from a former address, and not suspended"
            );
        } else {
            suspension::place(tx, &account, DISPUTED).await?;
        }
    }
    let mail = mails::AccountSecured {
        name: account.profile.full_name(),
        at: tx.now(),
        token: None,
        added: vec![],
        earlier: vec![],
        voids_codes: false,
    };
    tx.mail(account, &mail).await?;
    Ok(())
}
