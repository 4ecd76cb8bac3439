//! Finds the account that the operator names.

use anyhow::bail;

use super::errors::in_words;
use crate::accounts::administrators::{self, Found};
use crate::app::App;
use crate::domain::account::{Account, EmailAddress};

/// Returns the account of the address as it is written.
pub(super) async fn named(app: &App, email: &str) -> anyhow::Result<Account> {
    match administrators::find(app, email).await.map_err(in_words)? {
        Found::Account(account) => Ok(*account),
        Found::HeldAs(held) => Err(held_as(&held)),
        Found::Nobody => bail!("there is no account with this address"),
    }
}

/// Returns the refusal of SU-2: the operator names the account as it is, or does nothing to it.
pub(super) fn held_as(email: &EmailAddress) -> anyhow::Error {
    let email = email.as_str();
    anyhow::anyhow!(
        "there is no account with this address; the one of {email} keeps a second from being made"
    )
}
