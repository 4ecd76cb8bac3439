//! Lists the second factors of an account, and voids recovery codes that somebody else may have generated.

use sea_orm::ConnectionTrait;

use crate::accounts::Result;
use crate::app::Tx;
use crate::domain::authentication::Factor;
use crate::domain::event::Action;
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

/// Voids the recovery codes if they were replaced since then: whoever did it has read them. Factors stay, whoever added
/// them: reading the mail is not enough to remove one (security.md PW-5, PW-10).
pub(in crate::accounts) async fn void_renewed_codes(tx: &Tx, account: &AccountId, since: Time) -> Result<()> {
    if codes_renewed_since(tx, account, since).await? {
        second_factors::delete_codes(tx, account).await?;
    }
    Ok(())
}
