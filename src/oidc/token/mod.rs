//! The token endpoint (RFC 6749 §3.2, OpenID Connect Core §3.1.3). This file dispatches by `grant_type` and is used by
//! none of its children. Each grant has a file, which returns one value, [`issue::Authorized`]; `issue` is the one mint.

pub mod audience;
mod authorization_code;
mod ciba;
mod client_credentials;
mod device_code;
pub mod issue;
mod polling;
mod redeem;
mod refresh_family;
mod refresh_token;
mod response;
mod scope;
mod subject;
mod token_exchange;

pub use response::TokenResponse;
pub use subject::standing_of_grant;

use super::sender_constraint::{self, PresentedProof};
use super::{Code, Error, Parameters, Result, client_keys};
use crate::app::App;
use crate::domain::actor::Context;
use crate::domain::client::{Client, GrantType};
use crate::domain::client_use::CountedUse;
use crate::limits::Limit;
use crate::oidc::mismatch::Mismatch;

/// Exchanges a grant for tokens. The client is authenticated; what its tokens are bound to is verified here. A refusal is
/// counted for its owner.
pub async fn exchange(
    app: &App,
    context: &Context,
    client: &Client,
    parameters: &Parameters,
    proof: &PresentedProof,
) -> Result<TokenResponse> {
    let answer = granted(app, context, client, parameters, proof).await;
    let refused = answer.as_ref().err().map(Error::code);
    let grant_type = parameters.get("grant_type").and_then(GrantType::parse);
    app.metrics.token_request(grant_type, refused.map(Code::as_str));
    if refused.is_some_and(is_mistake) {
        app.count_use(&client.id, CountedUse::Token);
    }
    answer
}

/// Exchanges the code of a test login, in the place of its client (security.md AD-11). No secret is needed, and nothing is
/// counted for the owner.
pub async fn exchange_in_test(
    app: &App,
    client: &Client,
    parameters: &Parameters,
    proof: &PresentedProof,
) -> Result<TokenResponse> {
    let bound_to = sender_constraint::verify(app, client, proof).await?;
    client_keys::ready_for_id_token(app, client).await?;
    let authorized = authorization_code::redeem_in_test(app, client, parameters, bound_to).await?;
    issue::tokens(app, client, authorized).await
}

/// Returns `false` for what a client hears that does as it should: a person has not decided yet, a nonce is to be taken, or
/// the mistake is ours.
fn is_mistake(code: Code) -> bool {
    !matches!(
        code,
        Code::AuthorizationPending
            | Code::SlowDown
            | Code::UseDpopNonce
            | Code::ServerError
            | Code::TemporarilyUnavailable
    )
}

async fn granted(
    app: &App,
    context: &Context,
    client: &Client,
    parameters: &Parameters,
    proof: &PresentedProof,
) -> Result<TokenResponse> {
    let name = parameters
        .get("grant_type")
        .ok_or_else(|| Error::invalid_request("grant_type is missing"))?;
    let unsupported = || Error::unsupported_grant_type("This grant_type is not supported here");
    let grant_type = GrantType::parse(name)
        // `implicit` is a word of registration only.
        .filter(|it| *it != GrantType::Implicit)
        .ok_or_else(unsupported)?;
    if !client.may_use(grant_type) {
        // RFC 6749 §5.2
        let mismatch = Mismatch::new("grant_type", name, &client.metadata.grant_types);
        let refused = Error::unauthorized_client("The client is not registered for this grant_type");
        return Err(refused.about(mismatch));
    }
    if client.is_public() && proof.dpop.proof.is_some() {
        // Anybody can be a public client, and each proof is remembered (security.md DS-3).
        app.limits.count(Limit::Interactions, &context.network).await?;
    }
    // RFC 9449 §8: the proof is verified before the grant is touched: a client without a nonce comes again with the
    // same code.
    let bound_to = sender_constraint::verify(app, client, proof).await?;
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
        GrantType::Implicit => return Err(unsupported()),
    };
    issue::tokens(app, client, authorized).await
}
