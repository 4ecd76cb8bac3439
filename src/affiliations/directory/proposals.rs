//! The directory's records: proposed by visitors, accepted, corrected, rejected or merged by
//! administrators. A change of what an organization is settles its people in the same transaction
//! (security.md AF-1): who belonged to a member that is none any more belongs to none.

use std::time::Instant;

use chrono::NaiveDate;
use sea_orm::ConnectionTrait;
use serde_json::json;

use crate::affiliations::Error;
use crate::affiliations::directory::membership_change::{change, end_some, living};
use crate::affiliations::directory::selection;
use crate::affiliations::lifecycle::authority;
use crate::affiliations::lifecycle::transitions::Act;
use crate::affiliations::notifications::person;
use crate::app::App;
use crate::domain::actor::Context;
use crate::domain::affiliation::Capacity;
use crate::domain::event::{Action, Event};
use crate::domain::organization::{
    Category, Country, MembershipType, Organization, OrganizationStatus, Sector,
};
use crate::domain::profile::FieldErrors;
use crate::domain::signup::TypedOrganization;
use crate::domain::{AccountId, MembershipTypeId, OrganizationId, text};
use crate::i18n::countries;
use crate::random;
use crate::storage::batches::{ROWS, pause};
use crate::storage::{IsBusy, accounts, membership_types, organizations};
use crate::templates::mails::OrganizationDecided;

/// A record of a person's own: a non-member, until an administrator says otherwise (SU-6).
pub(in crate::affiliations) async fn propose<C: ConnectionTrait>(
    act: &Act<'_, C>,
    by: &AccountId,
    typed: &TypedOrganization,
) -> Result<Organization, Error> {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let it = Organization {
        id: OrganizationId::new(random::id()),
        name: typed.name.clone(),
        acronym: some(&typed.acronym),
        membership_type: MembershipTypeId::new(MembershipType::NON_MEMBER),
        claimed_type: Some(typed.membership_type.clone()),
        category: Category::Other,
        sectors: Vec::new(),
        country: Country::parse(&typed.member_state),
        website: some(&typed.website),
        city: some(&typed.city),
        status: OrganizationStatus::Proposed,
        valid_from: None,
        valid_until: None,
        email_domains: Vec::new(),
        merged_into: None,
        proposed_by: Some(by.clone()),
        created_at: act.now,
        updated_at: act.now,
        version: 1,
    };
    organizations::insert(act.tx, std::slice::from_ref(&it)).await?;
    let event = Event::new(Action::OrganizationProposed, object(&it.id))
        .within(&it.id)
        .change(serde_json::Value::Null, told(&it));
    act.record(event).await?;
    Ok(it)
}

/// What an administrator may correct.
#[derive(Clone, Debug)]
pub struct Correction<'a> {
    pub name: &'a str,
    pub acronym: &'a str,
    pub membership_type: &'a str,
    pub category: &'a str,
    pub member_state: &'a str,
    pub website: &'a str,
    /// None keeps them.
    pub sectors: Option<&'a [&'a str]>,
}

/// Takes a proposed record into the directory, corrected. When it turns out to be a member, its people
/// are asked about (AF-1).
pub async fn accept(
    app: &App,
    context: &Context,
    id: &OrganizationId,
    correction: &Correction<'_>,
    reason: &str,
) -> Result<(), Error> {
    authority::of_administrators(context)?;
    let reason = authority::reason(reason)?;
    app.db
        .write(async |tx| {
            let act = Act::new(app, tx, context);
            let before = to_change(tx, id).await?;
            if before.status != OrganizationStatus::Proposed {
                return Err(Error::Conflict);
            }
            let mut after = corrected(tx, &before, correction).await?;
            after.status = OrganizationStatus::Active;
            change(&act, &before, after, Action::OrganizationAccepted, reason.clone()).await?;
            tell_proposer(&act, &before, Some(&before.id), reason.clone()).await
        })
        .await
}

