//! Shows people their own account, and lets them change it (contract.md, `/account` and below).

pub mod data;
mod data_read;
pub mod deletion;
pub mod email;
pub mod history;
pub mod organization;
pub mod passkeys;
pub mod password;
pub mod profile;
pub mod recovery_codes;
pub mod requests;
pub mod required;
pub mod security;
pub mod services;
pub mod sessions;
pub mod totp;

use axum::response::Response;

use super::{PageContext, PageError, SignedIn, documents};
use crate::domain::session::Due;
use crate::templates::pages::AccountOverview;
use crate::{accounts, oidc};

/// Returns what comes before all else of the account: pages of the own data are open meanwhile, and lead back to it.
async fn first(ctx: &PageContext, person: &SignedIn) -> Result<Option<&'static str>, PageError> {
    let due = accounts::terms::due(&ctx.app, person.account()).await;
    Ok(match due.map_err(accounts::Error::from)? {
        Some(Due::Terms) => Some("terms"),
        Some(Due::Deletion) => Some("deletion"),
        Some(Due::EmailVerification) | None => None,
    })
}

pub async fn overview(ctx: PageContext, person: SignedIn) -> Result<Response, PageError> {
    let account = person.account();
    let place = organization::OwnOrganization::of(&ctx, account).await?;
    let sessions = accounts::sessions::list(&ctx.app, &account.id).await?;
    let services = oidc::service_use::list(&ctx.app, &account.id).await?;
    let page = AccountOverview {
        name: account.profile.full_name(),
        email: account.email.as_str().to_owned(),
        affiliation: place.affiliation,
        request: place.request,
        rights: place.rights,
        sessions: sessions.len() as u64,
        services: services.len() as u64,
        announced: documents::announced(&ctx),
    };
    ctx.page(&page).await
}
