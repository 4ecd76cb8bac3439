//! The service that a page names: its name, logo and links (security.md DR-4), found by the client, by the handle of its
//! request, or by the request that a sign-up or a recovery keeps. Handlers of pages call it.

use crate::app::App;
use crate::domain::authorization::AuthorizationRequest;
use crate::domain::client::Client;
use crate::oidc::authorization::interaction_handle;
use crate::templates::Service;

/// Returns the service that a handle was made for, also when its request is over.
pub fn for_handle(app: &App, handle: &str) -> Option<Service> {
    let remembered = interaction_handle::open(app, handle)?;
    Some(for_client(
        app,
        &*app.registry.find(remembered.client_id.as_str())?,
    ))
}

/// Returns the service whose request a sign-up or a recovery keeps.
pub fn for_kept_request(app: &App, resume: &str) -> Option<Service> {
    let request: AuthorizationRequest = serde_json::from_str(resume).ok()?;
    Some(for_client(app, &*app.registry.find(request.client_id.as_str())?))
}

/// Returns what pages show of a client (security.md DR-4).
pub fn for_client(app: &App, client: &Client) -> Service {
    let metadata = &client.metadata;
    Service {
        name: client.name().to_owned(),
        logo_uri: metadata.logo_uri.clone(),
        policy_uri: metadata.policy_uri.clone(),
        tos_uri: metadata.tos_uri.clone(),
        client_uri: metadata.client_uri.clone(),
        back_uri: client.way_back(app.config.issuer.as_str()),
    }
}

/// Returns a service of which pages show only the name.
pub fn named(name: String) -> Service {
    Service {
        name,
        logo_uri: None,
        policy_uri: None,
        tos_uri: None,
        client_uri: None,
        back_uri: None,
    }
}
