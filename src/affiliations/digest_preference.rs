//! Whether a holder of an office wants the weekly digest (`notifications::weekly_digest`): said by themselves or by an administrator,
//! or by the link of a mail without a login.

use super::Error;
use super::lifecycle::authority;
use crate::accounts;
use crate::accounts::stop_link::WEEKLY_DIGEST;
use crate::app::{App, Tx};
use crate::domain::actor::Context;
use crate::domain::event::{Action, Event};
use crate::domain::newsletter::StoppedBy;
use crate::domain::powers::Area;
use crate::domain::{AccountId, OrganizationId};
use crate::storage::{deputies, focal_points, weekly_digests};

/// Sends the digest to a Focal Point or deputy of the organization, or sends it no more. Does nothing if it is so.
pub async fn set(
    app: &App,
    context: &Context,
    organization: &OrganizationId,
    account: &AccountId,
    wanted: bool,
) -> Result<(), Error> {
    app.write(context, async |tx| {
        let actor = &tx.context().actor;
        authority::require_to_decide(tx, organization).await?;
        if actor.account() != Some(account) && !actor.administers(Area::Organizations) {
            return Err(Error::NotFound);
        }
        require_office(tx, organization, account).await?;
        if !wanted {
            return Ok(stop(tx, account, "page").await?);
        }
        if weekly_digests::resume(tx, account, tx.now()).await? {
            let event = Event::new(Action::WeeklyDigestResumed, format!("account:{account}"));
            tx.record(event).await?;
        }
        Ok(())
    })
    .await
}

/// Refuses an account that is neither Focal Point nor deputy of the organization, also in a term to come.
async fn require_office(tx: &Tx, organization: &OrganizationId, account: &AccountId) -> Result<(), Error> {
    let office = focal_points::find_of_account(tx, account).await?;
    let deputy = deputies::find_of_account(tx, account).await?;
    let holds = office.is_some_and(|it| it.organization == *organization)
        || deputy.is_some_and(|it| it.organization == *organization);
    if holds { Ok(()) } else { Err(Error::NotFound) }
}

async fn stop(tx: &Tx, account: &AccountId, how: &str) -> Result<(), sea_orm::DbErr> {
    if weekly_digests::stop(tx, account, tx.now()).await? {
        let event = Event::new(Action::WeeklyDigestStopped, format!("account:{account}"));
        tx.record(event.because(how)).await?;
    }
    Ok(())
}

/// Returns `true` if the account of the link wants the digest. `LinkVoid`: the link is none of ours.
pub async fn open(app: &App, token: &str) -> accounts::Result<bool> {
    let db = app.db.read();
    let account = WEEKLY_DIGEST.find(app, db, token).await?;
    let stopped = weekly_digests::list_stopped(db, std::slice::from_ref(&account.id)).await?;
    Ok(stopped.is_empty())
}

/// Stops the digest, for whoever has the link. A repeated press does nothing more.
pub async fn stop_by_link(app: &App, context: &Context, token: &str, by: StoppedBy) -> accounts::Result<()> {
    app.write(context, async |tx| {
        let account = WEEKLY_DIGEST.find(app, tx, token).await?;
        Ok(stop(tx, &account.id, by.as_str()).await?)
    })
    .await
}
