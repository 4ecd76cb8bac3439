//! Writes the mail about a change of second factors.

use crate::accounts::Result;
use crate::app::Tx;
use crate::domain::account::Account;
use crate::templates::mails::{SecondFactorChange, SecondFactorChanged};

/// Mails the person about a change (security.md LG-4).
pub(super) async fn inform(tx: &Tx, account: &Account, change: SecondFactorChange) -> Result<()> {
    let message = SecondFactorChanged {
        name: account.profile.full_name(),
        at: tx.now(),
        change,
    };
    Ok(tx.mail(account, &message).await?)
}
