//! Writes what every set-up and every removal of a second factor writes. `totp` and `passkey` call it.

use serde_json::json;

use super::failures::forgive;
use super::notification::inform;
use super::status::reachable_acr_within;
use super::{policy, recovery_code};
use crate::accounts::sessions::{self, Started};
use crate::accounts::{Error, Result};
use crate::app::{App, Tx};
use crate::domain::account::{Account, EmailAddress};
use crate::domain::actor::Context;
use crate::domain::authentication::{Acr, Factor, SecondProof};
use crate::domain::event::{Action, Event};
use crate::domain::session::Session;
use crate::storage::{accounts, passkeys, second_factors};
use crate::templates::mails::SecondFactorChange;

/// Holds what the set-up of a factor made.
#[derive(Debug)]
pub struct Enrolled {
    /// The recovery codes, made with the first factor and shown this once.
    pub recovery_codes: Option<Vec<String>>,
    /// The session, in which the factor is verified now.
    pub started: Started,
}

pub(super) async fn added(
    tx: &Tx,
    account: &Account,
    session: &Session,
    factor: Factor,
    change: SecondFactorChange,
) -> Result<Enrolled> {
    forgive(tx, &account.id).await?;
    policy::met(tx, &account.id).await?;
    let recovery_codes = match second_factors::count_codes(tx, &account.id).await? {
        0 => Some(recovery_code::replace(tx, &account.id).await?),
        _ => None,
    };
    let event = Event::new(Action::SecondFactorAdded, format!("account:{}", account.id));
    tx.record(event.because(factor.as_str())).await?;
    inform(tx, account, change).await?;
    let proof = SecondProof { factor, at: tx.now() };
    let started = sessions::raise(tx, session, proof).await?;
    Ok(Enrolled {
        recovery_codes,
        started,
    })
}

/// Records that `what` was taken away: one factor, or all of these. Deletes the recovery codes with the last factor.
pub(super) async fn removed(
    tx: &Tx,
    account: &Account,
    what: &str,
    all: &[Factor],
    change: SecondFactorChange,
) -> Result<()> {
    let was_last = reachable_acr_within(tx, &account.id).await? == Acr::Password;
    if was_last {
        second_factors::delete_codes(tx, &account.id).await?;
        forgive(tx, &account.id).await?;
    }
    let mut event = Event::new(Action::SecondFactorRemoved, format!("account:{}", account.id)).because(what);
    if !all.is_empty() {
        let removed: Vec<&str> = all.iter().map(|it| it.as_str()).collect();
        event = event.with(json!({ "removed": removed }));
    }
    tx.record(event).await?;
    let change = if was_last {
        SecondFactorChange::TurnedOff
    } else {
        change
    };
    inform(tx, account, change).await
}

/// Removes all factors and codes, for the operator, whom the person has convinced. Returns `false` if there was none.
pub async fn remove_for(app: &App, context: &Context, email: &str) -> Result<bool> {
    let email = EmailAddress::parse(email).map_err(|_| Error::field("email", "error.email"))?;
    app.write(context, async |tx| {
        match accounts::find_by_email(tx, &email.key()).await? {
            Some(account) => remove_all(tx, &account).await,
            None => Ok(false),
        }
    })
    .await
}

/// Removes all factors and codes within a unit of work that does more.
pub(in crate::accounts) async fn remove_all(tx: &Tx, account: &Account) -> Result<bool> {
    accounts::lock(tx, &account.id).await?;
    let had_app = second_factors::delete_totp(tx, &account.id).await?;
    let had_passkeys = passkeys::delete_all(tx, &account.id).await? > 0;
    if had_app || had_passkeys {
        let held = [(had_app, Factor::Totp), (had_passkeys, Factor::Passkey)];
        let all: Vec<Factor> = held.into_iter().filter(|it| it.0).map(|it| it.1).collect();
        removed(tx, account, "all", &all, SecondFactorChange::TurnedOff).await?;
    }
    Ok(had_app || had_passkeys)
}
