//! Device authorization (RFC 8628): a device asks and is given two codes; a person enters the short one
//! at `/device` and decides; the device comes back with the long one to the token endpoint
//! (`token/device_code.rs`). Only digests of the codes are kept (security.md DV-1, DV-2, G-8).

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::access_policy::{self, AccessRefused};
use super::consent::{self, ConsentNeeded};
use super::token::audience::Audience;
use super::{Error, Parameters, Result, dpop};
use crate::app::App;
use crate::domain::account::Account;
use crate::domain::actor::Context;
use crate::domain::authorization::Grant;
use crate::domain::authorization_details::AuthorizationDetails;
use crate::domain::client::{Client, GrantType};
use crate::domain::device::{Decision, DeviceRequest, LIFETIME, UserCode};
use crate::domain::event::{Action, Event};
use crate::domain::polling::INTERVAL;
use crate::domain::scope::{self, Scope};
use crate::domain::session::Session;
use crate::domain::token::Confirmation;
use crate::domain::{AccountId, AuthorizationId, ClientId, Time, secret::Digest};
use crate::limits::Limit;
use crate::oidc::mismatch::Mismatch;
use crate::paths;
use crate::random;
use crate::storage::ephemeral::Kind;

/// The time for which expired codes are remembered, so that device and person hear that they are too late.
pub(super) const DEVICE_CODE_KEPT: Duration = Duration::from_secs(1200);

/// RFC 8628 §3.2
#[derive(Debug, Serialize)]
pub struct DeviceAuthorization {
    pub device_code: String,
    pub user_code: String,
    pub verification_uri: String,
    pub verification_uri_complete: String,
    pub expires_in: i64,
    pub interval: i64,
}

pub async fn begin(
    app: &App,
    context: &Context,
    client: &Client,
    parameters: &Parameters,
    proof: &dpop::DpopHeader,
) -> Result<DeviceAuthorization> {
    if !client.may_use(GrantType::DeviceCode) {
        let grant = GrantType::DeviceCode.to_string();
        let mismatch = Mismatch::new("grant_type", grant, &client.metadata.grant_types);
        let refused = Error::unauthorized_client("The client is not registered for device authorization");
        return Err(refused.about(mismatch));
    }
    if client.is_public() {
        // DS-3: a public client does not authenticate, so its request counts as one that a browser brings.
        app.limits.count(Limit::Interactions, &context.network).await?;
    }
    let scope = allowed(client, parameters.get("scope"))?;
    let audience = Audience::of_client(app, client, parameters)?;
    // RFC 9449 §8: the proof is verified before anything is stored, since a client without a nonce comes again.
    let key = dpop::verify(app, proof, None).await?;
    let device_code = format!("dc_{}", random::token());
    let request = DeviceRequest {
        device: device_key(&client.id, &device_code),
        client_id: client.id.clone(),
        scope,
        resources: audience.resources,
        details: audience.details,
        bound_to: key.map(Confirmation::Key),
        expires_at: app.clock.now() + LIFETIME,
    };
    let content = serde_json::to_vec(&request).map_err(Error::internal)?;
    let device = request.device.as_str();
    app.ephemeral
        .put(Kind::DeviceCode, device, &content, DEVICE_CODE_KEPT)
        .await?;
    let user_code = free_user_code(app, &content).await?;
    let page = app.config.issuer.at(paths::DEVICE);
    Ok(DeviceAuthorization {
        verification_uri_complete: format!("{page}/{}", user_code.displayed()),
        verification_uri: page,
        device_code,
        user_code: user_code.displayed(),
        expires_in: LIFETIME.num_seconds(),
        interval: INTERVAL.num_seconds(),
    })
}

