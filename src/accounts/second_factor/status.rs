//! The second factors that an account has, and the class of authentication that a login can reach with them.

use sea_orm::ConnectionTrait;

use crate::accounts::Result;
use crate::app::App;
use crate::config::Issuer;
use crate::domain::authentication::Acr;
use crate::domain::{AccountId, Time};
use crate::storage::{passkeys, second_factors};
use crate::webauthn;

/// Says which factors an account has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecondFactorStatus {
    pub totp_since: Option<Time>,
    pub passkeys: u64,
    pub recovery_codes: u64,
}

impl SecondFactorStatus {
    /// Returns `true` if a login asks for more than the password.
    pub fn is_on(&self) -> bool {
        self.totp_since.is_some() || self.passkeys > 0
    }

    /// Returns `true` if the person should generate new recovery codes.
    pub fn has_few_codes(&self) -> bool {
        self.is_on() && self.recovery_codes < ENOUGH_CODES
    }
}

/// With fewer recovery codes the person is asked to generate new ones.
const ENOUGH_CODES: u64 = 3;

pub async fn status(app: &App, account: &AccountId) -> Result<SecondFactorStatus> {
    let db = app.db.read();
    let totp = second_factors::find_totp(db, account).await?;
    Ok(SecondFactorStatus {
        totp_since: totp.map(|it| it.created_at),
        passkeys: passkeys::count(db, account).await?,
        recovery_codes: second_factors::count_codes(db, account).await?,
    })
}

/// Returns the highest class that any login here can reach.
pub fn highest_acr(issuer: &Issuer) -> Acr {
    match webauthn::rp_id(issuer) {
        Some(_) => Acr::Passkey,
        None => Acr::SecondFactor,
    }
}

/// Returns the highest class that a login of this person can reach.
pub async fn reachable_acr(app: &App, account: &AccountId) -> Result<Acr> {
    reachable_acr_within(app.db.read(), account).await
}

pub(in crate::accounts) async fn reachable_acr_within(
    db: &impl ConnectionTrait,
    account: &AccountId,
) -> Result<Acr> {
    if passkeys::count(db, account).await? > 0 {
        return Ok(Acr::Passkey);
    }
    Ok(match second_factors::find_totp(db, account).await? {
        Some(_) => Acr::SecondFactor,
        None => Acr::Password,
    })
}
