//! What a session must have shown before second factors change in it (security.md SE-4).

use sea_orm::ConnectionTrait;

use super::status::reach_within;
use crate::accounts::{self, Error, Result, sessions};
use crate::domain::authentication::Acr;
use crate::domain::session::Session;
use crate::domain::{AccountId, Time};

/// What proves the person stays as it is until the transaction ends, and the session has shown what that asks for: a
/// factor may have come since the set-up began.
pub(super) async fn hold(
    tx: &impl ConnectionTrait,
    now: Time,
    session: &Session,
    account: &AccountId,
) -> Result<()> {
    sessions::hold(tx, now, session).await?;
    require_class(tx, session, account).await
}

async fn require_class(db: &impl ConnectionTrait, session: &Session, account: &AccountId) -> Result<()> {
    let reach = reach_within(db, account).await?;
    match session.acr() >= reach.min(Acr::SecondFactor) {
        true => Ok(()),
        false => Err(Error::ReauthenticationNeeded),
    }
}

/// SE-4, and a second factor if the account has one: who has only the password takes none away, and who has
/// lost one takes it away by another.
pub(super) async fn require_recent(
    db: &impl ConnectionTrait,
    session: &Session,
    account: &AccountId,
    now: Time,
) -> Result<()> {
    accounts::require_recent(session, now)?;
    require_class(db, session, account).await
}
