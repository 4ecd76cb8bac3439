//! The audience of an access token: the resources that it is for (RFC 8707 §2.2), and what it allows there in detail
//! (RFC 9396 §6, §7). Every grant uses it, and so do the endpoints that make a grant for another device.

use crate::app::App;
use crate::domain::authorization::Grant;
use crate::domain::authorization_details::{AuthorizationDetails, BadDetails};
use crate::domain::client::Client;
use crate::domain::resource::{self, BadTarget};
use crate::oidc::{Error, Parameters, Result};

#[derive(Clone, Debug, Default)]
pub struct Audience {
    /// The resources; none: us.
    pub resources: Vec<String>,
    pub details: AuthorizationDetails,
}

impl Audience {
    /// Returns all that a grant is for.
    pub fn of_grant(client: &Client, grant: &Grant) -> Result<Self> {
        let registered = &client.settings.resources;
        let resources = resource::audience(&grant.resources, &[], registered).map_err(foreign)?;
        Ok(Self {
            details: grant.details.at(&resources),
            resources,
        })
    }

    /// Returns the part of a grant that a request at the token endpoint asks for.
    pub fn requested(app: &App, client: &Client, grant: &Grant, parameters: &Parameters) -> Result<Self> {
        let registered = &client.settings.resources;
        let wanted = parameters.all("resource");
        let resources = resource::audience(&grant.resources, &wanted, registered).map_err(foreign)?;
        // G-10: a type that is registered no longer is not granted any more.
        let granted = grant
            .details
            .of_types(&client.settings.authorization_details_types);
        let details = narrowed_details(app, client, &granted, parameters)?.at(&resources);
        Ok(Self { resources, details })
    }

    /// Returns what a client asks for on its own behalf, or for a grant in the making: the registration alone limits
    /// it.
    pub fn of_client(app: &App, client: &Client, parameters: &Parameters) -> Result<Self> {
        let details = details_of(app, client, parameters)?.unwrap_or_default();
        let resources = registered_resources(client, &parameters.all("resource"))?;
        Ok(Self {
            details: details.at(&resources),
            resources,
        })
    }
}

/// Returns the requested resources that the client may have tokens for.
pub fn registered_resources(client: &Client, asked: &[String]) -> Result<Vec<String>> {
    let asked = asked.iter().map(String::as_str);
    resource::within(asked, &client.settings.resources).map_err(foreign)
}

/// Returns the details that the request asks for of those that were granted.
pub fn narrowed_details(
    app: &App,
    client: &Client,
    granted: &AuthorizationDetails,
    parameters: &Parameters,
) -> Result<AuthorizationDetails> {
    match details_of(app, client, parameters)? {
        Some(asked) => granted.narrowed(asked).map_err(wrong),
        None => Ok(granted.clone()),
    }
}

/// Reads the parameter, if it was sent.
fn details_of(app: &App, client: &Client, parameters: &Parameters) -> Result<Option<AuthorizationDetails>> {
    let Some(text) = parameters.get("authorization_details") else {
        return Ok(None);
    };
    let types = &app.config.authorization.details;
    let registered = &client.settings.authorization_details_types;
    AuthorizationDetails::parse(text, types, registered)
        .map(Some)
        .map_err(wrong)
}

fn foreign(error: BadTarget) -> Error {
    Error::invalid_target(error.to_string())
}

fn wrong(error: BadDetails) -> Error {
    Error::invalid_authorization_details(error.to_string())
}
