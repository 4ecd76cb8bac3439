//! Keys of clients that keep them at an address of their own (`jwks_uri`): fetched when needed, kept
//! for a while, fetched again when a signature fits none of them (OpenID Connect Core §10.1.1;
//! security.md DR-3). A failure is never kept; an address that fails does not end what was known.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::Duration;

use super::jwks::ClientKeys;
use super::strict_json;
use crate::clock::Clock;
use crate::domain::Time;
use crate::fetch::{self, Fetch};

/// A key that its owner took away is good for so long.
const FRESH: Duration = Duration::minutes(10);

/// While the address does not answer, the keys that were there last are good for so long.
const LAST_KNOWN: Duration = Duration::hours(24);

/// An address is asked once in so long, whoever presents what signatures.
const PAUSE: Duration = Duration::seconds(15);

/// Addresses that nobody asked for lately are forgotten from here on.
const MOST: usize = 1024;

#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    #[error("jwks_uri: {0}")]
    Fetch(#[from] fetch::Error),
    #[error("jwks_uri: it is not a JWK set: {0}")]
    Set(String),
    /// It failed a moment ago.
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
    /// With the time they came.
    keys: Option<(ClientKeys, Time)>,
    asked_at: Option<Time>,
    /// One request at a time for each address; the others wait for its answer.
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

    /// The keys at an address, as of a moment ago.
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
        let failure = match kept.may_ask(now) {
            true => match self.ask(address, now).await {
                Ok(keys) => return Ok(keys),
                Err(failure) => failure,
            },
            false => RemoteError::Pause,
        };
        match kept.younger_than(LAST_KNOWN, now) {
            Some(keys) => {
                tracing::warn!(%failure, "the last known keys of a client are used");
                Ok(keys)
            }
            None => Err(failure),
        }
    }

    /// The keys after a signature that fitted none of `known`: others than those, or nothing.
    pub async fn after(&self, known: &ClientKeys, address: &str) -> Option<ClientKeys> {
        let now = self.0.clock.now();
        let gate = self.kept(address).gate;
        let _only_one = gate.lock().await;
        let kept = self.kept(address);
        match kept.younger_than(FRESH, now) {
            Some(keys) if !keys.are(known) => Some(keys), // somebody asked meanwhile
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

    /// In a task of its own: whoever asked for it and goes away does not stop it, so that strangers cannot keep a
    /// client's keys from being read.
    async fn ask(&self, address: &str, now: Time) -> Result<ClientKeys, RemoteError> {
        let (keys, address) = (self.clone(), address.to_owned());
        let asking = tokio::spawn(async move { keys.ask_now(&address, now).await });
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
        // Some servers give the set no type of its own: what it is, is told by what it holds.
        let set =
            strict_json::object(&fetched.body).ok_or_else(|| RemoteError::Set("not an object".into()))?;
        let keys = ClientKeys::parse(&set.into()).map_err(RemoteError::Set)?;
        self.change(address, |it| it.keys = Some((keys.clone(), now)));
        Ok(keys)
    }

    fn kept(&self, address: &str) -> Kept {
        let mut all = self.lock();
        if let Some(it) = all.get(address) {
            return it.clone();
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
