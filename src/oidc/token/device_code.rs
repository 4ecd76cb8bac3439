//! `urn:ietf:params:oauth:grant-type:device_code` (RFC 8628 §3.4, §3.5): the device asks whether its person has
//! decided. An approved code is redeemed once; presented again, it ends what it bought (TK-2).

use super::issue::Authorized;
use super::{polling, redeem};
use crate::app::App;
use crate::domain::AuthorizationId;
use crate::domain::actor::Context;
use crate::domain::authorization::Grant;
use crate::domain::client::Client;
use crate::domain::device::{Decision, DeviceRequest};
use crate::domain::secret::Digest;
use crate::domain::token::Confirmation;
use crate::oidc::device_authorization::{DEVICE_CODE_KEPT, device_key};
use crate::oidc::{Error, Parameters, Result};
use crate::storage::ephemeral::Kind;

pub async fn redeem(
    app: &App,
    context: &Context,
    client: &Client,
    parameters: &Parameters,
    bound_to: Option<Confirmation>,
) -> Result<Authorized> {
    let device = device_key(&client.id, parameters.required("device_code")?);
    let store = &app.ephemeral;
    if let Some(id) = store.get(Kind::SpentDeviceCode, device.as_str()).await? {
        return Err(replayed(app, context, client, &id).await?);
    }
    let stored = store.get(Kind::DeviceCode, device.as_str()).await?;
    let stored = stored.ok_or_else(|| Error::unusable_grant("an unknown device code"))?;
    let request: DeviceRequest = serde_json::from_slice(&stored).map_err(Error::internal)?;
    if request.is_expired(app.clock.now()) {
        return Err(Error::expired_token(
            "The device code has expired; ask for another",
        ));
    }
    match store.get(Kind::DeviceDecision, device.as_str()).await? {
        None => Err(polling::not_yet(app, Kind::DevicePolling, &device).await?),
        Some(decision) => match serde_json::from_slice(&decision).map_err(Error::internal)? {
            Decision::Denied => Err(Error::access_denied("The person did not grant access")),
            Decision::Allowed(grant) => {
                spend(app, context, client, &device, &grant).await?;
                redeem::grant(app, client, *grant, parameters, bound_to).await
            }
        },
    }
}

/// Spends a device code. Of any number of parallel calls one gets the grant: the tombstone that only one can set
/// decides.
async fn spend(app: &App, context: &Context, client: &Client, device: &Digest, grant: &Grant) -> Result<()> {
    let id = grant.authorization_id.as_str().as_bytes();
    let store = &app.ephemeral;
    if store
        .put_new(Kind::SpentDeviceCode, device.as_str(), id, DEVICE_CODE_KEPT)
        .await?
    {
        store.take(Kind::DeviceDecision, device.as_str()).await?;
        Ok(())
    } else {
        Err(replayed(app, context, client, id).await?)
    }
}

async fn replayed(app: &App, context: &Context, client: &Client, id: &[u8]) -> Result<Error> {
    let id = AuthorizationId::new(String::from_utf8_lossy(id));
    redeem::replayed(app, context, client, &id).await
}
