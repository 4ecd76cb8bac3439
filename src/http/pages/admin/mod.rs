//! `/admin` and below, for administrators whose session is fit for duty (security.md SE-2, 10): requests
//! that no Focal Point could decide, records that people typed in, organizations and their Focal
//! Points, and the services.

mod clients;
mod organizations;
mod proposals;
mod requests;

use axum::response::Response;
use axum::routing::get;

use super::{Audience, PageContext, PageError, Routes};
use crate::affiliations::directory::admin;
use crate::affiliations::roster;
use crate::oidc::clients::{Search, search};
use crate::templates::pages::AdminOverview;

pub fn routes(routes: Routes) -> Routes {
    use Audience::Administrator;
    routes
        .at("/admin", Administrator, get(overview))
        .at("/admin/requests", Administrator, get(requests::list))
        .at(
            "/admin/requests/{id}",
            Administrator,
            get(requests::show).post(requests::decide),
        )
        .at("/admin/organizations", Administrator, get(organizations::list))
        .at(
            "/admin/organizations/{id}",
            Administrator,
            get(organizations::show).post(organizations::act),
        )
        .at(
            "/admin/organizations/{id}/confirm",
            Administrator,
            get(organizations::confirm).post(organizations::act),
        )
        .at("/admin/proposals", Administrator, get(proposals::list))
        .at(
            "/admin/proposals/{id}",
            Administrator,
            get(proposals::show).post(proposals::decide),
        )
        .at(
            "/admin/proposals/{id}/confirm",
            Administrator,
            get(proposals::confirm).post(proposals::decide),
        )
        .at("/admin/clients", Administrator, get(clients::list))
        .at("/admin/clients/{id}", Administrator, get(clients::show))
}

async fn overview(ctx: PageContext) -> Result<Response, PageError> {
    let (app, context) = (&ctx.app, ctx.actor_context());
    let counts = admin::counts(app, &context).await?;
    let everything = Search { text: "", page: 1 };
    let all_clients = search(app, &context, &everything)
        .await
        .map_err(PageError::internal)?;
    let page = AdminOverview {
        requests: roster::count_without_focal_point(app, &context).await?,
        proposals: counts.proposals,
        organizations: counts.organizations,
        clients: all_clients.total,
    };
    ctx.page(&page).await
}
