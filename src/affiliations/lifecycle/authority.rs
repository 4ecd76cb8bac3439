//! Who may act for an organization: its Focal Points, and administrators for all. Whoever may not is
//! told that there is nothing (security.md G-4).

use sea_orm::ConnectionTrait;

use crate::affiliations::Error;
use crate::domain::actor::{Actor, Context};
use crate::domain::affiliation::{Capacity, Decision};
use crate::domain::profile::FieldErrors;
use crate::domain::{OrganizationId, Time, text};
use crate::storage::focal_points;

/// As what the actor acts for the organization, relied on until the transaction ends.
pub async fn over(
    tx: &impl ConnectionTrait,
    context: &Context,
    organization: &OrganizationId,
) -> Result<Capacity, Error> {
    if context.actor.is_administrator() {
        return of_administrators(context);
    }
    let Some(account) = context.actor.account() else {
        return Err(Error::NotFound);
    };
    match focal_points::find_of_account_to_rely_on(tx, account).await? {
        Some(it) if it.organization == *organization => Ok(Capacity::FocalPoint),
        _ => Err(Error::NotFound),
    }
}

/// The same for looking on: nothing is kept from changing.
pub async fn to_see(
    db: &impl ConnectionTrait,
    context: &Context,
    organization: &OrganizationId,
) -> Result<Capacity, Error> {
    if context.actor.is_administrator() {
        return of_administrators(context);
    }
    match organization_of(db, context).await? {
        Some(own) if own == *organization => Ok(Capacity::FocalPoint),
        _ => Err(Error::NotFound),
    }
}

pub fn of_administrators(context: &Context) -> Result<Capacity, Error> {
    match &context.actor {
        Actor::System => Ok(Capacity::System),
        actor if actor.is_administrator() => Ok(Capacity::Administrator),
        _ => Err(Error::NotFound),
    }
}

/// The organization that the actor looks after as Focal Point, if any: what the pages of Focal Points
/// are about.
pub async fn organization_of(
    db: &impl ConnectionTrait,
    context: &Context,
) -> Result<Option<OrganizationId>, Error> {
    let Some(account) = context.actor.account() else {
        return Ok(None);
    };
    let found = focal_points::find_of_account(db, account).await?;
    Ok(found.map(|it| it.organization))
}

/// Who names or removes a Focal Point has proved lately who they are (security.md SE-4).
pub fn recent(context: &Context, now: Time) -> Result<(), Error> {
    match context.is_recent(now) {
        true => Ok(()),
        false => Err(Error::ReauthenticationNeeded),
    }
}

pub fn decision(context: &Context, now: Time, capacity: Capacity, reason: Option<String>) -> Decision {
    Decision {
        at: now,
        by: context.actor.account().cloned(),
        capacity,
        reason,
    }
}

/// Longest reason, in characters (contract.md).
pub const LONGEST_REASON: usize = 1000;

/// What was typed as reason: several lines are fine, nothing is none.
pub fn reason(typed: &str) -> Result<Option<String>, Error> {
    match text::prose(typed, LONGEST_REASON) {
        Ok(text) => Ok((!text.is_empty()).then_some(text)),
        Err(refused) => Err(Error::Invalid(FieldErrors::from([("reason", refused.message())]))),
    }
}
