//! `/admin` and below, for administrators whose session is fit for duty (security.md SE-2, 10): requests
//! that no Focal Point could decide, records that people typed in, organizations and their Focal
//! Points, recoveries through the ServiceDesk, the services, and the audit trail. Accounts are for support and auditors, too.

pub mod account_acts;
pub mod accounts;
pub mod audit;
mod audit_change;
pub mod clients;
pub mod keys;
pub mod mail;
pub mod mail_previews;
pub mod organizations;
pub mod organizations_import;
pub mod proposals;
pub mod recoveries;
pub mod revocations;

use axum::response::Response;

use super::{PageContext, PageError};
use crate::affiliations::directory::admin;
use crate::affiliations::roster;
use crate::oidc::clients::{ClientSearch, search};
use crate::templates::pages::AdminOverview;

pub async fn overview(ctx: PageContext) -> Result<Response, PageError> {
    let (app, context) = (&ctx.app, ctx.actor_context());
    let counts = admin::counts(app, &context).await?;
    let everything = ClientSearch {
        text: "",
        page: 1,
        size: 0,
    };
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
