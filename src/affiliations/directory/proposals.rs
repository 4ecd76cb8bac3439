//! Organizations that are not in the directory: a person proposes one in the sign-up or later, an administrator accepts or
//! rejects it (security.md SU-6). What the change means for its people is in `membership_change`, merging a proposal into
//! an organization that exists in `merge`.

use super::membership_change::{change, find_to_change, open_affiliations};
use super::{audit, selection};
use crate::affiliations::Error;
use crate::affiliations::lifecycle::{authority, transitions};
use crate::affiliations::notifications::person;
use crate::app::{App, Tx};
use crate::domain::actor::Context;
use crate::domain::affiliation::Capacity;
use crate::domain::event::{Action, Event};
use crate::domain::message::FieldErrors;
use crate::domain::organization::{
    Category, Country, MembershipType, Organization, OrganizationStatus, Sector,
};
use crate::domain::signup::TypedOrganization;
use crate::domain::{AccountId, MembershipTypeId, OrganizationId, text};
use crate::i18n::countries;
use crate::random;
use crate::storage::{membership_types, organizations};

/// Writes an organization that a person typed: a non-member, until an administrator says otherwise (SU-6).
pub(in crate::affiliations) async fn propose(
    tx: &Tx,
    by: &AccountId,
    typed: &TypedOrganization,
) -> Result<Organization, Error> {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let organization = Organization {
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
        created_at: tx.now(),
        updated_at: tx.now(),
        version: 1,
    };
    organizations::insert(tx, std::slice::from_ref(&organization)).await?;
    let event = Event::new(Action::OrganizationProposed, audit::object(&organization.id))
        .within(&organization.id)
        .change(serde_json::Value::Null, audit::state(&organization));
    tx.record(event).await?;
    Ok(organization)
}

/// The values that an administrator corrects.
#[derive(Clone, Debug)]
pub struct Correction<'a> {
    pub name: &'a str,
    pub acronym: &'a str,
    pub membership_type: &'a str,
    pub category: &'a str,
    pub member_state: &'a str,
    pub website: &'a str,
    /// The sectors; `None` keeps them.
    pub sectors: Option<&'a [&'a str]>,
}

/// Takes a proposal into the directory, corrected. If it turns out to be a member, its Focal Points are asked about its
/// people (AF-1).
pub async fn accept(
    app: &App,
    context: &Context,
    id: &OrganizationId,
    correction: &Correction<'_>,
    reason: &str,
) -> Result<(), Error> {
    authority::require_administrator(app, context).await?;
    let reason = authority::parse_reason(reason)?;
    app.write(context, async |tx| {
        let before = find_to_change(tx, id).await?;
        if before.status != OrganizationStatus::Proposed {
            return Err(Error::Conflict);
        }
        let mut after = corrected(tx, &before, correction).await?;
        after.status = OrganizationStatus::Active;
        change(tx, &before, after, Action::OrganizationAccepted, reason.clone()).await?;
        person::proposal_decided(tx, &before, Some(&before.id), reason.clone()).await
    })
    .await
}

/// Rejects a proposal. Whoever said to belong to it belongs to none.
pub async fn reject(app: &App, context: &Context, id: &OrganizationId, reason: &str) -> Result<(), Error> {
    authority::require_administrator(app, context).await?;
    let reason = authority::parse_reason(reason)?;
    app.write(context, async |tx| {
        let before = find_to_change(tx, id).await?;
        if before.status != OrganizationStatus::Proposed {
            return Err(Error::Conflict);
        }
        let mut after = before.clone();
        after.status = OrganizationStatus::Rejected;
        for affiliation in open_affiliations(tx, &before.id).await? {
            let end = authority::decision_by_actor(tx, Capacity::Administrator, reason.clone());
            let ended = affiliation.clone().withdraw(end)?;
            transitions::transition(tx, &affiliation, &ended, &before).await?;
        }
        change(tx, &before, after, Action::OrganizationChanged, reason.clone()).await?;
        person::proposal_decided(tx, &before, None, reason.clone()).await
    })
    .await
}

async fn corrected(
    tx: &Tx,
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
        Some(found) => after.membership_type = found.id,
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
