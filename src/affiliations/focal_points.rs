//! Focal Points: one designates another from the people of the organization. An administrator names the first, and only
//! an administrator removes the last (product.md; security.md AF-6). The pages of Focal Points and administrators and
//! `itu-account org` call this. What a Focal Point may decide is checked in `lifecycle::authority`.

use super::Error;
use super::directory::membership_types;
use super::lifecycle::transitions::object;
use super::lifecycle::{authority, decisions, transitions};
use super::notifications::person;
use crate::app::{App, Tx};
use crate::domain::account::{Account, EmailAddress};
use crate::domain::actor::Context;
use crate::domain::affiliation::{Affiliation, AffiliationStatus, Capacity, FocalPoint};
use crate::domain::event::{Action, Event};
use crate::domain::message::FieldErrors;
use crate::domain::organization::Organization;
use crate::domain::{AccountId, AffiliationId, OrganizationId};
use crate::storage::{Reads, account_changes, accounts, affiliations, deputies, focal_points, organizations};

/// Makes somebody with an approved affiliation a Focal Point of that organization.
pub async fn designate(app: &App, context: &Context, id: &AffiliationId) -> Result<(), Error> {
    app.write(context, async |tx| {
        // G-4: an affiliation is not found before anything is said about the login, however fresh it is.
        let (affiliation, organization, _) = authority::find_to_change_office(tx, id).await?;
        authority::require_recent_login(context, tx.now())?;
        designate_in(tx, &affiliation, &organization).await
    })
    .await
}

pub(super) async fn designate_in(
    tx: &Tx,
    affiliation: &Affiliation,
    organization: &Organization,
) -> Result<(), Error> {
    let is_member = organization.is_member(&membership_types::of(tx, organization).await?);
    if affiliation.status() != AffiliationStatus::Approved || !is_member {
        return Err(Error::Conflict);
    }
    // The key of the table refuses a second designation at the same moment.
    let new = FocalPoint {
        affiliation: affiliation.id.clone(),
        account: affiliation.account.clone(),
        organization: affiliation.organization.clone(),
        designated_at: tx.now(),
        designated_by: tx.context().actor.account().cloned(),
        absence: None,
    };
    // A Focal Point needs no term any more.
    if let Some(deputy) = deputies::find(tx, &affiliation.id).await? {
        transitions::end_deputy(tx, &deputy, affiliation, organization).await?;
    }
    focal_points::insert(tx, &new).await?;
    account_changes::touch(tx, &affiliation.account, tx.now()).await?;
    let event = Event::new(Action::FocalPointDesignated, object(affiliation))
        .about(&affiliation.account)
        .within(&affiliation.organization)
        .change(false, true);
    tx.record(event).await?;
    person::focal_point_designated(tx, affiliation, organization).await
}

/// Takes the office away, or gives up the own. The affiliation stays.
pub async fn undesignate(
    app: &App,
    context: &Context,
    id: &AffiliationId,
    reason: &str,
) -> Result<(), Error> {
    let reason = authority::parse_reason(reason)?;
    app.write(context, async |tx| {
        let affiliation = affiliations::find(tx, id).await?.ok_or(Error::NotFound)?;
        // One waits for the other: two Focal Points who remove each other leave one.
        let organization = organizations::find_to_change(tx, &affiliation.organization)
            .await?
            .ok_or(Error::NotFound)?;
        let capacity = authority::require_focal_point(tx, &organization.id).await?;
        authority::require_recent_login(context, tx.now())?;
        let all = focal_points::list_of_organization(tx, &organization.id).await?;
        if !all.iter().any(|it| it.affiliation == *id) {
            return Err(Error::Conflict);
        }
        if all.len() == 1 && capacity == Capacity::FocalPoint {
            return Err(Error::LastFocalPoint);
        }
        undesignate_in(tx, &affiliation, &organization, reason.clone()).await
    })
    .await
}

