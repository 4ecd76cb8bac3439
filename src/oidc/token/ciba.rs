//! `urn:openid:params:grant-type:ciba` (CIBA §10.1, §11): the service asks whether its person has decided. An approved
//! request is redeemed once; presented again, the `auth_req_id` ends what it bought (TK-2).

use super::issue::Authorized;
use super::{polling, redeem};
use crate::app::App;
use crate::domain::AuthenticationRequestId;
use crate::domain::actor::Context;
use crate::domain::authorization::Grant;
use crate::domain::backchannel_authentication::Stage;
use crate::domain::client::Client;
use crate::domain::token::Confirmation;
use crate::oidc::backchannel_authentication::key;
use crate::oidc::{Error, Parameters, Result};
use crate::storage::authentication_requests as rows;
use crate::storage::ephemeral::Kind;

pub async fn redeem(
    app: &App,
    context: &Context,
    client: &Client,
    parameters: &Parameters,
    bound_to: Option<Confirmation>,
) -> Result<Authorized> {
    let digest = key(&client.id, parameters.required("auth_req_id")?);
    let found = rows::find_by_digest(app.db.read(), &digest).await?;
    let request = found.ok_or_else(|| Error::unusable_grant("an unknown auth_req_id"))?;
    if let Stage::Spent(grant) = &request.stage {
        return Err(replayed(app, context, client, grant).await?);
    }
    if request.is_expired(app.clock.now()) {
        return Err(Error::expired_token(
            "The authentication request has expired; make another",
        ));
    }
    match request.stage {
        Stage::Waiting => Err(polling::not_yet(app, Kind::BackchannelPolling, &digest).await?),
        Stage::Denied => Err(Error::access_denied("The person did not grant access")),
        Stage::Spent(grant) => Err(replayed(app, context, client, &grant).await?),
        Stage::Allowed(grant) => {
            if spend(app, context, &request.id).await? {
                redeem::grant(app, client, *grant, parameters, bound_to).await
            } else {
                // G-8: of any number of parallel calls one gets the grant.
                Err(replayed(app, context, client, &grant).await?)
            }
        }
    }
}

async fn spend(app: &App, context: &Context, id: &AuthenticationRequestId) -> Result<bool> {
    let spent = app.write(context, async |tx| rows::spend(tx, id).await);
    Ok(spent.await?)
}

async fn replayed(app: &App, context: &Context, client: &Client, grant: &Grant) -> Result<Error> {
    redeem::replayed(app, context, client, &grant.authorization_id).await
}
