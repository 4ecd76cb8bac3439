//! Handing the office of Focal Point to a colleague: the colleague becomes Focal Point and the own office ends, in one
//! transaction: the organization always has a Focal Point.

use super::Error;
use super::focal_points::{self, Whom, find_colleague};
use super::lifecycle::authority;
use crate::app::App;
use crate::domain::account::Account;
use crate::domain::actor::Context;
use crate::domain::message::FieldErrors;
use crate::domain::powers::Area;
use crate::domain::{AccountId, OrganizationId};
use crate::storage::{affiliations, focal_points as offices, organizations};

/// Hands the office of `from` over to a colleague: by themselves, or by an administrator.
pub async fn hand_over(
    app: &App,
    context: &Context,
    organization: &OrganizationId,
    from: &AccountId,
    to: &Whom<'_>,
) -> Result<(), Error> {
    app.write(context, async |tx| {
        let organization = organizations::find_to_change(tx, organization)
            .await?
            .ok_or(Error::NotFound)?;
        authority::require_focal_point(tx, &organization.id).await?;
        require_own(context, from)?;
        authority::require_recent_login(context, tx.now())?;
        let office = offices::find_of_account(tx, from).await?;
        let office = office.filter(|it| it.organization == organization.id);
        let office = office.ok_or(Error::Conflict)?;
        let own = affiliations::find(tx, &office.affiliation)
            .await?
            .ok_or(Error::Conflict)?;
        let (colleague, _) = find_colleague(tx, context, &organization, (to, "colleague")).await?;
        refuse_same(from, &colleague.account)?;
        let held = offices::find_of_account(tx, &colleague.account).await?;
        if held.is_some() {
            return Err(refused("error.office.focal_point"));
        }
        focal_points::designate_in(tx, &colleague, &organization).await?;
        focal_points::undesignate_in(tx, &own, &organization, None).await
    })
    .await
}

/// Returns whom `hand_over` would make a Focal Point, or its refusal, and changes nothing.
pub async fn candidate(
    app: &App,
    context: &Context,
    organization: &OrganizationId,
    from: &AccountId,
    to: &Whom<'_>,
) -> Result<Account, Error> {
    if !authority::may_change_offices(app, context, organization).await? {
        authority::require_to_see(app, context, organization).await?;
        return Err(Error::DeputyMayNot);
    }
    require_own(context, from)?;
    authority::require_recent_login(context, app.clock.now())?;
    let db = app.db.read();
    let organization = organizations::find(db, organization)
        .await?
        .ok_or(Error::NotFound)?;
    let (_, person) = find_colleague(db, context, &organization, (to, "colleague")).await?;
    refuse_same(from, &person.id)?;
    let held = offices::find_of_account(db, &person.id).await?;
    if held.is_some() {
        return Err(refused("error.office.focal_point"));
    }
    Ok(person)
}

/// Refuses an office that is not the actor's, to all but administrators.
fn require_own(context: &Context, from: &AccountId) -> Result<(), Error> {
    if context.actor.account() == Some(from) || context.actor.administers(Area::Organizations) {
        Ok(())
    } else {
        Err(Error::NotFound)
    }
}

fn refuse_same(from: &AccountId, to: &AccountId) -> Result<(), Error> {
    if from == to {
        Err(refused("error.office.focal_point"))
    } else {
        Ok(())
    }
}

fn refused(key: &'static str) -> Error {
    Error::Invalid(FieldErrors::from([("colleague", key)]))
}