/// Returns the scope that the client may have of what it asks for. The person is shown all of it. Access while the
/// person is away is never given unasked.
fn allowed(client: &Client, asked: Option<&str>) -> Result<Scope> {
    let own = if client.may_refresh() {
        client.scope().clone()
    } else {
        client.scope().without(scope::OFFLINE_ACCESS)
    };
    let granted = match asked {
        None => own.without(scope::OFFLINE_ACCESS), // RFC 8628 §3.1: optional
        Some(asked) => {
            let asked = Scope::parse(asked).map_err(|it| Error::invalid_scope(it.to_string()))?;
            asked.limited_to(&own)
        }
    };
    if granted.is_empty() {
        let mismatch = Mismatch::new("scope", asked.unwrap_or_default(), own.iter());
        Err(Error::invalid_scope("no scope remains that this client may have").about(mismatch))
    } else {
        Ok(granted)
    }
}

/// Makes a code that no other device shows now.
async fn free_user_code(app: &App, content: &[u8]) -> Result<UserCode> {
    loop {
        let letters = random::letters(UserCode::ALPHABET, UserCode::LENGTH);
        let Some(code) = UserCode::typed(&letters) else {
            continue;
        };
        let key = user_key(&code);
        if app
            .ephemeral
            .put_new(Kind::UserCode, key.as_str(), content, DEVICE_CODE_KEPT)
            .await?
        {
            return Ok(code);
        }
    }
}

/// A device that waits for the person's decision.
#[derive(Debug)]
pub struct Waiting {
    pub code: UserCode,
    pub client: Arc<Client>,
    pub scope: Scope,
    /// The reason why the access policy of the client does not let this person in: there is nothing to allow.
    pub refused: Option<AccessRefused>,
    request: DeviceRequest,
}

impl Waiting {
    /// Returns the details of the request, beyond its scope (RFC 9396 §2).
    pub fn details(&self) -> &AuthorizationDetails {
        &self.request.details
    }
}

/// The meaning of a code that a person entered.
#[derive(Debug)]
pub enum Entered {
    Waiting(Box<Waiting>),
    Expired,
    /// The code was never given, or decided already; `left` wrong ones remain before a wait.
    Unknown {
        left: u64,
    },
    /// The text does not have the form of a code, and is no attempt at one.
    Malformed,
}

/// Looks up what a person typed. Wrong ones are counted, by session and by network (security.md DV-2).
pub async fn enter(
    app: &App,
    context: &Context,
    session: &Session,
    account: &Account,
    typed: &str,
) -> Result<Entered> {
    let counted = [
        (Limit::UserCodes, session.id.as_str()),
        (Limit::UserCodesNetwork, &context.network),
    ];
    for (limit, by) in counted {
        app.limits.check(limit, by).await?;
    }
    let Some(code) = UserCode::typed(typed) else {
        return Ok(Entered::Malformed);
    };
    let entered = look_up(app, account, code).await?;
    let entered = match entered {
        Some(waiting @ Entered::Waiting(_)) => return Ok(waiting),
        other => other,
    };
    let mut left = u64::MAX;
    for (limit, by) in counted {
        app.limits.count(limit, by).await?;
        left = left.min(app.limits.left(limit, by).await?);
    }
    Ok(entered.unwrap_or(Entered::Unknown { left }))
}

/// Returns `None` if the code was never given, or is decided already.
async fn look_up(app: &App, account: &Account, code: UserCode) -> Result<Option<Entered>> {
    let stored = app
        .ephemeral
        .get(Kind::UserCode, user_key(&code).as_str())
        .await?;
    let Some(stored) = stored else {
        return Ok(None);
    };
    let request: DeviceRequest = serde_json::from_slice(&stored).map_err(Error::internal)?;
    if request.is_expired(app.clock.now()) {
        return Ok(Some(Entered::Expired));
    }
    // G-10, DR-6: the registration may have changed since the device asked.
    let client = app.registry.find(request.client_id.as_str());
    let Some(client) = client.filter(|it| it.may_use(GrantType::DeviceCode)) else {
        return Ok(None);
    };
    let refused = access_policy::check(app.db.read(), &client, &account.id).await?;
    Ok(Some(Entered::Waiting(Box::new(Waiting {
        code,
        client,
        scope: request.scope.clone(),
        refused,
        request,
    }))))
}

