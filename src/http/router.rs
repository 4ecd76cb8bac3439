//! Every URL of the service in one table, each with its audience (security.md G-4).

use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use axum::{Extension, Router};
use tower_http::catch_panic::CatchPanicLayer;

use super::error::PageError;
use super::pages;
use super::return_path::ReturnPaths;
use super::routes::{Audience, Routes};
use super::{assets, check_session, cors, dpop, interaction_id, layers, protocol, registration, submission};
use crate::app::App;
use crate::config::RegistrationMode;
use crate::oidc::endpoints;

pub fn router(app: &App) -> Router {
    router_with(app, |routes| routes)
}

/// With pages of one door alone (the demo's outbox): nothing is shown past the layers of all others.
pub fn router_with(app: &App, family: impl FnOnce(Routes) -> Routes) -> Router {
    let routes = routes(app).with(family);
    let guarded = |it: &&(&str, Audience)| !matches!(it.1, Audience::Public | Audience::Client);
    let return_paths = ReturnPaths::new(routes.table().iter().filter(guarded).map(|(path, _)| *path));
    routes
        .into_router()
        .fallback(async || PageError::NotFound)
        .method_not_allowed_fallback(async || PageError::MethodNotAllowed)
        .layer(from_fn_with_state(app.clone(), submission::once))
        .layer(from_fn_with_state(app.clone(), pages::errors::show))
        .layer(Extension(return_paths))
        .layer(CatchPanicLayer::custom(layers::on_panic))
        .layer(from_fn_with_state(app.clone(), layers::every_answer))
        .with_state(app.clone())
}

/// The table itself.
pub fn routes(app: &App) -> Routes {
    use Audience::Client;

    let clients = |endpoint| cors::for_public_clients(app, dpop::with_nonces(app, endpoint));
    Routes::new(app)
        .at_with_head(
            endpoints::OPENID_CONFIGURATION,
            cors::for_everybody(get(protocol::discovery)),
        )
        .at_with_head(
            endpoints::OAUTH_AUTHORIZATION_SERVER,
            cors::for_everybody(get(protocol::discovery)),
        )
        .at_with_head(endpoints::JWKS, cors::for_everybody(get(protocol::jwks)))
        .at(
            endpoints::PUSHED_AUTHORIZATION_REQUEST,
            Client,
            clients(post(protocol::pushed_authorization_request)),
        )
        .at(
            endpoints::DEVICE_AUTHORIZATION,
            Client,
            clients(post(protocol::device_authorization)),
        )
        .at(
            endpoints::BACKCHANNEL_AUTHENTICATION,
            Client,
            post(protocol::backchannel_authentication),
        )
        .at(endpoints::TOKEN, Client, clients(post(protocol::token)))
        .at(
            endpoints::USERINFO,
            Client,
            interaction_id::echoed(clients(get(protocol::userinfo).post(protocol::userinfo))),
        )
        .at(endpoints::INTROSPECTION, Client, post(protocol::introspection))
        .at(endpoints::REVOCATION, Client, clients(post(protocol::revocation)))
        .with(|it| match app.config.registration.mode {
            RegistrationMode::Off => it,
            RegistrationMode::Token | RegistrationMode::Open => self_registration(it),
        })
        .at_with_head(endpoints::CHECK_SESSION_IFRAME, get(check_session::page))
        .at_with_head("/assets/{file}", get(assets::asset))
        .with(pages::authorization::routes)
        .with(pages::device::routes)
        .with(pages::login::routes)
        .with(pages::logout::routes)
        .with(pages::passkey::routes)
        .with(pages::second_factor::routes)
        .with(pages::verify_email::routes)
        .with(pages::recovery::routes)
        .with(pages::signup::routes)
        .with(pages::organizations::routes)
        .with(pages::public::routes)
        .with(pages::account::routes)
        .with(pages::focal_point::routes)
        .with(pages::admin::routes)
}

fn self_registration(routes: Routes) -> Routes {
    let one = get(registration::show)
        .put(registration::replace)
        .delete(registration::delete);
    routes
        .at(
            endpoints::REGISTRATION,
            Audience::Client,
            post(registration::register),
        )
        .at(endpoints::CLIENT_CONFIGURATION, Audience::Client, one)
}
