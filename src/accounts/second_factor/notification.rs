//! Writes the mail about a change of second factors.

use crate::accounts::{Result, not_me_link};
use crate::app::Tx;
use crate::domain::account::Account;
use crate::domain::not_me::Cause;
use crate::templates::mails::{SecondFactorChange, SecondFactorChanged};

/// Mails the person about a change (security.md LG-4).
pub(super) async fn inform(tx: &Tx, account: &Account, change: SecondFactorChange) -> Result<()> {
    inform_about(tx, account, change, None).await
}

/// Mails the person about a change that concerns one passkey, by its name.
pub(super) async fn inform_about(
    tx: &Tx,
    account: &Account,
    change: SecondFactorChange,
    passkey: Option<&str>,
) -> Result<()> {
    let message = SecondFactorChanged {
        name: account.profile.full_name(),
        at: tx.now(),
        change,
        not_me: not_me_link::issue(tx, account, Cause::SecondFactor).await?,
        passkey: passkey.unwrap_or_default().to_owned(),
    };
    Ok(tx.mail(account, &message).await?)
}
