//! Keeps values in this process: sharded maps that are swept as they grow.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::kind::Kind;
use super::window::window_key;
use crate::clock::Clock;
use crate::domain::Time;

const SHARDS: usize = 16;
/// The growth of a shard after which it is swept.
const SWEEP_EVERY: usize = 4096;
/// The size above which a shard drops what strangers can make it keep (security.md DS-3).
const MOST: usize = 12_500;

#[derive(Debug, Default)]
struct Shard {
    entries: HashMap<(Kind, String), Entry>,
    /// The number of entries after the last sweep.
    swept: usize,
}

#[derive(Clone, Debug)]
pub struct Memory {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    clock: Clock,
    started_at: Time,
    hasher: RandomState,
    shards: [Mutex<Shard>; SHARDS],
}

#[derive(Debug)]
struct Entry {
    value: Vec<u8>,
    expires_at: Time,
}

impl Memory {
    pub fn new(clock: Clock) -> Self {
        let started_at = clock.now();
        let inner = Inner {
            clock,
            started_at,
            hasher: RandomState::new(),
            shards: Default::default(),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    fn shard(&self, key: &(Kind, String)) -> MutexGuard<'_, Shard> {
        let index = usize::try_from(self.inner.hasher.hash_one(key) % SHARDS as u64).unwrap_or(0);
        self.inner.shards[index]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn entry(&self, value: &[u8], ttl: Duration) -> Entry {
        Entry {
            value: value.to_vec(),
            expires_at: self.inner.clock.now() + ttl,
        }
    }

    pub fn put(&self, kind: Kind, key: &str, value: &[u8], ttl: Duration) {
        let key = (kind, key.to_owned());
        let mut shard = self.shard(&key);
        shard.entries.insert(key, self.entry(value, ttl));
        self.sweep_if_grown(&mut shard);
    }

    pub fn put_new(&self, kind: Kind, key: &str, value: &[u8], ttl: Duration) -> bool {
        let key = (kind, key.to_owned());
        let now = self.inner.clock.now();
        let mut shard = self.shard(&key);
        if shard.entries.get(&key).is_some_and(|it| it.expires_at > now) {
            return false;
        }
        shard.entries.insert(key, self.entry(value, ttl));
        self.sweep_if_grown(&mut shard);
        true
    }

    pub fn replace(&self, kind: Kind, key: &str, value: &[u8], ttl: Duration) -> bool {
        let key = (kind, key.to_owned());
        let now = self.inner.clock.now();
        let mut shard = self.shard(&key);
        match shard.entries.get_mut(&key).filter(|it| it.expires_at > now) {
            Some(entry) => {
                *entry = self.entry(value, ttl);
                true
            }
            None => false,
        }
    }

    pub fn get(&self, kind: Kind, key: &str) -> Option<Vec<u8>> {
        let key = (kind, key.to_owned());
        let now = self.inner.clock.now();
        self.shard(&key)
            .entries
            .get(&key)
            .filter(|it| it.expires_at > now)
            .map(|it| it.value.clone())
    }

    pub fn take(&self, kind: Kind, key: &str) -> Option<Vec<u8>> {
        let key = (kind, key.to_owned());
        let now = self.inner.clock.now();
        self.shard(&key)
            .entries
            .remove(&key)
            .filter(|it| it.expires_at > now)
            .map(|it| it.value)
    }

    pub fn count(&self, key: &str, window: Duration) -> u64 {
        let now = self.inner.clock.now();
        let key = (Kind::Counter, window_key(key, now, window));
        let mut shard = self.shard(&key);
        let entry = shard.entries.entry(key).or_insert_with(|| Entry {
            value: vec![0; 8],
            expires_at: now + window,
        });
        let counted = decode(&entry.value) + 1;
        entry.value = counted.to_le_bytes().to_vec();
        self.sweep_if_grown(&mut shard);
        counted
    }

    pub fn counted(&self, key: &str, window: Duration) -> u64 {
        let key = window_key(key, self.inner.clock.now(), window);
        self.get(Kind::Counter, &key).map_or(0, |it| decode(&it))
    }

    pub fn started_at(&self) -> Time {
        self.inner.started_at
    }

    pub fn sweep(&self) {
        let now = self.inner.clock.now();
        for shard in &self.inner.shards {
            shard.lock().unwrap_or_else(PoisonError::into_inner).sweep(now);
        }
    }

    /// Bounds the memory even if the job that sweeps is late (security.md DS-3).
    fn sweep_if_grown(&self, shard: &mut Shard) {
        if shard.entries.len() > shard.swept + SWEEP_EVERY {
            shard.sweep(self.inner.clock.now());
            shard.make_room();
        }
    }

    #[cfg(test)]
    pub fn kept(&self) -> usize {
        self.inner
            .shards
            .iter()
            .map(|it| it.lock().map_or(0, |it| it.entries.len()))
            .sum()
    }
}

impl Shard {
    fn sweep(&mut self, now: Time) {
        self.entries.retain(|_, it| it.expires_at > now);
        self.swept = self.entries.len();
        if self.entries.capacity() > 4 * (self.swept + SWEEP_EVERY) {
            self.entries.shrink_to_fit();
        }
    }
}

impl Shard {
    /// Drops entries under a flood from many networks. A limit may forget and a stranger's flow may begin again; codes
    /// and replay identifiers are kept.
    fn make_room(&mut self) {
        if self.entries.len() <= MOST {
            return;
        }
        let mut excess = self.entries.len() - MOST * 7 / 8;
        self.entries.retain(|(kind, _), _| {
            let gives_way = excess > 0 && kind.is_made_by_strangers();
            excess -= usize::from(gives_way);
            !gives_way
        });
        self.swept = self.entries.len();
    }
}

fn decode(value: &[u8]) -> u64 {
    value.try_into().map_or(0, u64::from_le_bytes)
}
