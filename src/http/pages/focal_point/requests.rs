//! `/focal-point/{organization}/requests`: the queue of requests. What is ticked in it is decided on the page that says what
//! will happen (`requests_together`), one request on its own page (`affiliation_requests`).

use axum::extract::Path;
use axum::response::Response;
use serde::Deserialize;

use super::requests_together::{self, Decision};
use crate::affiliations::roster;
use crate::domain::OrganizationId;
use crate::http::pages::affiliation_filters::{FILTERS, PENDING, search_of_organization, status_or};
use crate::http::pages::affiliation_rows::{self as rows, request_row, workspace};
use crate::http::pages::paging::paging;
use crate::http::pages::{ListQuery, PageContext, PageError, PageForm};
use crate::paths;
use crate::templates::FormState;
use crate::templates::pages::FocalPointRequests;

pub async fn list(
    ctx: PageContext,
    Path(organization): Path<String>,
    query: ListQuery,
) -> Result<Response, PageError> {
    let mut page = of_organization(&ctx, &organization, &query).await?;
    let typed = ctx.form_or(FormState::default());
    page.form.notice = typed.notice;
    page.form.ticked = typed.ticked;
    if let Some(one) = typed.values.get("requests") {
        page.form.values.insert("requests".into(), one.clone());
    }
    page.decided_together = ctx.content();
    ctx.page(&page).await
}

async fn of_organization(
    ctx: &PageContext,
    organization: &str,
    query: &ListQuery,
) -> Result<FocalPointRequests, PageError> {
    let id = OrganizationId::new(organization);
    let search = search_of_organization(query)?;
    let (found, organization) = rows::of_organization(ctx, &id, &search).await?;
    let path = paths::focal_point_requests(&id);
    let mut form = query.form(&FILTERS);
    form.values
        .insert("status".into(), status_or(query, PENDING).to_owned());
    let row = |it| request_row(ctx, it, Some(&organization));
    Ok(FocalPointRequests {
        form,
        rows: found.entries.iter().map(row).collect(),
        paging: paging(&found, &path, query, &FILTERS),
        decided_together: None,
        has_domains: !organization.email_domains.is_empty(),
        organization: workspace(ctx, &organization).await?,
    })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ticked {
    decision: String,
    requests: Vec<String>,
}

/// Leads to the page that says what will happen to the requests that were ticked.
pub async fn choose(
    Path(organization): Path<String>,
    query: ListQuery,
    form: PageForm<Ticked>,
) -> Result<Response, PageError> {
    let PageForm { ctx, fields, typed } = form;
    let id = OrganizationId::new(organization.as_str());
    // The answer is 404 for a list that the GET would not show.
    let search = search_of_organization(&query)?;
    roster::require_to_list(&ctx.app, &ctx.actor_context(), &id, search.show).await?;
    let notice = match Decision::parse(&fields.decision) {
        None => "error.try_again",
        Some(_) if fields.requests.iter().all(String::is_empty) => "focal_point.bulk.none",
        Some(_) if fields.requests.len() as u64 > roster::LARGEST_PAGE => "error.try_again",
        Some(decision) => {
            let confirm = requests_together::address(&id, &query, decision, &fields.requests);
            return Ok(ctx.redirect(&confirm));
        }
    };
    ctx.again(typed.notice(notice)).await
}
