//! Fetches the keys of clients from their `jwks_uri` and caches them. They are fetched again when a signature fits none
//! of them (OpenID Connect Core §10.1.1; security.md DR-3). A failure is never cached, and does not end the keys that
//! were cached before.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::Duration;

use super::jwks::ClientKeys;
use super::strict_json;
use crate::clock::Clock;
use crate::domain::Time;
use crate::fetch::{self, Fetch};
use crate::telemetry::span::carried;

/// The time for which cached keys are used. A key that its owner removed is valid for this much longer.
const FRESH: Duration = Duration::minutes(10);

/// The time for which the last keys are used while the address does not answer.
const LAST_KEYS: Duration = Duration::hours(24);

/// The shortest time between two requests to one address, however many signatures are presented.
const PAUSE: Duration = Duration::seconds(15);

/// The number of cached addresses from which those that are unused are dropped.
const MOST: usize = 1024;

#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    #[error("jwks_uri: {0}")]
    Fetch(#[from] fetch::Error),
    #[error("jwks_uri: it is not a JWK set: {0}")]
    Set(String),
    /// The last request failed less than `PAUSE` ago.
    #[error("jwks_uri: it was asked a moment ago, to no avail")]
    Pause,
}

#[derive(Clone, Debug)]
pub struct RemoteKeys(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    fetch: Fetch,
    clock: Clock,
    kept: Mutex<HashMap<String, Kept>>,
}

#[derive(Clone, Debug, Default)]
struct Kept {
    /// The keys, and when they were fetched.
    keys: Option<(ClientKeys, Time)>,
    asked_at: Option<Time>,
    /// Lets one request at a time go to each address; the others wait for its answer.
    gate: Arc<tokio::sync::Mutex<()>>,
}

impl Kept {
    fn younger_than(&self, age: Duration, now: Time) -> Option<ClientKeys> {
        let (keys, came) = self.keys.as_ref()?;
        (now < *came + age).then(|| keys.clone())
    }

    fn may_ask(&self, now: Time) -> bool {
        self.asked_at.is_none_or(|it| it + PAUSE <= now)
    }
}

impl RemoteKeys {
    pub fn new(fetch: Fetch, clock: Clock) -> Self {
        Self(Arc::new(Parts {
            fetch,
            clock,
            kept: Mutex::default(),
        }))
    }

    /// Returns the keys at an address, from the cache if they are fresh.
    pub async fn at(&self, address: &str) -> Result<ClientKeys, RemoteError> {
        let now = self.0.clock.now();
        if let Some(keys) = self.kept(address).younger_than(FRESH, now) {
            return Ok(keys);
        }
        let gate = self.kept(address).gate;
        let _only_one = gate.lock().await;
        let kept = self.kept(address);
        if let Some(keys) = kept.younger_than(FRESH, now) {
            return Ok(keys); // it came while we waited
        }
        let failure = if kept.may_ask(now) {
            match self.ask(address, now).await {
                Ok(keys) => return Ok(keys),
                Err(failure) => failure,
            }
        } else {
            RemoteError::Pause
        };
        match kept.younger_than(LAST_KEYS, now) {
            Some(keys) => {
                tracing::warn!(%failure, "the last known keys of a client are used");
                Ok(keys)
            }
            None => Err(failure),
        }
    }

    /// Returns keys other than `known`, which a signature fitted none of, or `None` if there are no others.
    pub async fn after(&self, tried: &ClientKeys, address: &str) -> Option<ClientKeys> {
        let now = self.0.clock.now();
        let gate = self.kept(address).gate;
        let _only_one = gate.lock().await;
        let kept = self.kept(address);
        match kept.younger_than(FRESH, now) {
            Some(keys) if !keys.are(tried) => Some(keys), // somebody asked meanwhile
            _ if kept.may_ask(now) => match self.ask(address, now).await {
                Ok(keys) => Some(keys),
                Err(failure) => {
                    tracing::info!(%failure, "the keys of a client were not fetched again");
                    None
                }
            },
            _ => None,
        }
    }

    /// Fetches in a task of its own, which a caller that goes away does not stop. Otherwise strangers could keep a
    /// client's keys from being read by hanging up.
    async fn ask(&self, address: &str, now: Time) -> Result<ClientKeys, RemoteError> {
        let (keys, address) = (self.clone(), address.to_owned());
        let asking = tokio::spawn(carried(async move { keys.ask_now(&address, now).await }));
        asking
            .await
            .unwrap_or_else(|error| Err(RemoteError::Set(error.to_string())))
    }

    async fn ask_now(&self, address: &str, now: Time) -> Result<ClientKeys, RemoteError> {
        self.change(address, |it| it.asked_at = Some(now));
        let fetched = self
            .0
            .fetch
            .get(address, "application/jwk-set+json, application/json")
            .await?;
        // The content type is not checked: some servers send a JWK set as text/plain.
        let set =
            strict_json::object(&fetched.body).ok_or_else(|| RemoteError::Set("not an object".into()))?;
        let keys = ClientKeys::parse(&set.into()).map_err(RemoteError::Set)?;
        self.change(address, |it| it.keys = Some((keys.clone(), now)));
        Ok(keys)
    }

    fn kept(&self, address: &str) -> Kept {
        let mut all = self.lock();
        if let Some(kept) = all.get(address) {
            return kept.clone();
        }
        if all.len() >= MOST {
            let now = self.0.clock.now();
            all.retain(|_, it| it.asked_at.is_some_and(|asked| now < asked + FRESH));
        }
        all.entry(address.to_owned()).or_default().clone()
    }

    fn change(&self, address: &str, how: impl FnOnce(&mut Kept)) {
        how(self.lock().entry(address.to_owned()).or_default());
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Kept>> {
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
