//! The token endpoint (RFC 6749 §3.2, OpenID Connect Core §3.1.3): one file per grant, one value out
//! of them all, one mint.

mod authorization_code;
mod ciba;
mod client_credentials;
mod device_code;
mod granted;
pub mod issue;
mod person;
mod polling;
mod refresh_token;
mod token_exchange;
pub mod target;

use serde::Serialize;

use super::possession::{self, Possession};
use super::{Error, Parameters, Result, client_keys};
use crate::app::App;
use crate::domain::actor::Context;
use crate::domain::authorization_details::AuthorizationDetails;
use crate::domain::client::{Client, GrantType};
use crate::domain::scope::Scope;
use crate::limits::Limit;
use crate::oidc::mismatch::Mismatch;

/// A successful answer (RFC 6749 §5.1). Whoever sends it forbids to store it.
#[derive(Serialize)]
pub struct TokenResponse {
    pub access_token: String,
    pub token_type: &'static str,
    pub expires_in: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,
    /// Always told: it may be less than was asked for (contract.md). None has no form (RFC 6749 §3.3): a machine's
    /// token that is for nothing but its client.
    #[serde(skip_serializing_if = "Scope::is_empty")]
    pub scope: Scope,
    /// As granted (RFC 9396 §7).
    #[serde(skip_serializing_if = "AuthorizationDetails::is_empty")]
    pub authorization_details: AuthorizationDetails,
    /// What a token exchange came to (RFC 8693 §2.2.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issued_token_type: Option<&'static str>,
}

/// Exchanges a grant for tokens. The client has been proved; what its tokens are to be bound to is
/// proved here.
pub async fn exchange(
    app: &App,
    context: &Context,
    client: &Client,
    parameters: &Parameters,
    shown: &Possession,
) -> Result<TokenResponse> {
    let name = parameters
        .get("grant_type")
        .ok_or_else(|| Error::invalid_request("grant_type is missing"))?;
    let grant_type = GrantType::parse(name)
        // `implicit` is a word of registration only.
        .filter(|it| *it != GrantType::Implicit)
        .ok_or_else(|| Error::unsupported_grant_type("This grant_type is not supported here"))?;
    if !client.may_use(grant_type) {
        // RFC 6749 §5.2
        let mismatch = Mismatch::new("grant_type", name, &client.metadata.grant_types);
        let refused = Error::unauthorized_client("The client is not registered for this grant_type");
        return Err(refused.about(mismatch));
    }
    if client.is_public() && shown.dpop.proof.is_some() {
        // Anybody can be a public client, and each proof is remembered (security.md DS-3).
        app.limits.count(Limit::Interactions, &context.network).await?;
    }
    // Before the grant is touched: who is asked for a nonce comes again with the same code (RFC 9449 §8).
    let bound_to = possession::prove(app, client, shown).await?;
    if ![GrantType::ClientCredentials, GrantType::TokenExchange].contains(&grant_type) {
        client_keys::ready_for_id_token(app, client).await?;
    }
    let authorized = match grant_type {
        GrantType::AuthorizationCode => {
            authorization_code::redeem(app, context, client, parameters, bound_to).await?
        }
        GrantType::RefreshToken => refresh_token::rotate(app, context, client, parameters, bound_to).await?,
        GrantType::DeviceCode => device_code::redeem(app, context, client, parameters, bound_to).await?,
        GrantType::Ciba => ciba::redeem(app, context, client, parameters, bound_to).await?,
        GrantType::ClientCredentials => {
            return client_credentials::grant(app, client, parameters, bound_to);
        }
        GrantType::TokenExchange => {
            return token_exchange::grant(app, context, client, parameters, bound_to).await;
        }
        GrantType::Implicit => return Err(Error::unsupported_grant_type("implicit has no token request")),
    };
    issue::tokens(app, client, authorized).await
}

fn required<'a>(parameters: &'a Parameters, name: &str) -> Result<&'a str> {
    parameters
        .get(name)
        .ok_or_else(|| Error::invalid_request(format!("{name} is missing")))
}
