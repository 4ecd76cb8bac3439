//! `/focal-point/{organization}/people`: who belongs to the organization (security.md AF-6).

use axum::extract::Path;
use axum::response::Response;

use super::super::organization_lists as lists;
use super::super::{ListQuery, PageContext, PageError};
use super::{page, waits};
use crate::affiliations::roster::{Entry, PeopleOrder, Search, Show};
use crate::affiliations::ties;
use crate::domain::OrganizationId;
use crate::domain::ties::{RightType, TiesStatus};
use crate::paths;
use crate::templates::FormState;
use crate::templates::pages::{FocalPointPeople, PersonRow};

pub async fn list(
    ctx: PageContext,
    Path(organization): Path<String>,
    query: ListQuery,
) -> Result<Response, PageError> {
    let show = match query.get("filter") {
        "" => Show::People,
        "focal_points" => Show::FocalPoints,
        "ties_waiting" => Show::TiesRequests,
        _ => return Err(PageError::NotFound),
    };
    let search = Search {
        text: query.get("q"),
        show,
        order: PeopleOrder::Name,
        page: query.page()?,
        ..Search::default()
    };
    let (found, organization) = page(&ctx, &organization, &search).await?;
    let path = paths::focal_point_people(&OrganizationId::new(organization.id.as_str()));
    let kinds = ties::kinds(&ctx.app).await?;
    let rows = found.entries.iter().map(|it| row(&ctx, it, &kinds)).collect();
    let filters = ["q", "filter"];
    let page = FocalPointPeople {
        organization,
        form: FormState::new(filters.map(|name| (name, query.get(name)))),
        rows,
        paging: lists::paging(found.page, found.size, found.total, &path, &query, &filters),
    };
    ctx.page(&page).await
}

pub(super) fn row(ctx: &PageContext, it: &Entry, kinds: &[RightType]) -> PersonRow {
    let affiliation = &it.person.affiliation;
    let granted = |kind: &RightType| {
        let mut rights = it.rights.iter();
        rights.any(|it| it.right == kind.name && it.status() == TiesStatus::Granted)
    };
    let language = ctx.locale().as_str();
    PersonRow {
        id: affiliation.account.as_str().to_owned(),
        name: it.person.full_name(),
        email: it.person.email.clone(),
        job_title: it.person.job_title.clone(),
        since: affiliation.since().unwrap_or(affiliation.requested_at),
        rights: kinds
            .iter()
            .filter(|kind| granted(kind))
            .map(|kind| kind.label(language).to_owned())
            .collect(),
        is_focal_point: it.person.is_focal_point,
        waiting: waits(it),
    }
}