pub(super) async fn undesignate_in(
    tx: &Tx,
    affiliation: &Affiliation,
    organization: &Organization,
    reason: Option<String>,
) -> Result<(), Error> {
    if !focal_points::delete(tx, &affiliation.id).await? {
        return Err(Error::Conflict);
    }
    account_changes::touch(tx, &affiliation.account, tx.now()).await?;
    let mut event = Event::new(Action::FocalPointRemoved, object(affiliation))
        .about(&affiliation.account)
        .within(&organization.id)
        .change(true, false);
    event.reason.clone_from(&reason);
    tx.record(event).await?;
    person::focal_point_removed(tx, affiliation, organization, reason).await
}

/// Finds somebody else with an approved affiliation with the organization, who can hold an office there. Whom the address is of
/// elsewhere is not said (security.md G-4).
pub(super) async fn find_colleague(
    db: &impl Reads,
    context: &Context,
    organization: &Organization,
    (whom, field): (&Whom<'_>, &'static str),
) -> Result<(Affiliation, Account), Error> {
    let person = match whom {
        Whom::Email(email) => accounts::find_by_email(db, &email.key()).await?,
        Whom::Account(account) => accounts::find(db, account).await?,
    };
    let affiliation = match &person {
        Some(person) => affiliations::find_in_force(db, &person.id).await?,
        None => None,
    };
    let here = affiliation
        .filter(|it| it.organization == organization.id && it.status() == AffiliationStatus::Approved);
    match (here, person) {
        (Some(affiliation), Some(person)) if person.is_active() => {
            authority::refuse_own(context, &person.id)?;
            Ok((affiliation, person))
        }
        _ => Err(Error::Invalid(FieldErrors::from([(
            field,
            "error.office.not_here",
        )]))),
    }
}

/// The way in which an administrator names a person.
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
    authority::require_administrator(app, context).await?;
    authority::require_recent_login(context, app.clock.now())?;
    let db = app.db.read();
    let (organization, person) = both(db, organization, whom).await?;
    let here = |it: &Affiliation| it.organization == organization.id;
    let open = affiliations::find_open(db, &person.id).await?.filter(here);
    if open.is_some() {
        authority::refuse_own(context, &person.id)?;
    }
    let in_force = affiliations::find_in_force(db, &person.id).await?.filter(here);
    let fits = open.is_some() || in_force.is_some_and(|it| it.status() == AffiliationStatus::Approved);
    if fits {
        Ok(person)
    } else {
        Err(Error::Refused(NOT_AFFILIATED))
    }
}

const NOT_AFFILIATED: &str =
    "the person has neither an approved affiliation with this organization nor a request for one";

async fn both(
    db: &impl Reads,
    organization: &OrganizationId,
    whom: &Whom<'_>,
) -> Result<(Organization, Account), Error> {
    let organization = organizations::resolve(db, organization)
        .await?
        .ok_or(Error::Refused("there is no such organization"))?;
    let person = match whom {
        Whom::Email(email) => accounts::find_by_email(db, &email.key()).await?,
        Whom::Account(account) => accounts::find(db, account).await?,
    };
    let person = person.ok_or(Error::Refused("there is no account with this address"))?;
    Ok((organization, person))
}

/// Names a Focal Point, and approves a request of theirs that is pending (`org add-focal-point`, contract.md). For
/// administrators.
pub async fn appoint(
    app: &App,
    context: &Context,
    organization: &OrganizationId,
    whom: &Whom<'_>,
) -> Result<(), Error> {
    authority::require_administrator(app, context).await?;
    authority::require_recent_login(context, app.clock.now())?;
    app.write(context, async |tx| {
        let (organization, person) = both(tx, organization, whom).await?;
        let open = affiliations::find_open(tx, &person.id)
            .await?
            .filter(|it| it.organization == organization.id);
        if let Some(open) = open {
            authority::refuse_own(context, &person.id)?;
            decisions::approve_in(tx, &open.id, None).await?;
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
        let (affiliation, organization, _) = authority::find_to_decide(tx, &affiliation.id).await?;
        designate_in(tx, &affiliation, &organization).await
    })
    .await
}
