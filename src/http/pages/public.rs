//! Pages for everybody: start, directory of members, FAQ, terms, privacy, accessibility (product.md, step 0).

use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;

use super::organization_lists::{self as lists, Types};
use super::{Audience, ListQuery, PageContext, PageError, Routes, refused};
use crate::accounts;
use crate::affiliations;
use crate::affiliations::directory::admin;
use crate::templates::pages::{Accessibility, Faq, Members, Paging, Privacy, Start, Terms};

pub fn routes(routes: Routes) -> Routes {
    routes
        .at_with_head("/", get(start))
        .at("/members", Audience::Public, get(members))
        .at_with_head("/faq", get(faq))
        .at_with_head("/accessibility", get(accessibility))
        .at_with_head("/terms", get(terms))
        .at_with_head("/privacy", get(privacy))
}

async fn start(ctx: PageContext) -> Result<Response, PageError> {
    ctx.page(&Start {}).await
}

async fn faq(ctx: PageContext) -> Result<Response, PageError> {
    ctx.page(&Faq {}).await
}

async fn accessibility(ctx: PageContext) -> Result<Response, PageError> {
    ctx.page(&Accessibility {}).await
}

async fn terms(ctx: PageContext) -> Result<Response, PageError> {
    let terms = accounts::profile::terms(&ctx.app).await?;
    let page = Terms {
        version: terms.version,
        published_at: terms.effective_from,
    };
    ctx.page(&page).await
}

async fn privacy(ctx: PageContext) -> Result<Response, PageError> {
    let terms = accounts::profile::terms(&ctx.app).await?;
    let page = Privacy {
        version: terms.version,
        published_at: terms.effective_from,
    };
    ctx.page(&page).await
}

const MEMBERS: &str = "/members";
const FILTERS: [&str; 4] = ["q", "membership_type", "member_state", "category"];

async fn members(ctx: PageContext, query: ListQuery) -> Result<Response, PageError> {
    let types = Types::read(&ctx).await?.of_members();
    let mut page = Members {
        form: query.form(&FILTERS),
        membership_types: types.choices(&ctx),
        categories: lists::categories(),
        rows: None,
        paging: Paging::new(1, 1, 0, MEMBERS, &[]),
    };
    if !FILTERS.iter().any(|name| query.has(name)) {
        return ctx.page(&page).await;
    }
    match admin::search(&ctx.app, &ctx.actor_context(), &lists::search(&query)?).await {
        Ok(found) => {
            page.rows = Some(types.rows(&ctx, &found.rows));
            page.paging = lists::paging_of(&found, MEMBERS, &query, &FILTERS);
            ctx.page(&page).await
        }
        Err(affiliations::Error::Invalid(wrong)) => {
            page.form = refused(page.form, wrong);
            ctx.page_with(StatusCode::UNPROCESSABLE_ENTITY, &page).await
        }
        Err(other) => Err(other.into()),
    }
}
