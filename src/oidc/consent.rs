//! What a person grants to a service, asked once for each client and scope and remembered until it
//! is withdrawn (security.md AZ-13, TK-5). First-party services belong to the house and do not ask.

use sea_orm::ConnectionTrait;

use super::{Error, Result};
use crate::app::App;
use crate::audit;
use crate::domain::actor::Context;
use crate::domain::authorization::{AuthorizationRequest, Consent};
use crate::domain::authorization_details::AuthorizationDetails;
use crate::domain::client::Client;
use crate::domain::event::{Action, Event};
use crate::domain::{AccountId, ClientId, Time, claim, scope::Scope};
use crate::storage::{consents, tokens};

/// What the page asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct ConsentNeeded {
    pub scope: Scope,
    /// Claims asked for by name that no scope of the request tells.
    pub claims: Vec<String>,
    /// What it asks for in detail (RFC 9396 §2). Agreed to in each request anew: what was agreed to once
    /// may be an order, not a permission.
    pub details: AuthorizationDetails,
}

/// `None` when nothing is to be asked. `agreed`: within this request, to what it asks for in detail.
pub async fn needed(
    db: &impl ConnectionTrait,
    client: &Client,
    request: &AuthorizationRequest,
    account: &AccountId,
    agreed: bool,
) -> Result<Option<ConsentNeeded>> {
    if client.is_first_party() {
        return Ok(None);
    }
    let remembered = consents::find(db, account, &client.id).await?;
    let asked = asked(request);
    let detailed = asked.details.is_empty() || agreed;
    Ok((!detailed || !covers(remembered.as_ref(), request, &asked)).then_some(asked))
}

/// Whether what was granted still stands: it was not withdrawn since (security.md G-10).
pub async fn stands(
    db: &impl ConnectionTrait,
    client: &Client,
    account: &AccountId,
    scope: &Scope,
) -> Result<bool> {
    if client.is_first_party() {
        return Ok(true);
    }
    let remembered = consents::find(db, account, &client.id).await?;
    Ok(remembered.is_some_and(|it| scope.is_within(&it.scope)))
}

/// The person agreed to what the request asks for.
pub async fn remember(
    app: &App,
    context: &Context,
    request: &AuthorizationRequest,
    account: &AccountId,
) -> Result<()> {
    let now = app.clock.now();
    let asked = asked(request);
    app.db
        .write(async |tx| agree(tx, now, context, &request.client_id, &asked, account).await)
        .await
}

/// The same in the transaction of whoever asked.
pub async fn agree(
    tx: &impl ConnectionTrait,
    now: Time,
    context: &Context,
    client: &ClientId,
    asked: &ConsentNeeded,
    account: &AccountId,
) -> Result<()> {
    let before = consents::find(tx, account, client).await?;
    consents::put(tx, &extended(before, account, client, asked, now)).await?;
    let mut to = asked.scope.to_string();
    for one in asked.details.types() {
        to.push(' ');
        to.push_str(one);
    }
    let event = Event::new(Action::ConsentGiven, format!("client:{client}")).because(to);
    Ok(audit::record(tx, now, context, event).await?)
}

/// Ends what the service has: the consent and every refresh token that came of it.
pub async fn withdraw(app: &App, context: &Context, account: &AccountId, client: &ClientId) -> Result<bool> {
    let now = app.clock.now();
    app.db
        .write(async |tx| {
            if !consents::delete(tx, account, client).await? {
                return Ok(false);
            }
            tokens::end_refresh_tokens_of_consent(tx, account, client, now).await?;
            let event = Event::new(Action::ConsentWithdrawn, format!("client:{client}"));
            audit::record(tx, now, context, event).await?;
            Ok::<_, Error>(true)
        })
        .await
}

/// The services with access, newest first.
pub async fn list(app: &App, account: &AccountId) -> Result<Vec<Consent>> {
    Ok(consents::list_of_account(app.db.read(), account).await?)
}

fn asked(request: &AuthorizationRequest) -> ConsentNeeded {
    let told = |name: &&str| claim::scope_of(name).is_some_and(|it| request.scope.contains(it));
    let mut claims: Vec<String> = request
        .claims
        .personal()
        .filter(|it| !told(it))
        .map(str::to_owned)
        .collect();
    claims.sort_unstable();
    claims.dedup();
    ConsentNeeded {
        scope: request.scope.clone(),
        claims,
        details: request.details.clone(),
    }
}

fn covers(remembered: Option<&Consent>, request: &AuthorizationRequest, asked: &ConsentNeeded) -> bool {
    let Some(it) = remembered else { return false };
    // A claim is covered by its name or by a scope that tells it.
    let claim_is_covered = |name: &String| {
        it.claims.contains(name) || claim::scope_of(name).is_some_and(|scope| it.scope.contains(scope))
    };
    // OpenID Connect Core §3.1.2.1: prompt=consent asks again, whatever was remembered before it.
    let anew = !request.prompt.consent || it.given_at >= request.accepted_at;
    anew && asked.scope.is_within(&it.scope) && asked.claims.iter().all(claim_is_covered)
}

fn extended(
    before: Option<Consent>,
    account: &AccountId,
    client: &ClientId,
    asked: &ConsentNeeded,
    now: Time,
) -> Consent {
    let mut it = before.unwrap_or_else(|| Consent {
        account: account.clone(),
        client_id: client.clone(),
        scope: Scope::default(),
        claims: Vec::new(),
        first_given_at: now,
        given_at: now,
    });
    it.scope = it.scope.with(&asked.scope);
    it.claims.extend(asked.claims.iter().cloned());
    it.claims.sort_unstable();
    it.claims.dedup();
    it.given_at = now;
    it
}
