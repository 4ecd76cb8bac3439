//! The consent of a person to a service: the person is asked once for each client and scope, and the answer is
//! remembered until it is withdrawn (security.md AZ-13, TK-5). First-party services belong to the house and do not ask.

use sea_orm::DbErr;

use super::{Error, Result};
use crate::app::{App, Tx};
use crate::domain::actor::Context;
use crate::domain::authorization::{AuthorizationRequest, Consent, ServiceUse};
use crate::domain::authorization_details::AuthorizationDetails;
use crate::domain::claim::{self, ClaimsRequest};
use crate::domain::client::{Client, Origin, host_of};
use crate::domain::event::{Action, Event};
use crate::domain::grant_management::{GrantAction, GrantId};
use crate::domain::{AccountId, ClientId, Time, scope::Scope};
use crate::random;
use crate::storage::{Reads, consents, refresh_tokens};

/// The consent that the page asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct ConsentNeeded {
    pub scope: Scope,
    /// The claims requested by name that no scope of the request states, in the order of the page.
    pub claims: Vec<String>,
    /// The request in detail (RFC 9396 §2). The person agrees to it in each request again: it may be an order, not a
    /// permission.
    pub details: AuthorizationDetails,
    /// What the service does to the grant that it names. The person agrees to it each time.
    pub action: Option<GrantAction>,
    /// The host to which the browser is sent then; `None`: it stays with us.
    pub redirect_host: Option<String>,
}

/// Returns `None` if the person need not be asked. `agreed`: the person agreed within this request, to what it asks for
/// in detail and to what becomes of a grant.
pub async fn needed(
    app: &App,
    client: &Client,
    request: &AuthorizationRequest,
    account: &AccountId,
    agreed: bool,
) -> Result<Option<ConsentNeeded>> {
    if client.is_first_party() {
        return Ok(None);
    }
    let remembered = consents::find(app.db.read(), account, &client.id).await?;
    let named = request.grant_action.as_ref().and_then(GrantAction::grant);
    if named.is_some() && named != remembered.as_ref().and_then(|it| it.grant_id.as_ref()) {
        // Grant Management §5.4: unknown, given back, or another person's.
        return Err(Error::invalid_grant_id(
            "grant_id is no grant of this person to the client",
        ));
    }
    let asked = asked(request);
    let is_free = redirects_freely(app, client);
    // Grant Management §5.2: what becomes of a grant is agreed to in the request itself, as details are.
    let detailed = asked.details.is_empty() && asked.action.is_none() || agreed;
    Ok((!detailed || !covers(remembered.as_ref(), request, &asked, is_free)).then_some(asked))
}

/// Returns `true` if the browser may be sent to this redirect URI although the person has not acted in the
/// request (security.md AZ-13): whoever registers a client chooses where that would lead.
pub async fn permits_redirect(
    app: &App,
    client: &Client,
    account: Option<&AccountId>,
    redirect_uri: &str,
) -> Result<bool> {
    if redirects_freely(app, client) {
        return Ok(true);
    }
    let remembered = match account {
        Some(account) => consents::find(app.db.read(), account, &client.id).await?,
        None => None,
    };
    let host = host_of(redirect_uri);
    Ok(remembered.is_some_and(|it| host.is_some_and(|host| it.redirect_hosts.contains(&host))))
}

fn redirects_freely(app: &App, client: &Client) -> bool {
    client.origin == Origin::Administrator || app.config.registration.automatic_redirects
}

/// Returns what remains of the claims that a grant asks for by name, or `None` once the grant was withdrawn.
///
/// Every issuance calls it (security.md G-10): a claim that is no longer registered for the client, or that
/// the person never saw on the page, is not given (AZ-13, AZ-14). A grant or token from before the consent, as it is given
/// now, was made under one that was withdrawn: it stays ended.
pub async fn claims_in_force(
    db: &impl Reads,
    client: &Client,
    account: &AccountId,
    (scope, claims): (&Scope, &ClaimsRequest),
    made_at: Time,
) -> Result<Option<ClaimsRequest>> {
    let registered = claims.clone().limited_to(client.scope());
    if client.is_first_party() {
        return Ok(Some(registered));
    }
    let remembered = consents::find(db, account, &client.id).await?;
    // Tokens state whole seconds.
    let is_under_it = |it: &Consent| it.first_given_at.timestamp() <= made_at.timestamp();
    let remembered = remembered.filter(|it| scope.is_within(&it.scope) && is_under_it(it));
    Ok(remembered.map(|it| registered.retain_personal(|name| it.covers(name))))
}

/// Returns what a service may still be told of what it received, between two tokens: what is registered for the client,
/// and the person's consent covers, now. `None`: the consent was withdrawn.
pub async fn still_granted(
    db: &impl Reads,
    client: &Client,
    received: &ServiceUse,
) -> Result<Option<(Scope, Vec<String>)>> {
    let scope = received.scope.limited_to(client.scope());
    let is_registered =
        |name: &&String| claim::scope_of(name.as_str()).is_some_and(|scope| client.scope().contains(scope));
    let claims = received.claims.iter().filter(is_registered).cloned();
    if client.is_first_party() {
        return Ok(Some((scope, claims.collect())));
    }
    let remembered = consents::find(db, &received.account, &client.id).await?;
    Ok(remembered.map(|it| {
        let claims = claims.filter(|name| it.covers(name)).collect();
        (scope.limited_to(&it.scope), claims)
    }))
}

/// Remembers that the person agreed to what the request asks for.
pub async fn remember(
    app: &App,
    context: &Context,
    request: &AuthorizationRequest,
    account: &AccountId,
) -> Result<()> {
    let asked = asked(request);
    let agreed = app.write(context, async |tx| {
        agree(tx, account, &request.client_id, &asked, tx.now()).await
    });
    Ok(agreed.await?)
}

