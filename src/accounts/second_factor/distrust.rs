//! Removes the second factors that were added to an account while somebody else may have been in it. `accounts::not_me`
//! and `accounts::email_undo` call it.

use sea_orm::ConnectionTrait;

use super::failures::forgive;
use super::status::reachable_acr_within;
use crate::accounts::Result;
use crate::app::Tx;
use crate::domain::account::Account;
use crate::domain::authentication::{Acr, Factor};
use crate::domain::event::{Action, Event};
use crate::domain::{AccountId, Time};
use crate::storage::events::{self, OfPerson};
use crate::storage::{passkeys, second_factors};

/// A second factor that an account has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldFactor {
    pub factor: Factor,
    pub added_at: Time,
}

/// Lists the second factors of the account, the first one first. Recovery codes are none of their own.
pub(in crate::accounts) async fn list_held(
    db: &impl ConnectionTrait,
    account: &AccountId,
) -> Result<Vec<HeldFactor>> {
    let app = second_factors::find_totp(db, account).await?;
    let app = app.map(|it| HeldFactor {
        factor: Factor::Totp,
        added_at: it.created_at,
    });
    let passkeys = passkeys::list_of_account(db, account).await?;
    let passkeys = passkeys.into_iter().map(|it| HeldFactor {
        factor: Factor::Passkey,
        added_at: it.created_at,
    });
    let mut held: Vec<_> = app.into_iter().chain(passkeys).collect();
    held.sort_by_key(|it| it.added_at);
    Ok(held)
}

/// Returns `true` if the account's recovery codes were replaced since then: whoever did it has read them.
pub(in crate::accounts) async fn codes_renewed_since(
    db: &impl ConnectionTrait,
    account: &AccountId,
    since: Time,
) -> Result<bool> {
    let which = OfPerson {
        account,
        since,
        actions: &[Action::RecoveryCodesRenewed],
    };
    let renewed = events::count_of_person(db, which).await? > 0;
    Ok(renewed && second_factors::count_codes(db, account).await? > 0)
}

/// Removes the factors that were added since then, and records each. The recovery codes go if they were replaced since
/// then, or with the last factor.
pub(in crate::accounts) async fn remove_added_since(tx: &Tx, account: &Account, since: Time) -> Result<()> {
    let held = list_held(tx, &account.id).await?;
    let codes_renewed = codes_renewed_since(tx, &account.id, since).await?;
    passkeys::delete_added_since(tx, &account.id, since).await?;
    for added in held.into_iter().filter(|it| it.added_at >= since) {
        if added.factor == Factor::Totp {
            second_factors::delete_totp(tx, &account.id).await?;
        }
        let event = Event::new(Action::SecondFactorRemoved, format!("account:{}", account.id));
        tx.record(event.because(added.factor.as_str())).await?;
    }
    let is_bare = reachable_acr_within(tx, &account.id).await? == Acr::Password;
    if codes_renewed || is_bare {
        second_factors::delete_codes(tx, &account.id).await?;
    }
    forgive(tx, &account.id).await
}
