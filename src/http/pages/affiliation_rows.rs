//! Rows of the lists of affiliation requests and of people, for the pages of Focal Points and of administrators.

use super::{PageContext, PageError};
use crate::affiliations::roster::{self, Entry, RosterPage, RosterSearch};
use crate::domain::OrganizationId;
use crate::domain::affiliation::AffiliationStatus;
use crate::domain::organization::Organization;
use crate::domain::ties::{RightType, TiesStatus};
use crate::templates::pages::{OrganizationRef, PersonRow, RequestRow};

/// Reads a page of a list of one organization.
pub async fn of_organization(
    ctx: &PageContext,
    id: &OrganizationId,
    search: &RosterSearch<'_>,
) -> Result<(RosterPage, OrganizationRef), PageError> {
    let context = ctx.actor_context();
    let page = roster::list(&ctx.app, &context, id, search).await?;
    let organization = roster::organization(&ctx.app, &context, id).await?;
    Ok((page, reference(&organization)))
}

pub fn reference(organization: &Organization) -> OrganizationRef {
    OrganizationRef {
        id: organization.id.as_str().to_owned(),
        name: organization.name.clone(),
    }
}

pub fn request_row(entry: &Entry) -> RequestRow {
    RequestRow {
        id: entry.person.affiliation.id.as_str().to_owned(),
        name: entry.person.full_name(),
        email: entry.person.email.clone(),
        job_title: entry.person.job_title.clone(),
        requested_at: entry.person.affiliation.requested_at,
        status: entry.person.affiliation.status().as_str().to_owned(),
        request_ties: waits(entry),
        organization: None,
        decidable: entry.person.affiliation.status() == AffiliationStatus::Pending && !entry.own,
    }
}

/// Returns `true` if TIES rights wait for a decision.
pub fn waits(entry: &Entry) -> bool {
    entry.rights.iter().any(|it| it.status() == TiesStatus::Requested)
}

pub fn person_row(ctx: &PageContext, entry: &Entry, kinds: &[RightType]) -> PersonRow {
    let affiliation = &entry.person.affiliation;
    let granted = |kind: &RightType| {
        let mut rights = entry.rights.iter();
        rights.any(|it| it.right == kind.name && it.status() == TiesStatus::Granted)
    };
    let language = ctx.locale().as_str();
    PersonRow {
        id: affiliation.account.as_str().to_owned(),
        name: entry.person.full_name(),
        email: entry.person.email.clone(),
        job_title: entry.person.job_title.clone(),
        since: affiliation.since().unwrap_or(affiliation.requested_at),
        rights: kinds
            .iter()
            .filter(|kind| granted(kind))
            .map(|kind| kind.label(language).to_owned())
            .collect(),
        is_focal_point: entry.person.is_focal_point,
        waiting: waits(entry),
    }
}