/// Remembers a consent in the transaction of the decision that it belongs to. A consent that begins with it does so at
/// `since`: no later than the grant that the decision makes.
pub async fn agree(
    tx: &Tx,
    account: &AccountId,
    client: &ClientId,
    asked: &ConsentNeeded,
    since: Time,
) -> Result<(), DbErr> {
    let before = consents::find(tx, account, client).await?;
    let held = before.as_ref().and_then(|it| it.grant_id.clone());
    let named = asked.action.as_ref().and_then(GrantAction::grant);
    if named.is_some() && named != held.as_ref() {
        return Ok(()); // given back meanwhile: the next step refuses
    }
    let consent = match (&asked.action, before) {
        (Some(GrantAction::Create), before) => Consent {
            grant_id: Some(GrantId::new(random::id())),
            ..anew(before, account, client, asked, since)
        },
        (Some(GrantAction::Replace(_)), Some(before)) => Consent {
            grant_id: held,
            first_given_at: before.first_given_at,
            ..anew(Some(before), account, client, asked, since)
        },
        (_, before) => extended(before, account, client, asked, since),
    };
    consents::put(tx, &consent).await?;
    if asked.action.is_some() {
        // Grant Management §5.2: refresh tokens of what was granted before are good no more.
        refresh_tokens::end_refresh_tokens_of_consent(tx, account, client, tx.now()).await?;
    }
    let mut to = asked.scope.to_string();
    for one in asked.details.types() {
        to.push(' ');
        to.push_str(one);
    }
    let event = Event::new(Action::ConsentGiven, format!("client:{client}")).because(to);
    tx.record(event).await
}

/// Ends what the service has: the consent and every refresh token that came of it. The person does it on the page of their
/// services, the client at the grant management endpoint.
pub async fn withdraw(app: &App, context: &Context, account: &AccountId, client: &ClientId) -> Result<bool> {
    let withdrawn = app.write(context, async |tx| {
        if !consents::delete(tx, account, client).await? {
            return Ok(false);
        }
        refresh_tokens::end_refresh_tokens_of_consent(tx, account, client, tx.now()).await?;
        let event = Event::new(Action::ConsentWithdrawn, format!("client:{client}")).about(account);
        tx.record(event).await?;
        Ok::<_, DbErr>(true)
    });
    Ok(withdrawn.await?)
}

/// Returns the services with access, newest first.
pub async fn list(app: &App, account: &AccountId) -> Result<Vec<Consent>> {
    Ok(consents::list_of_account(app.db.read(), account).await?)
}

fn asked(request: &AuthorizationRequest) -> ConsentNeeded {
    let mut claims = unstated(&request.scope, request.claims.personal());
    claims.sort_unstable_by_key(|name| claim::rank(name));
    claims.dedup();
    ConsentNeeded {
        scope: request.scope.clone(),
        claims,
        details: request.details.clone(),
        action: request.grant_action.clone(),
        // After a test login the browser stays with us.
        redirect_host: host_of(&request.redirect_uri).filter(|_| request.test_login.is_none()),
    }
}

/// Returns the claims that no scope of these states: a page that lists the scopes lists these beside them.
pub fn unstated<'a>(scope: &Scope, claims: impl Iterator<Item = &'a str>) -> Vec<String> {
    let stated = |name: &&str| claim::scope_of(name).is_some_and(|it| scope.contains(it));
    claims.filter(|it| !stated(it)).map(str::to_owned).collect()
}

fn covers(
    remembered: Option<&Consent>,
    request: &AuthorizationRequest,
    asked: &ConsentNeeded,
    redirects_freely: bool,
) -> bool {
    let Some(consent) = remembered else { return false };
    let host = asked.redirect_host.as_ref();
    let is_host_allowed = redirects_freely || host.is_none_or(|host| consent.redirect_hosts.contains(host));
    // OpenID Connect Core §3.1.2.1: prompt=consent asks again, whatever was remembered before it.
    let asks_again = request.prompt.consent || request.grant_action.is_some();
    let given_since = !asks_again || consent.given_at >= request.accepted_at;
    given_since
        && is_host_allowed
        && asked.scope.is_within(&consent.scope)
        && asked.claims.iter().all(|name| consent.covers(name))
}

/// Returns a consent to nothing but what is asked for. Where the person was sent before, the browser may be sent again.
fn anew(
    before: Option<Consent>,
    account: &AccountId,
    client: &ClientId,
    asked: &ConsentNeeded,
    now: Time,
) -> Consent {
    let hosts = before.map(|it| it.redirect_hosts).unwrap_or_default();
    let mut consent = extended(None, account, client, asked, now);
    consent.redirect_hosts.extend(hosts);
    consent.redirect_hosts.sort_unstable();
    consent.redirect_hosts.dedup();
    consent
}

fn extended(
    before: Option<Consent>,
    account: &AccountId,
    client: &ClientId,
    asked: &ConsentNeeded,
    now: Time,
) -> Consent {
    let mut consent = before.unwrap_or_else(|| Consent {
        account: account.clone(),
        client_id: client.clone(),
        scope: Scope::default(),
        claims: Vec::new(),
        redirect_hosts: Vec::new(),
        grant_id: None,
        first_given_at: now,
        given_at: now,
    });
    consent.scope = consent.scope.with(&asked.scope);
    consent.claims.extend(asked.claims.iter().cloned());
    consent.claims.sort_unstable();
    consent.claims.dedup();
    consent.redirect_hosts.extend(asked.redirect_host.clone());
    consent.redirect_hosts.sort_unstable();
    consent.redirect_hosts.dedup();
    consent.given_at = now;
    consent
}
