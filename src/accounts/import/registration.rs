//! Makes the accounts of records, and remembers the address of each record by a keyed digest: whatever becomes of account
//! and address afterwards, the same record makes no second account. Parallel imports, sign-ups and changes of an address
//! may meet it; each record then finds what they made.

use std::collections::{HashMap, HashSet};

use sea_orm::ConnectionTrait;

use super::record::Record;
use crate::accounts::{Error, Result, foreign_hash, former_addresses};
use crate::app::{App, Tx};
use crate::domain::AccountId;
use crate::domain::account::{EmailAddress, UniqueKey};
use crate::storage::accounts::NewAccount;
use crate::storage::imported_accounts;
use crate::storage::imported_addresses::{self, ImportedAddress};

/// The state of a record before it is applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// There is no account, nor was there one.
    New,
    /// The address has an account that no file was about until now.
    HasAccount,
    /// A file had the address before: its account exists, or it existed.
    Exists,
    /// This import made the account.
    Imported,
}

/// Returns the states of the records, in their order.
pub async fn find_states(
    app: &App,
    db: &impl ConnectionTrait,
    import: &str,
    records: &[&Record],
) -> Result<Vec<State>> {
    let digests: Vec<String> = records.iter().map(|it| digest_of(app, it)).collect();
    let there = by_digest(imported_addresses::list(db, &digests).await?);
    let holders = imported_accounts::list_holders(db, &unique_keys(records)).await?;
    let states = records.iter().zip(&digests).map(|(record, digest)| {
        let key = record.account.email.unique_key();
        match there.get(digest) {
            Some(address) if address.import.as_deref() == Some(import) => State::Imported,
            Some(_) => State::Exists,
            None if holders.contains_key(key.as_str()) => State::HasAccount,
            None => State::New,
        }
    });
    Ok(states.collect())
}

/// Makes the accounts of `new`, but where one exists by now, and remembers the addresses of all. Returns the accounts
/// that were made. They are invited once the operator says so (`invitations`).
pub async fn register(
    tx: &Tx,
    import: &str,
    new: &[&Record],
    with_account: &[&Record],
) -> Result<HashSet<AccountId>> {
    let accounts = new
        .iter()
        .map(|it| new_account(tx, it))
        .collect::<Result<Vec<_>>>()?;
    imported_accounts::insert_new(tx, accounts).await?;
    let all: Vec<&Record> = new.iter().chain(with_account).copied().collect();
    let holders = imported_accounts::list_holders(tx, &unique_keys(&all)).await?;
    let addresses: Vec<_> = all
        .iter()
        .map(|record| {
            let holder = holders.get(record.account.email.unique_key().as_str());
            let is_made = holder == Some(&record.account.id);
            ImportedAddress {
                digest: digest_of(tx.app(), record),
                account: holder.cloned(),
                import: is_made.then(|| import.to_owned()),
            }
        })
        .collect();
    let mut made: HashSet<AccountId> = addresses
        .iter()
        .filter(|it| it.import.is_some())
        .filter_map(|it| it.account.clone())
        .collect();
    let remembered = imported_addresses::insert_new(tx, &addresses, tx.now()).await?;
    if remembered < addresses.len() as u64 {
        // Another import has had an address since it was looked for, and its account has got another address by now.
        let digests: Vec<_> = addresses.iter().map(|it| it.digest.clone()).collect();
        let there = by_digest(imported_addresses::list(tx, &digests).await?);
        let is_of_another = |it: &&ImportedAddress| {
            let of = there.get(&it.digest).and_then(|it| it.account.as_ref());
            of != it.account.as_ref()
        };
        let twice: Vec<AccountId> = addresses
            .iter()
            .filter(is_of_another)
            .filter_map(|it| it.account.clone().filter(|id| made.contains(id)))
            .collect();
        imported_accounts::delete_inserted(tx, &twice).await?;
        made.retain(|it| !twice.contains(it));
    }
    let of_made = new.iter().filter(|it| made.contains(&it.account.id));
    let emails: Vec<_> = of_made.map(|it| &it.account.email).collect();
    former_addresses::take(tx, &emails).await?;
    Ok(made)
}

/// Returns `true` if the import made an account of this database.
pub async fn has_made_accounts(app: &App, import: &str) -> Result<bool> {
    Ok(imported_addresses::is_any_of(app.db.read(), import).await?)
}

fn new_account(tx: &Tx, record: &Record) -> Result<NewAccount> {
    let hash = record.password_hash.as_deref();
    let password_hash = hash.map(|it| foreign_hash::store(tx.app(), it)).transpose();
    Ok(NewAccount {
        account: record.account.clone(),
        password_hash: password_hash.map_err(Error::failed)?,
        terms_accepted_at: None,
        imported_at: Some(tx.now()),
    })
}

fn digest_of(app: &App, record: &Record) -> String {
    digest(app, &record.account.email)
}

/// Returns the name of an address among those of the files. The key is not in the database: nobody finds out from a row
/// whose it is, nor tries addresses.
fn digest(app: &App, email: &EmailAddress) -> String {
    let digest = app
        .keys
        .hmac("imported-address", email.unique_key().as_str().as_bytes());
    base16ct::lower::encode_string(&digest[..16])
}

fn unique_keys(records: &[&Record]) -> Vec<UniqueKey> {
    records.iter().map(|it| it.account.email.unique_key()).collect()
}

fn by_digest(addresses: Vec<ImportedAddress>) -> HashMap<String, ImportedAddress> {
    addresses.into_iter().map(|it| (it.digest.clone(), it)).collect()
}
