//! Focal Points: one designates another from the people of the organization; the first is named by an
//! administrator, and only one removes the last (product.md; security.md AF-6).

use sea_orm::ConnectionTrait;

use crate::affiliations::Error;
use crate::affiliations::lifecycle::transitions::{Act, object};
use crate::affiliations::lifecycle::{authority, decisions, requests};
use crate::affiliations::notifications::person;
use crate::app::App;
use crate::domain::account::{Account, EmailAddress};
use crate::domain::actor::Context;
use crate::domain::affiliation::{Affiliation, AffiliationStatus, Capacity, FocalPoint};
use crate::domain::event::{Action, Event};
use crate::domain::organization::Organization;
use crate::domain::{AccountId, AffiliationId, OrganizationId};
use crate::storage::{accounts, affiliations, focal_points, organizations};
use crate::templates::mails::{FocalPointDesignated, FocalPointRemoved};

/// Makes somebody with an approved affiliation a Focal Point of that organization.
pub async fn designate(app: &App, context: &Context, id: &AffiliationId) -> Result<(), Error> {
    app.db
        .write(async |tx| {
            let act = Act::new(app, tx, context);
            // Whoever may not is told that there is nothing, however fresh the login: G-4.
            let (affiliation, organization, _) = decisions::find(&act, id).await?;
            authority::recent(context, act.now)?;
            designate_in(&act, &affiliation, &organization).await
        })
        .await
}

async fn designate_in<C: ConnectionTrait>(
    act: &Act<'_, C>,
    affiliation: &Affiliation,
    organization: &Organization,
) -> Result<(), Error> {
    let is_member = organization.is_member(&requests::type_of(act.tx, organization).await?);
    if affiliation.status() != AffiliationStatus::Approved || !is_member {
        return Err(Error::Conflict);
    }
    // A second designation at the same moment is refused by the key.
    let it = FocalPoint {
        affiliation: affiliation.id.clone(),
        account: affiliation.account.clone(),
        organization: affiliation.organization.clone(),
        designated_at: act.now,
        designated_by: act.context.actor.account().cloned(),
    };
    focal_points::insert(act.tx, &it).await?;
    let event = Event::new(Action::FocalPointDesignated, object(affiliation))
        .within(&affiliation.organization)
        .change(false, true);
    act.record(event).await?;
    if let Some(person) = accounts::find(act.tx, &affiliation.account).await? {
        let mail = FocalPointDesignated {
            name: person.profile.full_name(),
            organization: organization.name.clone(),
        };
        person::send(act.app, act.tx, act.now, &person, &mail).await?;
    }
    Ok(())
}

/// Takes the office away, or gives up the own. The affiliation stays.
pub async fn undesignate(
    app: &App,
    context: &Context,
    id: &AffiliationId,
    reason: &str,
) -> Result<(), Error> {
    let reason = authority::reason(reason)?;
    app.db
        .write(async |tx| {
            let act = Act::new(app, tx, context);
            let affiliation = affiliations::find(tx, id).await?.ok_or(Error::NotFound)?;
            // One after the other: two Focal Points who remove each other leave one.
            let organization = organizations::find_to_change(tx, &affiliation.organization)
                .await?
                .ok_or(Error::NotFound)?;
            let capacity = authority::over(tx, context, &organization.id).await?;
            authority::recent(context, act.now)?;
            let all = focal_points::list_of_organization(tx, &organization.id).await?;
            if !all.iter().any(|it| it.affiliation == *id) {
                return Err(Error::Conflict);
            }
            if all.len() == 1 && capacity == Capacity::FocalPoint {
                return Err(Error::LastFocalPoint);
            }
            if !focal_points::delete(tx, id).await? {
                return Err(Error::Conflict);
            }
            let mut event = Event::new(Action::FocalPointRemoved, object(&affiliation))
                .within(&organization.id)
                .change(true, false);
            event.reason = reason.clone();
            act.record(event).await?;
            if let Some(person) = accounts::find(tx, &affiliation.account).await? {
                let mail = FocalPointRemoved {
                    name: person.profile.full_name(),
                    organization: organization.name.clone(),
                    reason: reason.clone(),
                };
                person::send(app, tx, act.now, &person, &mail).await?;
            }
            Ok(())
        })
        .await
}

/// How an administrator says who is meant.
#[derive(Clone, Copy, Debug)]
pub enum Whom<'a> {
    Email(&'a EmailAddress),
    Account(&'a AccountId),
}

/// Returns whom `appoint` would designate, or its refusal, and changes nothing.
pub async fn candidate(
    app: &App,
    context: &Context,
    organization: &OrganizationId,
    whom: &Whom<'_>,
) -> Result<Account, Error> {
    authority::of_administrators(context)?;
    authority::recent(context, app.clock.now())?;
    let db = app.db.read();
    let (organization, person) = both(db, organization, whom).await?;
    let here = |it: &Affiliation| it.organization == organization.id;
    let open = affiliations::find_open(db, &person.id).await?.filter(here);
    if open.is_some() {
        decisions::not_the_own(context, &person.id)?;
    }
    let in_force = affiliations::find_in_force(db, &person.id).await?.filter(here);
    let fits = open.is_some() || in_force.is_some_and(|it| it.status() == AffiliationStatus::Approved);
    match fits {
        true => Ok(person),
        false => Err(Error::Refused(NOT_AFFILIATED)),
    }
}

const NOT_AFFILIATED: &str =
    "the person has neither an approved affiliation with this organization nor a request for one";

async fn both(
    db: &impl ConnectionTrait,
    organization: &OrganizationId,
    whom: &Whom<'_>,
) -> Result<(Organization, Account), Error> {
    let organization = organizations::resolve(db, organization)
        .await?
        .ok_or(Error::Refused("there is no such organization"))?;
    let person = match whom {
        Whom::Email(it) => accounts::find_by_email(db, &it.key()).await?,
        Whom::Account(it) => accounts::find(db, it).await?,
    };
    let person = person.ok_or(Error::Refused("there is no account with this address"))?;
    Ok((organization, person))
}

/// `org add-focal-point`: names a Focal Point by address, and approves a request of theirs that waits
/// (contract.md). For administrators.
pub async fn appoint(
    app: &App,
    context: &Context,
    organization: &OrganizationId,
    whom: &Whom<'_>,
) -> Result<(), Error> {
    authority::of_administrators(context)?;
    authority::recent(context, app.clock.now())?;
    app.db
        .write(async |tx| {
            let (organization, person) = both(tx, organization, whom).await?;
            let open = affiliations::find_open(tx, &person.id)
                .await?
                .filter(|it| it.organization == organization.id);
            if let Some(open) = open {
                decisions::not_the_own(context, &person.id)?;
                decisions::approve_in(app, tx, context, &open.id, None).await?;
            }
            let affiliation = affiliations::find_in_force(tx, &person.id)
                .await?
                .filter(|it| it.organization == organization.id)
                .filter(|it| it.status() == AffiliationStatus::Approved)
                .ok_or(Error::Refused(NOT_AFFILIATED))?;
            let all = focal_points::list_of_organization(tx, &organization.id).await?;
            if all.iter().any(|it| it.affiliation == affiliation.id) {
                return Ok(());
            }
            let act = Act::new(app, tx, context);
            let (affiliation, organization, _) = decisions::find(&act, &affiliation.id).await?;
            designate_in(&act, &affiliation, &organization).await
        })
        .await
}
