//! `authorization_code` (RFC 6749 §4.1.3, RFC 7636 §4.6): one attempt, by its own client, whatever
//! comes of it; a replay ends what the code bought (security.md TK-1 to TK-3).

use super::issue::Authorized;
use super::redeem;
use crate::app::App;
use crate::domain::actor::Context;
use crate::domain::authorization::Grant;
use crate::domain::client::Client;
use crate::domain::token::Confirmation;
use crate::oidc::codes::{self, Taken};
use crate::oidc::mismatch::Mismatch;
use crate::oidc::{Error, Parameters, Result, pkce};

pub async fn redeem(
    app: &App,
    context: &Context,
    client: &Client,
    parameters: &Parameters,
    bound_to: Option<Confirmation>,
) -> Result<Authorized> {
    let code = parameters.required("code")?;
    let grant = match codes::take(app, code, &client.id).await? {
        Taken::Grant(grant) => *grant,
        Taken::Spent(authorization) => {
            return Err(redeem::replayed(app, context, client, &authorization).await?);
        }
        Taken::Unknown => return Err(Error::unusable_grant("an unknown or expired code")),
    };
    if grant.is_test {
        return Err(Error::unusable_grant("a code of a test login")); // AD-11
    }
    redeem_grant(app, client, grant, parameters, bound_to).await
}

/// Redeems the code of a test login, in the place of its client (security.md AD-11).
pub async fn redeem_in_test(
    app: &App,
    client: &Client,
    parameters: &Parameters,
    bound_to: Option<Confirmation>,
) -> Result<Authorized> {
    match codes::take(app, parameters.required("code")?, &client.id).await? {
        Taken::Grant(grant) if grant.is_test => redeem_grant(app, client, *grant, parameters, bound_to).await,
        _ => Err(Error::unusable_grant("no code of a test login, or a spent one")),
    }
}

async fn redeem_grant(
    app: &App,
    client: &Client,
    grant: Grant,
    parameters: &Parameters,
    bound_to: Option<Confirmation>,
) -> Result<Authorized> {
    // RFC 6749 §4.1.3: identical to the one of the authorization request, which always names one.
    let received = parameters.get("redirect_uri");
    if received != Some(grant.redirect_uri.as_str()) {
        let sent_to = std::slice::from_ref(&grant.redirect_uri);
        let refused = Error::unusable_grant("another redirect_uri than the one the code was sent to");
        return Err(refused.about(Mismatch::of_uri("redirect_uri", received, sent_to)));
    }
    pkce::verify(grant.code_challenge.as_deref(), parameters.get("code_verifier"))?;
    redeem::grant(app, client, grant, parameters, bound_to).await
}
