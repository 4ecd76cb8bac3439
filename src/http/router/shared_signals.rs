//! The URLs of Shared Signals, for clients that act on their own behalf.

use axum::routing::{get, post};

use crate::app::App;
use crate::http::routes::Audience::Client;
use crate::http::routes::Routes;
use crate::http::{cors, public_document, shared_signals};
use crate::oidc::endpoints;
use crate::oidc::shared_signals::metadata;

pub(super) fn routes(app: &App, routes: Routes) -> Routes {
    let configuration = metadata::document(&app.config);
    let streams = get(shared_signals::read)
        .post(shared_signals::create)
        .patch(shared_signals::update)
        .put(shared_signals::replace)
        .delete(shared_signals::delete);
    let status = get(shared_signals::read_status).post(shared_signals::change_status);
    routes
        .at_with_head(
            endpoints::SSF_CONFIGURATION,
            cors::for_everybody(public_document::constant(configuration)),
        )
        .at(endpoints::SSF_STREAMS, Client, streams)
        .at(endpoints::SSF_STATUS, Client, status)
        .at(
            endpoints::SSF_ADD_SUBJECT,
            Client,
            post(shared_signals::add_subject),
        )
        .at(
            endpoints::SSF_REMOVE_SUBJECT,
            Client,
            post(shared_signals::remove_subject),
        )
        .at(endpoints::SSF_VERIFICATION, Client, post(shared_signals::verify))
        .at(endpoints::SSF_POLL, Client, post(shared_signals::poll))
}
