//! `/demo/components`: shows the components of all pages, for those who change them. What its forms send is not looked at.

use axum::response::Response;
use axum::routing::get;

use crate::http::pages::{PageContext, PageError};
use crate::http::routes::{Audience, Routes};
use crate::paths;
use crate::templates::pages::Components;

pub fn routes(routes: Routes) -> Routes {
    routes.at(paths::DEMO_COMPONENTS, Audience::Public, get(show).post(back))
}

async fn show(ctx: PageContext) -> Result<Response, PageError> {
    let state = ctx.query("state").and_then(|it| it.parse().ok()).unwrap_or(1);
    let group = ctx.query("group").unwrap_or_default();
    ctx.page(&Components::at(&group, state)).await
}

async fn back(ctx: PageContext) -> Result<Response, PageError> {
    Ok(ctx.redirect(paths::DEMO_COMPONENTS))
}
