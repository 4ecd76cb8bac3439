//! Decides who may act for an organization: its Focal Points, and administrators for all. Every function by which
//! somebody acts for an organization, or sees its people, asks here first. A person's own affiliation is checked in
//! `requests` and `withdrawal`. Whoever may not gets *not found*, as if there were nothing (security.md G-4). Which
//! moves an affiliation may make is decided in `domain::affiliation`, whether the deployment closes an office without a
//! second factor in `accounts::second_factor::policy`.

use sea_orm::ConnectionTrait;

use crate::accounts;
use crate::accounts::second_factor::policy;
use crate::affiliations::Error;
use crate::app::{App, Tx};
use crate::domain::actor::{Actor, Context};
use crate::domain::affiliation::{Affiliation, Capacity, Decision};
use crate::domain::message::FieldErrors;
use crate::domain::office::HeldOffice;
use crate::domain::organization::Organization;
use crate::domain::powers::Area;
use crate::domain::{AccountId, AffiliationId, OrganizationId, Time, text};
use crate::storage::{affiliations, offices, organizations};

/// Does what `find_to_decide` does for what only a Focal Point or an administrator may.
pub async fn find_to_change_office(
    tx: &Tx,
    id: &AffiliationId,
) -> Result<(Affiliation, Organization, Capacity), Error> {
    let found = find_to_decide(tx, id).await?;
    require_focal_point(tx, &found.1.id).await?;
    Ok(found)
}

/// Returns the affiliation that the actor may decide about, with its organization as it stays until the transaction ends
/// and the capacity in which the actor acts.
pub async fn find_to_decide(
    tx: &Tx,
    id: &AffiliationId,
) -> Result<(Affiliation, Organization, Capacity), Error> {
    let found = affiliations::find(tx, id).await?.ok_or(Error::NotFound)?;
    let capacity = require_to_decide(tx, &found.organization).await?;
    let organization = organizations::find_to_rely_on(tx, &found.organization)
        .await?
        .ok_or(Error::NotFound)?;
    // Reads again under the lock: a merge may have moved it meanwhile.
    let found = affiliations::find(tx, id)
        .await?
        .filter(|it| it.organization == organization.id)
        .ok_or(Error::Conflict)?;
    refuse_own(tx.context(), &found.account)?;
    Ok((found, organization, capacity))
}

/// Refuses a decision about oneself, whatever office the actor holds (security.md AF-2).
pub fn refuse_own(context: &Context, subject: &AccountId) -> Result<(), Error> {
    if context.actor.account() == Some(subject) {
        return Err(Error::OwnRequest);
    }
    Ok(())
}

/// Returns the capacity in which the actor acts for the organization, and keeps it so until the transaction ends.
pub async fn require_to_decide(tx: &Tx, organization: &OrganizationId) -> Result<Capacity, Error> {
    let actor = &tx.context().actor;
    if actor.administers(Area::Organizations) {
        return require_administrator(tx.app(), tx.context()).await;
    }
    let Some(account) = actor.account() else {
        return Err(Error::NotFound);
    };
    match offices::find_of_account_to_rely_on(tx, account, tx.now()).await? {
        Some(office) if office.organization == *organization => {
            require_open_office(tx.app(), tx.context()).await?;
            Ok(Capacity::FocalPoint)
        }
        _ => Err(Error::NotFound),
    }
}

/// Does what `require_to_decide` does for what only a Focal Point or an administrator may: the offices of the organization and
/// who belongs to it. A deputy stands in for requests and TIES rights alone (security.md AF-8).
pub async fn require_focal_point(tx: &Tx, organization: &OrganizationId) -> Result<Capacity, Error> {
    let capacity = require_to_decide(tx, organization).await?;
    if capacity == Capacity::FocalPoint && is_deputy(tx, tx.context(), tx.now()).await? {
        return Err(Error::DeputyMayNot);
    }
    Ok(capacity)
}

/// Returns `true` if the actor is a deputy, and no Focal Point.
async fn is_deputy(db: &impl ConnectionTrait, context: &Context, now: Time) -> Result<bool, Error> {
    Ok(find_office(db, context, now)
        .await?
        .is_some_and(|it| it.is_deputy))
}

/// Returns the office that the actor holds now.
async fn find_office(
    db: &impl ConnectionTrait,
    context: &Context,
    now: Time,
) -> Result<Option<HeldOffice>, Error> {
    match context.actor.account() {
        Some(account) => Ok(offices::find_of_account(db, account, now).await?),
        None => Ok(None),
    }
}

