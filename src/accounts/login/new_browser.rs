//! Mails a person about a login with a browser that is new to the account.

use chrono::Duration;

use crate::accounts::{Result, not_me_link};
use crate::app::Tx;
use crate::domain::account::Account;
use crate::domain::browser::browser_in_words;
use crate::domain::not_me::Cause;
use crate::places;
use crate::storage::accounts;
use crate::templates::mails;

/// Mails the person, at most once an hour for each account (LG-4).
pub(super) async fn notify(tx: &Tx, account: &Account) -> Result<()> {
    if !accounts::update_new_browser_mailed(tx, &account.id, tx.now() - Duration::hours(1), tx.now()).await? {
        return Ok(());
    }
    let message = mails::NewSignIn {
        name: account.profile.full_name(),
        at: tx.now(),
        browser: browser_in_words(&tx.context().user_agent),
        place: places::of(&tx.context().network),
        network: tx.context().network.clone(),
        not_me: not_me_link::issue(tx, account, Cause::NewBrowser).await?,
    };
    Ok(tx.mail(account, &message).await?)
}
