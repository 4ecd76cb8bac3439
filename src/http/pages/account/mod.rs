//! What a person sees and changes of the own account (contract.md, `/account` and below).

mod organization;
mod passkeys;
mod profile;
mod recovery_codes;
mod requests;
mod security;
mod services;
mod sessions;
mod totp;

use axum::response::Response;
use axum::routing::get;

use super::{Audience, PageContext, PageError, Routes, SignedIn};
use crate::templates::pages::AccountOverview;
use crate::{accounts, oidc};

pub fn routes(routes: Routes) -> Routes {
    use Audience::SignedIn;
    routes
        .at("/account", SignedIn, get(overview))
        .at(
            "/account/profile",
            SignedIn,
            get(profile::show).post(profile::save),
        )
        .at(
            "/account/organization",
            SignedIn,
            get(organization::show).post(organization::act),
        )
        .at(
            "/account/organization/confirm",
            SignedIn,
            get(organization::confirm).post(organization::act),
        )
        .at(
            "/account/organization/change",
            SignedIn,
            get(organization::ask).post(organization::submit),
        )
        .at(
            "/account/security",
            SignedIn,
            get(security::show).post(security::change),
        )
        .at(
            "/account/security/totp",
            SignedIn,
            get(totp::show).post(totp::act),
        )
        .at(
            "/account/security/totp/confirm",
            SignedIn,
            get(totp::confirm).post(totp::act),
        )
        .at(
            "/account/security/passkeys",
            SignedIn,
            get(passkeys::show).post(passkeys::act),
        )
        .at(
            "/account/security/passkeys/confirm",
            SignedIn,
            get(passkeys::confirm).post(passkeys::act),
        )
        .at(
            "/account/security/recovery-codes",
            SignedIn,
            get(recovery_codes::show).post(recovery_codes::saved),
        )
        .at(
            "/account/security/recovery-codes.txt",
            SignedIn,
            get(recovery_codes::download),
        )
        .at(
            "/account/sessions",
            SignedIn,
            get(sessions::show).post(sessions::end),
        )
        .at(
            "/account/sessions/confirm",
            SignedIn,
            get(sessions::confirm).post(sessions::end),
        )
        .at(
            "/account/services",
            SignedIn,
            get(services::show).post(services::withdraw),
        )
        .at(
            "/account/services/confirm",
            SignedIn,
            get(services::confirm).post(services::withdraw),
        )
        .at(
            "/account/requests",
            SignedIn,
            get(requests::show).post(requests::decide),
        )
}

async fn overview(ctx: PageContext, person: SignedIn) -> Result<Response, PageError> {
    let account = person.account();
    let place = organization::Place::of(&ctx, account).await?;
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
    };
    ctx.page(&page).await
}