/// Does what `require_to_decide` does for an actor who only looks: nothing is kept from changing.
pub async fn require_to_see(
    app: &App,
    context: &Context,
    organization: &OrganizationId,
) -> Result<Capacity, Error> {
    if context.actor.oversees(Area::Organizations) {
        require_open_office(app, context).await?;
        return Ok(Capacity::Administrator);
    }
    match organization_of(app, context).await? {
        Some(own) if own == *organization => {
            require_open_office(app, context).await?;
            Ok(Capacity::FocalPoint)
        }
        _ => Err(Error::NotFound),
    }
}

/// Refuses everybody but administrators, the operator and the service itself.
pub async fn require_administrator(app: &App, context: &Context) -> Result<Capacity, Error> {
    match &context.actor {
        Actor::System => Ok(Capacity::System),
        actor if actor.administers(Area::Organizations) => {
            require_open_office(app, context).await?;
            Ok(Capacity::Administrator)
        }
        _ => Err(Error::NotFound),
    }
}

/// Does what `require_administrator` does, and admits programs that only read.
pub async fn require_overseer(app: &App, context: &Context) -> Result<(), Error> {
    if context.actor.oversees(Area::Organizations) {
        require_open_office(app, context).await
    } else {
        Err(Error::NotFound)
    }
}

/// Refuses a person whose office is closed until they have set up a second factor.
async fn require_open_office(app: &App, context: &Context) -> Result<(), Error> {
    match policy::closes_office(app, context).await {
        Ok(false) => Ok(()),
        Ok(true) => Err(Error::SecondFactorRequired),
        Err(accounts::Error::Storage(error)) => Err(error.into()),
        // G-11: what cannot be decided is refused.
        Err(_) => Err(Error::SecondFactorRequired),
    }
}

/// Returns the organization whose Focal Point or deputy the actor is now, if any: the pages of Focal Points are about it.
pub async fn organization_of(app: &App, context: &Context) -> Result<Option<OrganizationId>, Error> {
    let found = find_office(app.db.read(), context, app.clock.now()).await?;
    Ok(found.map(|it| it.organization))
}

/// Returns `true` if the actor may change the offices of the organization, and not only stand in for its Focal Points.
pub async fn may_change_offices(
    app: &App,
    context: &Context,
    organization: &OrganizationId,
) -> Result<bool, Error> {
    let is_administrator = context.actor.administers(Area::Organizations);
    let found = find_office(app.db.read(), context, app.clock.now()).await?;
    let is_focal_point = found.is_some_and(|it| it.organization == *organization && !it.is_deputy);
    Ok(is_administrator || is_focal_point)
}

/// Returns an organization whose offices the actor may change. A deputy, who sees them, is told so; to others it does not exist.
pub async fn find_to_change_offices(
    app: &App,
    context: &Context,
    organization: &OrganizationId,
) -> Result<Organization, Error> {
    if !may_change_offices(app, context, organization).await? {
        require_to_see(app, context, organization).await?;
        return Err(Error::DeputyMayNot);
    }
    let found = organizations::find(app.db.read(), organization).await?;
    found.ok_or(Error::NotFound)
}

/// Refuses an actor whose login is not recent: naming or removing a Focal Point needs one (security.md SE-4).
pub fn require_recent_login(context: &Context, now: Time) -> Result<(), Error> {
    if context.is_recent(now) {
        return Ok(());
    }
    Err(Error::ReauthenticationNeeded)
}

/// Returns the decision of the actor, made now.
pub fn decision_by_actor(tx: &Tx, capacity: Capacity, reason: Option<String>) -> Decision {
    Decision {
        at: tx.now(),
        by: tx.context().actor.account().cloned(),
        capacity,
        reason,
    }
}

/// Returns a decision that names nobody: whoever changes an organization does not judge its people.
pub fn decision_by_service(tx: &Tx) -> Decision {
    Decision {
        at: tx.now(),
        by: None,
        capacity: Capacity::System,
        reason: None,
    }
}

/// Longest reason, in characters (contract.md).
pub const LONGEST_REASON: usize = 1000;

/// Reads a typed reason of one or several lines; returns `None` if nothing was typed.
pub fn parse_reason(typed: &str) -> Result<Option<String>, Error> {
    match text::prose(typed, LONGEST_REASON) {
        Ok(text) => Ok((!text.is_empty()).then_some(text)),
        Err(refused) => Err(Error::Invalid(FieldErrors::from([("reason", refused.message())]))),
    }
}