/// Corrects a record of the directory.
pub async fn correct(
    app: &App,
    context: &Context,
    id: &OrganizationId,
    correction: &Correction<'_>,
) -> Result<(), Error> {
    authority::of_administrators(context)?;
    app.db
        .write(async |tx| {
            let act = Act::new(app, tx, context);
            let before = to_change(tx, id).await?;
            if !before.status.is_accepted() {
                return Err(Error::Conflict);
            }
            let after = corrected(tx, &before, correction).await?;
            change(&act, &before, after, Action::OrganizationChanged, None).await
        })
        .await
}

/// Does not take a proposed record. Who said to belong to it belongs to none.
pub async fn reject(app: &App, context: &Context, id: &OrganizationId, reason: &str) -> Result<(), Error> {
    authority::of_administrators(context)?;
    let reason = authority::reason(reason)?;
    app.db
        .write(async |tx| {
            let act = Act::new(app, tx, context);
            let before = to_change(tx, id).await?;
            if before.status != OrganizationStatus::Proposed {
                return Err(Error::Conflict);
            }
            let mut after = before.clone();
            after.status = OrganizationStatus::Rejected;
            let people = living(tx, &before.id).await?;
            for it in people {
                let end = authority::decision(context, act.now, Capacity::Administrator, reason.clone());
                let ended = it.clone().withdraw(end)?;
                act.moved(&it, &ended, &before).await?;
            }
            change(&act, &before, after, Action::OrganizationChanged, reason.clone()).await?;
            tell_proposer(&act, &before, None, reason.clone()).await
        })
        .await
}

/// Suspends, ends or reinstates a membership.
pub async fn set_status(
    app: &App,
    context: &Context,
    id: &OrganizationId,
    status: OrganizationStatus,
    reason: &str,
) -> Result<(), Error> {
    set_status_if(app, context, id, status, reason, |_| true).await
}

/// The same, if the record is still what it was decided on.
async fn set_status_if(
    app: &App,
    context: &Context,
    id: &OrganizationId,
    status: OrganizationStatus,
    reason: &str,
    holds: impl Fn(&Organization) -> bool,
) -> Result<(), Error> {
    authority::of_administrators(context)?;
    let reason = authority::reason(reason)?;
    app.db
        .write(async |tx| {
            let act = Act::new(app, tx, context);
            let before = to_change(tx, id).await?;
            if !before.status.is_accepted() || !status.is_accepted() || !holds(&before) {
                return Err(Error::Conflict);
            }
            let after = Organization {
                status,
                ..before.clone()
            };
            change(&act, &before, after, Action::OrganizationChanged, reason.clone()).await
        })
        .await
}

/// Ends the memberships whose last day has passed. The clock's door. How many were ended.
pub async fn end_overdue(app: &App) -> Result<usize, Error> {
    let today = app.clock.now().date_naive();
    let overdue = organizations::list_overdue(app.db.read(), today).await?;
    end_all(app, today, &overdue).await
}

/// Ends those that are still overdue; who was prolonged since the list was read stays.
pub async fn end_all(app: &App, today: NaiveDate, overdue: &[OrganizationId]) -> Result<usize, Error> {
    let mut ended = 0;
    for id in overdue {
        if app.stopping.is_cancelled() {
            break;
        }
        match end(app, id, today).await {
            Ok(()) => ended += 1,
            // Another node was faster, or an administrator.
            Err(Error::Conflict) => {}
            Err(error) if error.is_busy() => return Err(error),
            // A record that cannot be read keeps no other waiting.
            Err(error) => {
                tracing::error!(%error, organization = %id, "a membership that is over cannot be ended");
            }
        }
    }
    Ok(ended)
}

