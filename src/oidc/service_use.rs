//! The services that a person logged in to, by consent or as services of the house: what each receives and when it was
//! used last. The token endpoint and the front channel record it; the account's page lists it. It decides nothing:
//! consent does.

use std::time::Duration;

use super::{Result, consent};
use crate::app::App;
use crate::domain::actor::Actor;
use crate::domain::authorization::{Consent, Grant, ServiceUse};
use crate::domain::scope::Scope;
use crate::domain::{AccountId, ClientId, Time};
use crate::signals::Outbox;
use crate::storage::scim_targets::Whose;
use crate::storage::{consents, service_uses};

/// The time after which a use is stored again, unless the service receives something else before.
const PRECISION: Duration = Duration::from_secs(60 * 60);

/// A service in the person's list.
#[derive(Clone, Debug)]
pub struct Used {
    pub client_id: ClientId,
    pub scope: Scope,
    /// The claims requested by name, beyond those of the scope.
    pub claims: Vec<String>,
    pub since: Time,
    /// The time of the last use; `None` if it was granted access before uses were recorded.
    pub last_used_at: Option<Time>,
    /// `true` if there is a consent to withdraw.
    pub by_consent: bool,
}

/// Records that the client gets tokens of this grant. A record that cannot be stored stops no login.
pub async fn record(app: &App, grant: &Grant) {
    if let Err(error) = store(app, grant).await {
        tracing::warn!(client = %grant.client_id, %error, "the use of a service was not recorded");
    }
}

async fn store(app: &App, grant: &Grant) -> Result<(), sea_orm::DbErr> {
    let now = app.clock.now();
    let before = service_uses::find(app.db.read(), &grant.account, &grant.client_id).await?;
    let mut claims = consent::unstated(&grant.scope, grant.claims.personal());
    claims.sort_unstable();
    claims.dedup();
    let is_recorded = before.as_ref().is_some_and(|stored| {
        stored.scope == grant.scope && stored.claims == claims && now < stored.last_used_at + PRECISION
    });
    if is_recorded {
        return Ok(());
    }
    let service_use = ServiceUse {
        account: grant.account.clone(),
        client_id: grant.client_id.clone(),
        scope: grant.scope.clone(),
        claims,
        first_used_at: before.as_ref().map_or(now, |it| it.first_used_at),
        last_used_at: now,
    };
    app.db
        .write(async |tx| {
            service_uses::put(tx, &service_use).await?;
            if before.is_some() {
                return Ok(());
            }
            // Whoever logs in is a user there from now on, also of a service with users of its own.
            let (account, client) = (&service_use.account, &service_use.client_id);
            let outbox = Outbox {
                tx,
                keys: &app.keys,
                now,
            };
            let actor = Actor::Client(client.clone());
            outbox.provision(&actor, Whose::PersonAt(account, client)).await
        })
        .await
}

/// Returns the services with access and those that were used, the most recently used first.
pub async fn list(app: &App, account: &AccountId) -> Result<Vec<Used>> {
    let db = app.db.read();
    let mut consents = consents::list_of_account(db, account).await?;
    let mut all: Vec<Used> = Vec::new();
    for stored in service_uses::list_of_account(db, account).await? {
        let position = consents
            .iter()
            .position(|given| given.client_id == stored.client_id);
        let used = match position.map(|position| consents.remove(position)) {
            Some(given) => Used {
                last_used_at: Some(stored.last_used_at),
                ..given_only(given)
            },
            None => Used {
                client_id: stored.client_id,
                scope: stored.scope,
                claims: stored.claims,
                since: stored.first_used_at,
                last_used_at: Some(stored.last_used_at),
                by_consent: false,
            },
        };
        all.push(used);
    }
    all.extend(consents.into_iter().map(given_only));
    Ok(all)
}

fn given_only(consent: Consent) -> Used {
    Used {
        claims: consent::unstated(&consent.scope, consent.claims.iter().map(String::as_str)),
        client_id: consent.client_id,
        scope: consent.scope,
        since: consent.first_given_at,
        last_used_at: None,
        by_consent: true,
    }
}
