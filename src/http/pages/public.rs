//! Pages for everybody: start, directory of members, FAQ, terms, privacy, accessibility (product.md, step 0).

use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;

use super::organization_lists::{self as lists, Types};
use super::{Audience, ListQuery, PageError, Routes, Visit, refused};
use crate::accounts;
use crate::affiliations::{self, records};
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

async fn start(visit: Visit) -> Result<Response, PageError> {
    visit.page(&Start {}).await
}

async fn faq(visit: Visit) -> Result<Response, PageError> {
    visit.page(&Faq {}).await
}

async fn accessibility(visit: Visit) -> Result<Response, PageError> {
    visit.page(&Accessibility {}).await
}

async fn terms(visit: Visit) -> Result<Response, PageError> {
    let terms = accounts::profile::terms(&visit.app).await?;
    let page = Terms {
        version: terms.version,
        published_at: terms.effective_from,
    };
    visit.page(&page).await
}

async fn privacy(visit: Visit) -> Result<Response, PageError> {
    let terms = accounts::profile::terms(&visit.app).await?;
    let page = Privacy {
        version: terms.version,
        published_at: terms.effective_from,
    };
    visit.page(&page).await
}

const MEMBERS: &str = "/members";
const FILTERS: [&str; 4] = ["q", "membership_type", "member_state", "category"];

async fn members(visit: Visit, query: ListQuery) -> Result<Response, PageError> {
    let types = Types::read(&visit).await?.of_members();
    let mut page = Members {
        form: query.form(&FILTERS),
        membership_types: types.choices(&visit),
        categories: lists::categories(),
        rows: None,
        paging: Paging::new(1, 1, 0, MEMBERS, &[]),
    };
    if !FILTERS.iter().any(|name| query.has(name)) {
        return visit.page(&page).await;
    }
    match records::search(&visit.app, &visit.context(), &lists::search(&query)?).await {
        Ok(found) => {
            page.rows = Some(types.rows(&visit, &found.rows));
            page.paging = lists::paging_of(&found, MEMBERS, &query, &FILTERS);
            visit.page(&page).await
        }
        Err(affiliations::Error::Invalid(wrong)) => {
            page.form = refused(page.form, wrong);
            visit.page_with(StatusCode::UNPROCESSABLE_ENTITY, &page).await
        }
        Err(other) => Err(other.into()),
    }
}
