//! Requires of a session what a change of second factors needs (security.md SE-4).

use sea_orm::ConnectionTrait;

use super::status::reachable_acr_within;
use crate::accounts::{self, Error, Result, sessions};
use crate::app::Tx;
use crate::domain::Time;
use crate::domain::authentication::Acr;
use crate::domain::session::Session;

/// Holds the account's factors until the transaction ends, and refuses a session that has presented less than they ask
/// for: a factor may have come since the set-up began.
pub(in crate::accounts) async fn hold(tx: &Tx, session: &Session) -> Result<()> {
    sessions::hold(tx, session).await?;
    require_class(tx, session).await
}

async fn require_class(db: &impl ConnectionTrait, session: &Session) -> Result<()> {
    let reach = reachable_acr_within(db, &session.account).await?;
    if session.acr() < reach.min(Acr::SecondFactor) {
        return Err(Error::ReauthenticationNeeded);
    }
    Ok(())
}

/// Requires a recent login (SE-4), and a second factor if the account has one: a person who has only the password takes
/// none away, and a person who has lost one takes it away by another.
pub(in crate::accounts) async fn require_recent(
    db: &impl ConnectionTrait,
    session: &Session,
    now: Time,
) -> Result<()> {
    accounts::require_recent(session, now)?;
    require_class(db, session).await
}
