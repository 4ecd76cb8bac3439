//! Pages for everybody: start, directory of members, FAQ, terms, privacy, accessibility (product.md, step 0).

use axum::extract::Query;
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;

use super::organization_lists as lists;
use super::{Audience, PageError, Routes, Visit};
use crate::accounts;
use crate::affiliations::organizations::{self, Search};
use crate::templates::pages::{Accessibility, Faq, Members, Paging, Privacy, Start, Terms};
use crate::templates::FormState;

/// Rows on a page of the directory.
const SIZE: u64 = 25;

pub fn routes(routes: Routes) -> Routes {
    use Audience::Public;
    routes
        .at("/", Public, get(start))
        .at("/members", Public, get(members))
        .at("/faq", Public, get(faq))
        .at("/accessibility", Public, get(accessibility))
        .at("/terms", Public, get(terms))
        .at("/privacy", Public, get(privacy))
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
    visit.page(&Terms { version: terms.version, published_at: terms.effective_from }).await
}

async fn privacy(visit: Visit) -> Result<Response, PageError> {
    let terms = accounts::profile::terms(&visit.app).await?;
    visit.page(&Privacy { version: terms.version, published_at: terms.effective_from }).await
}
