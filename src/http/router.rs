//! Every URL of the service in one table, each with its audience (security.md G-4).

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use tower_http::catch_panic::CatchPanicLayer;

use super::error::PageError;
use super::pages::{self, destination};
use super::routes::{Audience, Routes};
use super::{assets, layers};
use crate::app::App;

pub fn router(app: &App) -> Router {
    let routes = routes(app);
    destination::know(routes.table());
    routes
        .into_router()
        .fallback(async || PageError::NotFound)
        .method_not_allowed_fallback(async || PageError::MethodNotAllowed)
        .layer(from_fn_with_state(app.clone(), pages::errors::show))
        .layer(CatchPanicLayer::custom(layers::on_panic))
        .layer(from_fn_with_state(app.clone(), layers::every_answer))
        .with_state(app.clone())
}

fn routes(app: &App) -> Routes {
    use Audience::Public;

    Routes::new(app).at("/assets/{file}", Public, get(assets::asset))
}
