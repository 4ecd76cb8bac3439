//! `/focal-point/{organization}/people`: lists the people of the organization (security.md AF-6), and sends them as a file.

use axum::extract::Path;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use crate::affiliations::roster::{PeopleOrder, RosterSearch, Show};
use crate::affiliations::{people_file, ties};
use crate::domain::OrganizationId;
use crate::http::pages::affiliation_rows::{self as rows, person_row, workspace};
use crate::http::pages::paging::paging;
use crate::http::pages::{ListQuery, PageContext, PageError};
use crate::paths;
use crate::templates::FormState;
use crate::templates::pages::FocalPointPeople;

const FILTERS: [&str; 2] = ["q", "filter"];

fn search(query: &ListQuery) -> Result<RosterSearch<'_>, PageError> {
    let show = match query.get("filter") {
        "" => Show::People,
        "focal_points" => Show::FocalPoints,
        "ties_waiting" => Show::TiesRequests,
        _ => return Err(PageError::NotFound),
    };
    Ok(RosterSearch {
        text: query.get("q"),
        show,
        order: PeopleOrder::Name,
        ..RosterSearch::default()
    })
}

/// Sends the people that the list shows, all of its pages, as a table for spreadsheets.
pub async fn file(
    ctx: PageContext,
    Path(organization): Path<String>,
    query: ListQuery,
) -> Result<Response, PageError> {
    let id = OrganizationId::new(organization);
    let file = people_file::write(&ctx.app, &ctx.actor_context(), &id, &search(&query)?).await?;
    let mut response = file.into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/csv; charset=utf-8"),
    );
    headers.insert(
        header::CONTENT_DISPOSITION,
        HeaderValue::from_static("attachment; filename=\"people.csv\""),
    );
    Ok(ctx.send(response))
}

pub async fn list(
    ctx: PageContext,
    Path(organization): Path<String>,
    query: ListQuery,
) -> Result<Response, PageError> {
    let search = RosterSearch {
        page: query.page()?,
        ..search(&query)?
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
    let values = FILTERS.map(|name| (name, query.get(name)));
    let filtered = values.iter().filter(|(_, value)| !value.is_empty());
    let file = filtered.fold(paths::focal_point_people_file(&id), |to, (name, value)| {
        paths::with_parameter(&to, name, value)
    });
    let page = FocalPointPeople {
        file,
        organization: workspace(&ctx, &organization).await?,
        form: FormState::new(values),
        rows,
        paging: paging(&found, &path, &query, &FILTERS),
    };
    ctx.page(&page).await
}
