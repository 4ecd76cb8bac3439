//! Remembers the addresses that an account had, by the keyed digests under which tables know them: records and codes of a
//! former address belong to the person when the data is taken along or deleted, and no change keeps the address so long.
//! An address that becomes another account's is no longer a former one: what is held about it is that account's.

use super::{Result, known_browser, verification};
use crate::app::{App, Tx};
use crate::domain::account::{Account, EmailAddress};
use crate::storage::former_addresses;

/// Returns the digests under which tables know the address.
pub(super) fn labels(app: &App, email: &EmailAddress) -> Vec<String> {
    let mut labels = verification::labels(app, email).to_vec();
    labels.push(known_browser::label(app, &email.key()));
    labels
}

/// Remembers the address of the account, which gets a new one in this transaction.
pub(super) async fn replace(tx: &Tx, account: &Account, new: &EmailAddress) -> Result<()> {
    let present = labels(tx.app(), new);
    former_addresses::delete(tx, &present).await?;
    let mut former = labels(tx.app(), &account.email);
    // The same address with another tag has some labels in common.
    former.retain(|it| !present.contains(it));
    former_addresses::insert(tx, &account.id, &former).await?;
    Ok(())
}

/// Takes addresses for new accounts: nobody had them before.
pub(super) async fn take(tx: &Tx, emails: &[&EmailAddress]) -> Result<()> {
    let all: Vec<_> = emails.iter().flat_map(|it| labels(tx.app(), it)).collect();
    former_addresses::delete(tx, &all).await?;
    Ok(())
}
