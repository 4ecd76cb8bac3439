//! Rows of the lists of affiliation requests and of people, for the pages of Focal Points and of administrators.

use super::{PageContext, PageError};
use crate::affiliations::request_facts::days_since;
use crate::affiliations::roster::{self, Entry, RosterPage, RosterSearch};
use crate::domain::OrganizationId;
use crate::domain::affiliation::{AffiliationStatus, OVERDUE_AFTER};
use crate::domain::organization::{AddressDomain, Organization};
use crate::domain::ties::{RightType, TiesStatus};
use crate::templates::pages::{PersonRow, RequestRow, Workspace};

/// Reads a page of a list of one organization.
pub async fn of_organization(
    ctx: &PageContext,
    id: &OrganizationId,
    search: &RosterSearch<'_>,
) -> Result<(RosterPage, Organization), PageError> {
    let context = ctx.actor_context();
    let page = roster::list(&ctx.app, &context, id, search).await?;
    let organization = roster::organization(&ctx.app, &context, id).await?;
    Ok((page, organization))
}

/// Returns the head of the pages about an organization: its name, and what waits under each tab.
pub async fn workspace(ctx: &PageContext, organization: &Organization) -> Result<Workspace, PageError> {
    let waiting = roster::count_waiting(&ctx.app, &ctx.actor_context(), &organization.id).await?;
    Ok(Workspace {
        id: organization.id.as_str().to_owned(),
        name: organization.name.clone(),
        requests: waiting.affiliations,
        ties: waiting.ties,
    })
}

/// Returns the row of a request. Whether the address is a foreign one is shown where the organization is known.
pub fn request_row(ctx: &PageContext, entry: &Entry, organization: Option<&Organization>) -> RequestRow {
    let affiliation = &entry.person.affiliation;
    let email = &entry.person.email;
    let is_pending = affiliation.status() == AffiliationStatus::Pending;
    let domain = organization.map(|it| it.address_domain(email));
    RequestRow {
        id: affiliation.id.as_str().to_owned(),
        name: entry.person.full_name(),
        email: email.clone(),
        job_title: entry.person.job_title.clone(),
        requested_at: affiliation.requested_at,
        days: is_pending.then(|| days_since(&ctx.app, affiliation)),
        is_overdue: ctx.app.clock.now() - affiliation.requested_at >= OVERDUE_AFTER,
        status: affiliation.status().as_str().to_owned(),
        request_ties: waits(entry),
        foreign_address: is_pending && domain == Some(AddressDomain::Foreign),
        organization: None,
        decidable: is_pending && !entry.own,
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