/// Ends one membership: the people first, in transactions that let others pass; the last one settles who came meanwhile.
async fn end(app: &App, id: &OrganizationId, today: NaiveDate) -> Result<(), Error> {
    let context = Context::system();
    // G-9: whoever was prolonged since the list was read stays a member.
    let is_overdue = |it: &Organization| it.valid_until.is_some_and(|last| last < today);
    while !app.stopping.is_cancelled() {
        let begun = Instant::now();
        let some = app
            .db
            .write(async |tx| {
                let organization = to_change(tx, id).await?;
                if !is_overdue(&organization) || !organization.status.may_become(OrganizationStatus::Ended) {
                    return Err(Error::Conflict);
                }
                end_some(&Act::new(app, tx, &context), &organization).await
            })
            .await?;
        if some < ROWS {
            let ended = OrganizationStatus::Ended;
            return set_status_if(app, &context, id, ended, "", is_overdue).await;
        }
        pause(begun).await;
    }
    Ok(())
}

pub(in crate::affiliations) async fn to_change(
    tx: &impl ConnectionTrait,
    id: &OrganizationId,
) -> Result<Organization, Error> {
    organizations::find_to_change(tx, id)
        .await?
        .ok_or(Error::NotFound)
}

pub(in crate::affiliations) async fn tell_proposer<C: ConnectionTrait>(
    act: &Act<'_, C>,
    proposal: &Organization,
    became: Option<&OrganizationId>,
    reason: Option<String>,
) -> Result<(), Error> {
    let Some(by) = &proposal.proposed_by else {
        return Ok(());
    };
    let Some(person) = accounts::find(act.tx, by).await? else {
        return Ok(());
    };
    let became = match became {
        Some(id) => organizations::find(act.tx, id).await?,
        None => None,
    };
    let mail = OrganizationDecided {
        name: person.profile.full_name(),
        typed: proposal.name.clone(),
        organization: became.map(|it| it.name),
        reason,
    };
    person::send(act.app, act.tx, act.now, &person, &mail).await
}

async fn corrected(
    tx: &impl ConnectionTrait,
    before: &Organization,
    correction: &Correction<'_>,
) -> Result<Organization, Error> {
    let mut errors = FieldErrors::new();
    let mut after = before.clone();
    match text::line(correction.name, Organization::LONGEST_NAME) {
        Ok(name) => after.name = name,
        Err(refused) => errors.insert("name", refused.message()),
    }
    match correction.acronym {
        "" => after.acronym = None,
        typed => match selection::acronym(typed) {
            Ok(acronym) => after.acronym = Some(acronym),
            Err(refused) => errors.insert("acronym", refused.message()),
        },
    }
    let membership_type = MembershipTypeId::new(correction.membership_type);
    match membership_types::find(tx, &membership_type).await? {
        Some(it) => after.membership_type = it.id,
        None => errors.insert("membership_type", "error.choose"),
    }
    match Category::parse(correction.category) {
        Some(category) => after.category = category,
        None => errors.insert("category", "error.choose"),
    }
    after.country = match correction.member_state {
        "" => None,
        code if countries::exists(code) => Country::parse(code),
        _ => {
            errors.insert("member_state", "error.choose");
            None
        }
    };
    after.website = match correction.website {
        "" => None,
        typed => selection::website(typed).or_else(|| {
            errors.insert("website", "error.website");
            None
        }),
    };
    if let Some(sectors) = correction.sectors {
        after.sectors = sectors.iter().filter_map(|it| Sector::parse(it)).collect();
        if after.sectors.len() != sectors.len() {
            errors.insert("sectors", "error.choose");
        }
    }
    if errors.is_empty() {
        Ok(after)
    } else {
        Err(Error::Invalid(errors))
    }
}

pub(in crate::affiliations) fn object(id: &OrganizationId) -> String {
    format!("organization:{id}")
}

/// A record in the audit trail. Organizations are no persons: their data are told.
pub(in crate::affiliations) fn told(it: &Organization) -> serde_json::Value {
    json!({
        "name": it.name,
        "acronym": it.acronym,
        "membership_type": it.membership_type,
        "category": it.category,
        "sectors": it.sectors,
        "member_state": it.country,
        "website": it.website,
        "status": it.status,
        "valid_from": it.valid_from,
        "valid_until": it.valid_until,
        "email_domains": it.email_domains,
        "merged_into": it.merged_into,
    })
}
