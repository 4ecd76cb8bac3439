//! Keeps values in Redis, for all nodes. Each step is one command or one script, so that no two nodes take the same
//! value.

use std::sync::Arc;
use std::time::Duration;

use redis::{AsyncCommands, Script, cmd};

use super::error::EphemeralError;
use super::kind::Kind;
use super::servers::{Connection, Servers};
use super::window::window_key;
use crate::clock::Clock;
use crate::domain::Time;
use crate::telemetry::span::Span;

#[derive(Clone)]
pub struct Redis {
    connection: Connection,
    clock: Clock,
    /// The beginning of our keys, for a Redis that others use too.
    prefix: Arc<str>,
}

impl std::fmt::Debug for Redis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Redis")
    }
}

impl Redis {
    pub async fn connect(url: &str, prefix: &str, clock: Clock) -> Result<Self, EphemeralError> {
        let connection = Servers::of_url(url)?.connect().await?;
        let store = Self {
            connection,
            clock,
            prefix: prefix.into(),
        };
        // An empty Redis begins here: what is issued from now on is not from before it began.
        store.started_at().await?;
        Ok(store)
    }

    fn name(&self, kind: Kind, key: &str) -> String {
        format!("{}:{}:{key}", self.prefix, kind.prefix())
    }

    /// Puts the time of expiry before the value, so that the service's clock decides, as it does in memory.
    fn wrapped(&self, value: &[u8], ttl: Duration) -> Vec<u8> {
        let expires_at = (self.clock.now() + ttl).timestamp_micros();
        [&expires_at.to_le_bytes(), value].concat()
    }

    fn unwrapped(&self, stored: Option<Vec<u8>>) -> Option<Vec<u8>> {
        let stored = stored?;
        let (expires_at, value) = stored.split_first_chunk::<8>()?;
        (i64::from_le_bytes(*expires_at) > self.clock.now().timestamp_micros()).then(|| value.to_vec())
    }

    pub async fn put(
        &self,
        kind: Kind,
        key: &str,
        value: &[u8],
        ttl: Duration,
    ) -> Result<(), EphemeralError> {
        let mut set = cmd("SET");
        set.arg(self.name(kind, key))
            .arg(self.wrapped(value, ttl))
            .arg("PX")
            .arg(milliseconds(ttl));
        sent("SET", kind, set.query_async(&mut self.connection.clone())).await
    }

    pub async fn put_new(
        &self,
        kind: Kind,
        key: &str,
        value: &[u8],
        ttl: Duration,
    ) -> Result<bool, EphemeralError> {
        self.put_if("NX", (kind, key), value, ttl).await
    }

    pub async fn replace(
        &self,
        kind: Kind,
        key: &str,
        value: &[u8],
        ttl: Duration,
    ) -> Result<bool, EphemeralError> {
        self.put_if("XX", (kind, key), value, ttl).await
    }

    async fn put_if(
        &self,
        condition: &str,
        (kind, key): (Kind, &str),
        value: &[u8],
        ttl: Duration,
    ) -> Result<bool, EphemeralError> {
        let mut set = cmd("SET");
        set.arg(self.name(kind, key))
            .arg(self.wrapped(value, ttl))
            .arg(condition)
            .arg("PX")
            .arg(milliseconds(ttl));
        let set: Option<String> = sent("SET", kind, set.query_async(&mut self.connection.clone())).await?;
        Ok(set.is_some())
    }

    pub async fn get(&self, kind: Kind, key: &str) -> Result<Option<Vec<u8>>, EphemeralError> {
        let mut connection = self.connection.clone();
        let stored = sent("GET", kind, connection.get(self.name(kind, key))).await?;
        Ok(self.unwrapped(stored))
    }

    pub async fn take(&self, kind: Kind, key: &str) -> Result<Option<Vec<u8>>, EphemeralError> {
        let mut connection = self.connection.clone();
        let stored = sent("GETDEL", kind, connection.get_del(self.name(kind, key))).await?;
        Ok(self.unwrapped(stored))
    }

    pub async fn count(&self, key: &str, window: Duration) -> Result<u64, EphemeralError> {
        let key = self.name(Kind::Counter, &window_key(key, self.clock.now(), window));
        // One script counts and sets the expiry: a counter without expiry would stay for good.
        let script = Script::new(
            "local n = redis.call('INCR', KEYS[1]) if n == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end return n",
        );
        let mut counting = script.key(key);
        counting.arg(milliseconds(window));
        let mut connection = self.connection.clone();
        sent("EVALSHA", Kind::Counter, counting.invoke_async(&mut connection)).await
    }

    pub async fn counted(&self, key: &str, window: Duration) -> Result<u64, EphemeralError> {
        let key = self.name(Kind::Counter, &window_key(key, self.clock.now(), window));
        let mut connection = self.connection.clone();
        let counted: Option<u64> = sent("GET", Kind::Counter, connection.get(key)).await?;
        Ok(counted.unwrap_or(0))
    }

    /// Returns the time that the first node wrote. A Redis that lost its values has lost this one too.
    pub async fn started_at(&self) -> Result<Time, EphemeralError> {
        let now = self.clock.now();
        let mut connection = self.connection.clone();
        let key = format!("{}:started-at", self.prefix);
        let first: Option<String> = cmd("SET")
            .arg(&key)
            .arg(now.timestamp_micros())
            .arg("NX")
            .query_async(&mut connection)
            .await?;
        if first.is_some() {
            return Ok(now);
        }
        let stored: Option<i64> = connection.get(&key).await?;
        Ok(stored.and_then(Time::from_timestamp_micros).unwrap_or(now))
    }

    pub async fn ping(&self) -> Result<(), EphemeralError> {
        let () = cmd("PING").query_async(&mut self.connection.clone()).await?;
        Ok(())
    }
}

/// Waits for what a command answers, in a span that names the command and the kind of value, and no key.
async fn sent<T>(
    operation: &'static str,
    kind: Kind,
    command: impl Future<Output = redis::RedisResult<T>>,
) -> Result<T, EphemeralError> {
    let span = if Span::would_be_recorded() {
        let span = Span::calling(format!("{operation} {}", kind.prefix()));
        span.set("db.system.name", "redis");
        span.set("db.operation.name", operation);
        span.set("db.collection.name", kind.prefix());
        span
    } else {
        Span::default()
    };
    let answer = command.await;
    if answer.is_err() {
        span.fail("_OTHER");
    }
    Ok(answer?)
}

fn milliseconds(ttl: Duration) -> u64 {
    u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX).max(1)
}
