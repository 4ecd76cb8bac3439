//! Lists the requests that wait for a person, and records the person's decision (CIBA §8). Of any number of decisions
//! one counts; it is on record, with the consent, when the service can first learn of it (security.md G-9, ST-2).

use std::sync::Arc;

use sea_orm::DbErr;

use crate::app::App;
use crate::domain::account::Account;
use crate::domain::actor::Context;
use crate::domain::authentication::Acr;
use crate::domain::authorization::Grant;
use crate::domain::backchannel_authentication::{AuthenticationRequest, Stage};
use crate::domain::client::{Client, GrantType};
use crate::domain::event::{Action, Event};
use crate::domain::session::Session;
use crate::domain::{AccountId, AuthenticationRequestId, AuthorizationId, Time};
use crate::oidc::Result;
use crate::oidc::access_policy::{self, AccessRefused};
use crate::oidc::acr::{self, AcrOutcome};
use crate::oidc::consent::{self, ConsentNeeded};
use crate::random;
use crate::storage::authentication_requests as rows;

/// A request that waits for the person's decision.
#[derive(Debug)]
pub struct Pending {
    pub client: Arc<Client>,
    pub request: AuthenticationRequest,
    /// The reason why the access policy of the client does not let this person in: there is nothing to allow.
    pub refused: Option<AccessRefused>,
}

/// A request that waits no longer.
#[derive(Debug)]
pub struct Decided {
    /// The client; `None` if it is gone since.
    pub client: Option<Arc<Client>>,
    pub request: AuthenticationRequest,
}

/// Returns the person's requests, the newest first: those that wait, and those of the last hour that do not.
pub async fn list(app: &App, account: &Account) -> Result<(Vec<Pending>, Vec<Decided>)> {
    let now = app.clock.now();
    let (mut waiting, mut decided) = (Vec::new(), Vec::new());
    for request in rows::list_of_account(app.db.read(), &account.id).await? {
        if request.is_waiting(now) {
            waiting.extend(pending(app, account, request).await?);
        } else {
            decided.push(Decided {
                client: app.registry.find(request.client_id.as_str()),
                request,
            });
        }
    }
    Ok((waiting, decided))
}

async fn pending(app: &App, account: &Account, request: AuthenticationRequest) -> Result<Option<Pending>> {
    // G-10, DR-6: the registration may have changed since the service asked.
    let client = app.registry.find(request.client_id.as_str());
    let Some(client) = client.filter(|it| it.enabled && it.may_use(GrantType::Ciba)) else {
        return Ok(None);
    };
    let refused = access_policy::check(app.db.read(), &client, &account.id).await?;
    Ok(Some(Pending {
        client,
        request,
        refused,
    }))
}

/// Finds the request that the person decides on.
async fn find(app: &App, account: &Account, id: &AuthenticationRequestId) -> Result<Found> {
    let Some(request) = rows::find_of_account(app.db.read(), &account.id, id).await? else {
        return Ok(Found::Undecidable(Outcome::NotTheirs));
    };
    let waiting = if request.is_waiting(app.clock.now()) {
        pending(app, account, request).await?
    } else {
        None
    };
    Ok(waiting.map_or(Found::Undecidable(Outcome::Gone), |pending| {
        Found::Pending(Box::new(pending))
    }))
}

enum Found {
    Pending(Box<Pending>),
    /// There is nothing to decide: the outcome is settled already.
    Undecidable(Outcome),
}

/// The result of a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Done,
    /// The request was decided before, has expired, or the access policy leaves nothing to allow (security.md G-9).
    Gone,
    /// There is no such request, or it is another person's (security.md G-4).
    NotTheirs,
    /// The service requires more than the session has, and the account has it: that comes first.
    SecondFactor,
}

/// Lets the service in.
pub async fn allow(
    app: &App,
    context: &Context,
    session: &Session,
    account: &Account,
    id: &AuthenticationRequestId,
) -> Result<Outcome> {
    let pending = match find(app, account, id).await? {
        Found::Pending(pending) if pending.refused.is_none() => pending,
        Found::Pending(_) => return Ok(Outcome::Gone),
        Found::Undecidable(outcome) => return Ok(outcome),
    };
    // The class is a wish: CIBA §7.1 has no class that is essential.
    let acr = match acr::decide(app, &pending.request.wanted_acr(), session, account).await? {
        AcrOutcome::Satisfied(acr) => acr,
        AcrOutcome::SecondFactor => return Ok(Outcome::SecondFactor),
        AcrOutcome::NotEnrolled | AcrOutcome::Unsupported => session.acr(),
    };
    let asked = ConsentNeeded {
        scope: pending.request.scope.clone(),
        claims: Vec::new(),
        details: pending.request.details.clone(),
        action: None,
        redirect_host: None,
    };
    let grant = grant(&pending.request, session, acr, app.clock.now());
    let granted_at = grant.granted_at;
    let word = Word {
        account: &account.id,
        stage: Stage::Allowed(Box::new(grant)),
        action: Action::AuthenticationAllowed,
        consent: (!pending.client.is_first_party()).then_some((asked, granted_at)),
    };
    decide(app, context, &pending, &word).await
}

/// Keeps the service out.
pub async fn deny(
    app: &App,
    context: &Context,
    account: &Account,
    id: &AuthenticationRequestId,
) -> Result<Outcome> {
    let pending = match find(app, account, id).await? {
        Found::Pending(pending) => pending,
        Found::Undecidable(outcome) => return Ok(outcome),
    };
    let word = Word {
        account: &account.id,
        stage: Stage::Denied,
        action: Action::AuthenticationDenied,
        consent: None,
    };
    decide(app, context, &pending, &word).await
}

/// The decision of a person, and what is written with it.
struct Word<'a> {
    account: &'a AccountId,
    stage: Stage,
    action: Action,
    /// The consent; `None` where nothing is asked of the person, or the person denies.
    consent: Option<(ConsentNeeded, Time)>,
}

async fn decide(app: &App, context: &Context, pending: &Pending, word: &Word<'_>) -> Result<Outcome> {
    let client = &pending.client.id;
    let decided = app.write(context, async |tx| {
        if !rows::decide(tx, &pending.request.id, &word.stage, tx.now()).await? {
            return Ok(Outcome::Gone);
        }
        if let Some((asked, granted_at)) = &word.consent {
            consent::agree(tx, word.account, client, asked, *granted_at).await?;
        }
        let scope = pending.request.scope.to_string();
        let event = Event::new(word.action, format!("client:{client}")).because(scope);
        tx.record(event).await?;
        Ok::<_, DbErr>(Outcome::Done)
    });
    Ok(decided.await?)
}

fn grant(request: &AuthenticationRequest, session: &Session, acr: Acr, now: Time) -> Grant {
    let (id, client_id) = (AuthorizationId::new(random::id()), request.client_id.clone());
    Grant {
        resources: request.resources.clone(),
        details: request.details.clone(),
        authentication: session.authentication().with_acr(acr),
        ..Grant::elsewhere(id, client_id, session, request.scope.clone(), now)
    }
}
