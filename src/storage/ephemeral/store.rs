//! The store as its callers see it, in memory or in Redis by one interface. `accounts`, `oidc`, `limits` and `sealed`
//! call it. The values mean nothing here: their callers encode them.

use std::time::Duration;

use super::error::EphemeralError;
use super::kind::Kind;
use super::memory::Memory;
use super::redis::Redis;
use crate::clock::Clock;
use crate::domain::Time;

#[derive(Clone, Debug)]
pub enum Ephemeral {
    Memory(Memory),
    Redis(Redis),
}

impl Ephemeral {
    pub fn in_process(clock: Clock) -> Self {
        Self::Memory(Memory::new(clock))
    }

    /// Connects to the servers that a URL of `[redis]` names. Our keys begin with `prefix`. Fails if the server does not answer.
    pub async fn redis(url: &str, prefix: &str, clock: Clock) -> Result<Self, EphemeralError> {
        Redis::connect(url, prefix, clock).await.map(Self::Redis)
    }

    /// Keeps a value for `ttl`. It replaces one under the same key.
    pub async fn put(
        &self,
        kind: Kind,
        key: &str,
        value: &[u8],
        ttl: Duration,
    ) -> Result<(), EphemeralError> {
        match self {
            Self::Memory(memory) => memory.put(kind, key, value, ttl),
            Self::Redis(redis) => redis.put(kind, key, value, ttl).await?,
        }
        Ok(())
    }

    /// Keeps a value unless the key exists. Returns `true` to the first caller only.
    pub async fn put_new(
        &self,
        kind: Kind,
        key: &str,
        value: &[u8],
        ttl: Duration,
    ) -> Result<bool, EphemeralError> {
        match self {
            Self::Memory(memory) => Ok(memory.put_new(kind, key, value, ttl)),
            Self::Redis(redis) => redis.put_new(kind, key, value, ttl).await,
        }
    }

    /// Replaces an existing value. Returns `false` if it was taken or has expired; then it stays gone (security.md
    /// G-9).
    pub async fn replace(
        &self,
        kind: Kind,
        key: &str,
        value: &[u8],
        ttl: Duration,
    ) -> Result<bool, EphemeralError> {
        match self {
            Self::Memory(memory) => Ok(memory.replace(kind, key, value, ttl)),
            Self::Redis(redis) => redis.replace(kind, key, value, ttl).await,
        }
    }

    pub async fn get(&self, kind: Kind, key: &str) -> Result<Option<Vec<u8>>, EphemeralError> {
        match self {
            Self::Memory(memory) => Ok(memory.get(kind, key)),
            Self::Redis(redis) => redis.get(kind, key).await,
        }
    }

    /// Returns the value and removes it, in one step.
    pub async fn take(&self, kind: Kind, key: &str) -> Result<Option<Vec<u8>>, EphemeralError> {
        match self {
            Self::Memory(memory) => Ok(memory.take(kind, key)),
            Self::Redis(redis) => redis.take(kind, key).await,
        }
    }

    /// Counts one more in the current window and returns the number.
    pub async fn count(&self, key: &str, window: Duration) -> Result<u64, EphemeralError> {
        match self {
            Self::Memory(memory) => Ok(memory.count(key, window)),
            Self::Redis(redis) => redis.count(key, window).await,
        }
    }

    /// Returns the number in the current window, without counting.
    pub async fn counted(&self, key: &str, window: Duration) -> Result<u64, EphemeralError> {
        match self {
            Self::Memory(memory) => Ok(memory.counted(key, window)),
            Self::Redis(redis) => redis.counted(key, window).await,
        }
    }

    /// Returns the time since when the store has forgotten nothing. Assertions that were issued before are refused
    /// (security.md ST-1).
    pub async fn started_at(&self) -> Result<Time, EphemeralError> {
        match self {
            Self::Memory(memory) => Ok(memory.started_at()),
            Self::Redis(redis) => redis.started_at().await,
        }
    }

    /// Drops expired values. Redis does so by itself.
    pub fn sweep(&self) {
        if let Self::Memory(memory) = self {
            memory.sweep();
        }
    }

    pub async fn ping(&self) -> Result<(), EphemeralError> {
        match self {
            Self::Memory(_) => Ok(()),
            Self::Redis(redis) => redis.ping().await,
        }
    }
}
