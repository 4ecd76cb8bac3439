//! Codes for the day when the app is lost: a list that is shown once, each valid for one login. They are kept as HMAC
//! under a key outside the database (security.md G-13).

use super::notification::inform;
use super::reauthentication;
use super::status::reachable_acr_within;
use crate::accounts::{Error, Result};
use crate::app::{App, Tx};
use crate::domain::AccountId;
use crate::domain::account::Account;
use crate::domain::actor::Context;
use crate::domain::authentication::Acr;
use crate::domain::event::{Action, Event};
use crate::domain::second_factor::{RECOVERY_CODES, recovery_code};
use crate::domain::session::Session;
use crate::random;
use crate::storage::second_factors;
use crate::templates::mails::SecondFactorChange;

fn digest(app: &App, account: &AccountId, code: &str) -> String {
    base16ct::lower::encode_string(
        &app.keys
            .hmac("recovery_code", format!("{account} {code}").as_bytes()),
    )
}

/// Makes a new list, which is shown once, and voids the old one.
pub(super) async fn replace(tx: &Tx, account: &AccountId) -> Result<Vec<String>> {
    let codes: Vec<String> = (0..RECOVERY_CODES)
        .map(|_| recovery_code(random::letters))
        .collect();
    let digests: Vec<String> = codes.iter().map(|it| digest(tx.app(), account, it)).collect();
    second_factors::replace_codes(tx, account, &digests).await?;
    Ok(codes)
}

/// Renews the list, for a person who has just been verified by all that the account asks for.
pub async fn renew(
    app: &App,
    context: &Context,
    account: &Account,
    session: &Session,
) -> Result<Vec<String>> {
    app.write(context, async |tx| {
        reauthentication::hold(tx, session).await?;
        reauthentication::require_recent(tx, session, tx.now()).await?;
        if reachable_acr_within(tx, &account.id).await? == Acr::Password {
            return Err(Error::Conflict);
        }
        let codes = replace(tx, &account.id).await?;
        let event = Event::new(Action::RecoveryCodesRenewed, format!("account:{}", account.id));
        tx.record(event).await?;
        inform(tx, account, SecondFactorChange::RecoveryCodesRenewed).await?;
        Ok(codes)
    })
    .await
}

/// Spends the code and mails the person. Returns `false` if it is not one of the list.
pub(super) async fn spend(tx: &Tx, account: &Account, code: &str) -> Result<bool> {
    if !second_factors::take_code(tx, &account.id, &digest(tx.app(), &account.id, code)).await? {
        return Ok(false);
    }
    let left = second_factors::count_codes(tx, &account.id).await?;
    let event = Event::new(Action::RecoveryCodeUsed, format!("account:{}", account.id));
    tx.record(event.because(format!("{left} left"))).await?;
    inform(tx, account, SecondFactorChange::RecoveryCodeUsed).await?;
    Ok(true)
}