/// Lets the device in. Returns `false` if it was decided already, or is not the person's to allow.
pub async fn allow(
    app: &App,
    context: &Context,
    session: &Session,
    account: &Account,
    waiting: &Waiting,
) -> Result<bool> {
    if waiting.refused.is_some() {
        return Ok(false);
    }
    let (request, client) = (&waiting.request, &waiting.client);
    let grant = grant(request, session, app.clock.now());
    let asked = ConsentNeeded {
        scope: request.scope.clone(),
        claims: Vec::new(),
        details: request.details.clone(),
        action: None,
        redirect_host: None,
    };
    let event =
        Event::new(Action::DeviceAllowed, format!("client:{}", client.id)).because(request.scope.to_string());
    let granted_at = grant.granted_at;
    let word = Word {
        account: &account.id,
        decision: Decision::Allowed(Box::new(grant)),
        event,
        consent: (!client.is_first_party()).then_some((asked, granted_at)),
    };
    decide(app, context, waiting, &word).await
}

/// Keeps the device out. Returns `false` if it was decided already.
pub async fn deny(app: &App, context: &Context, account: &Account, waiting: &Waiting) -> Result<bool> {
    let word = Word {
        account: &account.id,
        decision: Decision::Denied,
        event: Event::new(Action::DeviceDenied, format!("client:{}", waiting.client.id)),
        consent: None,
    };
    decide(app, context, waiting, &word).await
}

/// The decision of a person, and what is written with it.
struct Word<'a> {
    account: &'a AccountId,
    decision: Decision,
    event: Event,
    /// The consent; `None` where nothing is asked of the person, or the person denies.
    consent: Option<(ConsentNeeded, Time)>,
}

/// Decides once, whatever the number of decisions: the first to take the user code decides. The decision is on record,
/// with the consent, before the device can learn of it.
async fn decide(app: &App, context: &Context, waiting: &Waiting, word: &Word<'_>) -> Result<bool> {
    let store = &app.ephemeral;
    let key = user_key(&waiting.code);
    let Some(taken) = store.take(Kind::UserCode, key.as_str()).await? else {
        return Ok(false);
    };
    let content = serde_json::to_vec(&word.decision).map_err(Error::internal)?;
    let recorded = app.write(context, async |tx| {
        if let Some((asked, granted_at)) = &word.consent {
            consent::agree(tx, word.account, &waiting.client.id, asked, *granted_at).await?;
        }
        tx.record(word.event.clone()).await
    });
    if let Err(error) = recorded.await {
        // Nothing was decided: the person may try again.
        store
            .put(Kind::UserCode, key.as_str(), &taken, DEVICE_CODE_KEPT)
            .await?;
        return Err(error.into());
    }
    let device = waiting.request.device.as_str();
    store
        .put(Kind::DeviceDecision, device, &content, DEVICE_CODE_KEPT)
        .await?;
    Ok(true)
}

fn grant(request: &DeviceRequest, session: &Session, now: Time) -> Grant {
    let (id, client_id) = (AuthorizationId::new(random::id()), request.client_id.clone());
    Grant {
        resources: request.resources.clone(),
        details: request.details.clone(),
        bound_to: request.bound_to.clone(),
        ..Grant::elsewhere(id, client_id, session, request.scope.clone(), now)
    }
}

/// Returns the digest of client and device code. The client is part of it: another's device code is not found.
pub(super) fn device_key(client: &ClientId, device_code: &str) -> Digest {
    Digest::of(format!("{client}\n{device_code}").as_bytes())
}

fn user_key(code: &UserCode) -> Digest {
    Digest::of(code.as_str().as_bytes())
}
