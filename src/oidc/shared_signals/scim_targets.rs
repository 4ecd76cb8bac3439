//! Targets of SCIM (RFC 7644): an administrator registers the SCIM server of a service, whose users are made what people are
//! (`oidc::scim::push`).

use super::AUTHORIZATION;
use super::error::ReceiverError;
use super::receivers::{change, check_line, refuse_many};
use super::streams::{self, check_endpoint, entry};
use crate::app::App;
use crate::domain::actor::Context;
use crate::domain::event::Action;
use crate::domain::event_receiver::{Progress, Receiver, ReceiverKind};
use crate::domain::scim_target::{ProvisionedPeople, ScimTarget, Walk};
use crate::domain::secret::Secret;
use crate::domain::signal::ReceiverStatus;
use crate::domain::{ClientId, ReceiverId};
use crate::oidc::clients;
use crate::random;
use crate::storage::{event_receivers, scim_targets};

/// The longest token.
const LONGEST_TOKEN: usize = 4096;

#[derive(Debug)]
pub struct NewScimTarget {
    pub client: ClientId,
    /// The base of the SCIM server: the address before `/Users`.
    pub endpoint: String,
    /// The bearer token by which the service knows us.
    pub token: Secret,
    pub people: ProvisionedPeople,
    pub description: String,
}

/// Registers the SCIM server of a service. All whom it is to know are made its users, then and whenever they change.
pub async fn add_scim_target(
    app: &App,
    context: &Context,
    new: NewScimTarget,
) -> Result<Receiver, ReceiverError> {
    clients::require_administrator(app, context, &new.client).await?;
    let endpoint = new.endpoint.trim().to_owned();
    check_endpoint(app, &endpoint).map_err(|why| ReceiverError::Invalid("endpoint", why))?;
    if endpoint.contains('?') {
        let why = "it has a query: it is the part before /Users".to_owned();
        return Err(ReceiverError::Invalid("endpoint", why));
    }
    check_line("description", &new.description)?;
    let now = app.clock.now();
    let receiver = Receiver {
        id: ReceiverId::new(random::id()),
        client: new.client,
        kind: ReceiverKind::Scim,
        status: ReceiverStatus::Enabled,
        status_reason: None,
        endpoint: Some(endpoint),
        sealed_authorization: Some(seal_token(app, &new.token)?),
        sealed_secret: None,
        sealed_former_secret: None,
        former_secret_until: None,
        events: Vec::new(),
        description: new.description,
        version: 1,
        created_at: now,
        progress: Progress::new(now),
    };
    let target = ScimTarget {
        receiver: receiver.id.clone(),
        client: receiver.client.clone(),
        people: new.people,
        walk: Walk::Begin,
        walk_due_at: Some(now),
        walked_at: None,
    };
    app.write(context, async |tx| {
        let client = clients::find_in(tx, &receiver.client).await?;
        let has_policy = client.is_first_party() && !client.settings.access_policy.is_open();
        if target.people == ProvisionedPeople::Policy && !has_policy {
            let why = "the client has no access policy, or asks people for their consent".to_owned();
            return Err(ReceiverError::Invalid("people", why));
        }
        refuse_many(tx, &receiver).await?;
        streams::insert(tx, &receiver).await?;
        Ok(scim_targets::insert(tx, &target).await?)
    })
    .await?;
    Ok(receiver)
}

/// Replaces the token by which a SCIM target knows us.
pub async fn set_token(
    app: &App,
    context: &Context,
    id: &ReceiverId,
    token: &Secret,
) -> Result<Receiver, ReceiverError> {
    let sealed = seal_token(app, token)?;
    change(app, context, id, async |tx, before| {
        if before.kind != ReceiverKind::Scim {
            return Err(ReceiverError::NoToken);
        }
        let after = Receiver {
            sealed_authorization: Some(sealed.clone()),
            ..before
        };
        if !event_receivers::update(tx, &after, tx.now()).await? {
            return Err(ReceiverError::Conflict);
        }
        tx.record(entry(Action::ReceiverChanged, &after).because("token"))
            .await?;
        Ok(after)
    })
    .await
}

/// Seals a bearer token (RFC 6750 §2.1) as the header that has it.
fn seal_token(app: &App, token: &Secret) -> Result<String, ReceiverError> {
    let token = token.expose().trim();
    let is_token = (1..=LONGEST_TOKEN).contains(&token.len())
        && token
            .bytes()
            .all(|it| it.is_ascii_alphanumeric() || b"-._~+/=".contains(&it));
    if !is_token {
        return Err(ReceiverError::Invalid("token", "it is no bearer token".into()));
    }
    let header = format!("Bearer {token}");
    Ok(app.keys.seal(AUTHORIZATION, header.as_bytes())?)
}
