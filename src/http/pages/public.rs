//! Pages for everybody: start, directory of members, FAQ, accessibility (product.md, step 0).

use axum::http::StatusCode;
use axum::response::Response;

use super::organization_lists::{self as lists, Types};
use super::{ListQuery, PageContext, PageError, refused};
use crate::affiliations::{self, directory};
use crate::http::pages::paging::paging;
use crate::paths;
use crate::templates::pages::{Accessibility, Faq, Members, Paging, Start};

pub async fn start(ctx: PageContext) -> Result<Response, PageError> {
    ctx.page(&Start {}).await
}

pub async fn faq(ctx: PageContext) -> Result<Response, PageError> {
    ctx.page(&Faq {}).await
}

pub async fn accessibility(ctx: PageContext) -> Result<Response, PageError> {
    ctx.page(&Accessibility {}).await
}

/// Leads a password manager to the page that changes the password, by way of the login if need be.
pub async fn change_password(ctx: PageContext) -> Result<Response, PageError> {
    Ok(ctx.redirect(paths::ACCOUNT_PASSWORD))
}

const FILTERS: [&str; 4] = ["q", "membership_type", "member_state", "category"];

pub async fn members(ctx: PageContext, query: ListQuery) -> Result<Response, PageError> {
    let types = Types::read(&ctx).await?.of_members();
    let mut page = Members {
        form: query.form(&FILTERS),
        membership_types: types.choices(&ctx),
        categories: lists::categories(),
        rows: None,
        paging: Paging::new(1, 1, 0, paths::MEMBERS, &[]),
    };
    if !FILTERS.iter().any(|name| query.has(name)) {
        return ctx.page(&page).await;
    }
    match directory::members(&ctx.app, &ctx.actor_context(), &lists::search(&query)?).await {
        Ok(found) => {
            page.rows = Some(types.rows(&ctx, &found.rows));
            page.paging = paging(&found, paths::MEMBERS, &query, &FILTERS);
            ctx.page(&page).await
        }
        Err(affiliations::Error::Invalid(wrong)) => {
            page.form = refused(page.form, wrong);
            ctx.page_with(StatusCode::UNPROCESSABLE_ENTITY, &page).await
        }
        Err(other) => Err(other.into()),
    }
}
