//! `/focal-point/{organization}/people`: lists the people of the organization (security.md AF-6).

use axum::extract::Path;
use axum::response::Response;

use crate::affiliations::roster::{PeopleOrder, RosterSearch, Show};
use crate::affiliations::ties;
use crate::domain::OrganizationId;
use crate::http::pages::affiliation_rows::{self as rows, person_row, workspace};
use crate::http::pages::paging::paging;
use crate::http::pages::{ListQuery, PageContext, PageError};
use crate::paths;
use crate::templates::FormState;
use crate::templates::pages::FocalPointPeople;

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
    let search = RosterSearch {
        text: query.get("q"),
        show,
        order: PeopleOrder::Name,
        page: query.page()?,
        ..RosterSearch::default()
    };
    let id = OrganizationId::new(organization);
    let (found, organization) = rows::of_organization(&ctx, &id, &search).await?;
    let path = paths::focal_point_people(&id);
    let kinds = ties::kinds(&ctx.app).await?;
    let rows = found
        .entries
        .iter()
        .map(|it| person_row(&ctx, it, &kinds))
        .collect();
    let filters = ["q", "filter"];
    let page = FocalPointPeople {
        organization: workspace(&ctx, &organization).await?,
        form: FormState::new(filters.map(|name| (name, query.get(name)))),
        rows,
        paging: paging(&found, &path, &query, &filters),
    };
    ctx.page(&page).await
}
