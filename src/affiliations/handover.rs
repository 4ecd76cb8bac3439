//! Handing the office of Focal Point to a colleague: the colleague becomes Focal Point and the own office ends, in one
//! transaction: the organization always has a Focal Point.

use super::Error;
use super::focal_points::{self, Whom, find_colleague};
use super::lifecycle::authority;
use crate::app::App;
use crate::domain::account::Account;
use crate::domain::actor::Context;
use crate::domain::affiliation::Affiliation;
use crate::domain::message::FieldErrors;
use crate::domain::organization::Organization;
use crate::domain::powers::Area;
use crate::domain::{AccountId, OrganizationId};
use crate::storage::{Reads, affiliations, focal_points as offices, organizations};

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
        let (colleague, _) = find_candidate(tx, context, &organization, from, to).await?;
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
    let organization = authority::find_to_change_offices(app, context, organization).await?;
    require_own(context, from)?;
    authority::require_recent_login(context, app.clock.now())?;
    let (_, person) = find_candidate(app.db.read(), context, &organization, from, to).await?;
    Ok(person)
}

async fn find_candidate(
    db: &impl Reads,
    context: &Context,
    organization: &Organization,
    from: &AccountId,
    to: &Whom<'_>,
) -> Result<(Affiliation, Account), Error> {
    let (affiliation, person) = find_colleague(db, context, organization, (to, "colleague")).await?;
    if *from == person.id || offices::find_of_account(db, &person.id).await?.is_some() {
        let errors = FieldErrors::from([("colleague", "error.office.focal_point")]);
        return Err(Error::Invalid(errors));
    }
    Ok((affiliation, person))
}

/// Refuses an office that is not the actor's, to all but administrators.
fn require_own(context: &Context, from: &AccountId) -> Result<(), Error> {
    if context.actor.account() == Some(from) || context.actor.administers(Area::Organizations) {
        Ok(())
    } else {
        Err(Error::NotFound)
    }
}
