//! Password hashing: argon2id with a pepper, on a pool so bounded that a storm of logins slows nothing else down
//! (security.md PW-2). Hashes are stored as PHC strings; `keyid` names the pepper. Any other hash came from another
//! platform: `foreign` verifies it.

mod argon2_hash;
mod aspnet_hash;
mod bcrypt_hash;
mod crypt_hash;
mod foreign;
mod pbkdf2_hash;
mod refusal;
mod salted_hash;
mod scrypt_hash;
#[cfg(test)]
mod tests;
mod text;
mod threads;

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, KeyId, Params, ParamsBuilder, Version};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;

pub use foreign::ForeignHash;
pub use refusal::Refusal;

use threads::Threads;

use crate::domain::password::Password;
use crate::random;
use crate::telemetry::span::Span;

const TAG_LENGTH: usize = 32;

/// The most that a hash with our pepper may ask for which comes with an import, if our parameters are lower.
const MOST_KIB: u32 = 65_536;
const MOST_PASSES: u32 = 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    pub memory_kib: u32,
    pub passes: u32,
    /// The hashes at a time; 0: one per core.
    pub parallel: usize,
    /// The most that wait for their turn before the answer is `Busy`.
    pub queue: usize,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("all hashing is busy and its queue is full")]
    Busy,
    #[error("hashing failed: {0}")]
    Failed(String),
}

/// The outcome of comparing a password with a stored hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Right,
    /// The password is right, and to be hashed again: the parameters rose, or another platform made the hash.
    RightButOutdated,
    Wrong,
    /// No password can be compared with what is stored, for this reason. To whoever logs in it is wrong, at the same cost.
    Unverifiable(String),
}

impl Verdict {
    pub const fn is_right(&self) -> bool {
        matches!(self, Self::Right | Self::RightButOutdated)
    }
}

#[derive(Clone)]
pub struct Hasher {
    inner: Arc<Inner>,
    threads: Arc<Threads>,
}

struct Inner {
    params: Params,
    pepper: Vec<u8>,
    turns: Semaphore,
    /// The number of those who hash or wait; `most` is how many there may be.
    admitted: AtomicUsize,
    most: usize,
    memory: Mutex<Vec<Vec<Block>>>,
    done: AtomicU64,
    turned_away: AtomicU64,
    reported: Mutex<HashSet<String>>,
}

/// A place among those who hash or wait; given back when dropped.
struct Admission(Arc<Inner>);

impl Drop for Admission {
    fn drop(&mut self) {
        self.0.admitted.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Hasher {
    pub fn new(parameters: Parameters, pepper: &[u8]) -> Result<Self, Error> {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let parallel = if parameters.parallel == 0 {
            cores
        } else {
            parameters.parallel
        };
        let keyid = KeyId::new(&Sha256::digest(pepper)[..6]).map_err(failed)?;
        let params = ParamsBuilder::new()
            .m_cost(parameters.memory_kib)
            .t_cost(parameters.passes)
            .p_cost(1)
            .output_len(TAG_LENGTH)
            .keyid(keyid)
            .build()
            .map_err(failed)?;
        let inner = Inner {
            params,
            pepper: pepper.to_owned(),
            turns: Semaphore::new(parallel),
            admitted: AtomicUsize::new(0),
            most: parallel + parameters.queue,
            memory: Mutex::default(),
            done: AtomicU64::new(0),
            turned_away: AtomicU64::new(0),
            reported: Mutex::default(),
        };
        Ok(Self {
            inner: Arc::new(inner),
            threads: Arc::new(Threads::start(parallel).map_err(failed)?),
        })
    }

    /// Returns a new hash, as a PHC string.
    pub async fn hash(&self, password: &Password) -> Result<String, Error> {
        let password = password.clone();
        self.in_turn(move |inner| {
            let salt: [u8; 16] = random::bytes();
            let tag = inner.tag(inner.params.clone(), &password, &salt)?;
            let hash = PasswordHash {
                algorithm: Algorithm::Argon2id.ident(),
                version: Some(Version::V0x13.into()),
                params: ParamsString::try_from(&inner.params).map_err(failed)?,
                salt: Some(Salt::new(&salt).map_err(failed)?),
                hash: Some(Output::new(&tag).map_err(failed)?),
            };
            Ok(hash.to_string())
        })
        .await
    }

    /// Compares a password with a hash; without a stored one it costs the same and is wrong (security.md PW-3).
    pub async fn verify(&self, password: &Password, stored: Option<&str>) -> Result<Verdict, Error> {
        let password = password.clone();
        let outcome = match stored.map(|it| self.inner.read(it)) {
            Some(Ok(Stored::Own(own))) => {
                let verified = self.in_turn(move |inner| inner.verify_own(&password, &own));
                return verified.await;
            }
            Some(Ok(Stored::Foreign(foreign))) => return self.verify_foreign(&password, foreign).await,
            Some(Err(why)) => Verdict::Unverifiable(why.to_string()),
            None => Verdict::Wrong,
        };
        self.in_turn(move |inner| inner.spend(&password)).await?;
        Ok(outcome)
    }

    /// Compares a password with the hash of another platform. A spelling that NFC changes has a turn of its own: those
    /// who wait are not kept waiting for two. What is wrong costs one of our hashes as well, which a right password
    /// costs, too, since it is hashed again.
    async fn verify_foreign(&self, password: &Password, foreign: ForeignHash) -> Result<Verdict, Error> {
        let foreign = Arc::new(foreign);
        let mut outcome = Verdict::Wrong;
        let mut spellings = password.spellings().map(str::to_owned).peekable();
        while let Some(spelling) = spellings.next() {
            let (foreign, password) = (Arc::clone(&foreign), password.clone());
            let is_last = spellings.peek().is_none();
            let verified = self.in_turn(move |inner| {
                let verified = foreign.verify(spelling.as_bytes());
                if is_last && verified != Ok(true) {
                    inner.done.fetch_add(1, Ordering::Relaxed);
                    inner.spend(&password)?;
                }
                Ok(verified)
            });
            match verified.await? {
                Ok(true) => return Ok(Verdict::RightButOutdated),
                Ok(false) => {}
                Err(why) => outcome = Verdict::Unverifiable(why),
            }
        }
        Ok(outcome)
    }

    /// Returns `true` if passwords can be compared with this hash.
    pub fn can_verify(&self, stored: &str) -> bool {
        self.inner.read(stored).is_ok()
    }

    /// Returns `true` the first time that it is asked about something that cannot be verified, so that the log has it
    /// once.
    pub fn is_news(&self, about: &str) -> bool {
        const MOST: usize = 10_000;
        let mut reported = self.inner.reported.lock().unwrap_or_else(PoisonError::into_inner);
        reported.len() < MOST && reported.insert(about.to_owned())
    }

    /// Returns whose hash it is that comes with an import, or refuses it: one that cannot be verified here, or not at a
    /// bearable cost.
    pub fn inspect(&self, text: &str) -> Result<Origin, Refusal> {
        let ours = &self.inner.params;
        match self.inner.read(text)? {
            Stored::Foreign(_) => Ok(Origin::Foreign),
            Stored::Own(own)
                if own.params.m_cost() > MOST_KIB.max(ours.m_cost())
                    || own.params.t_cost() > MOST_PASSES.max(ours.t_cost()) =>
            {
                Err(Refusal::Costly {
                    format: "argon2id",
                    most: "m=65536 (KiB), t=10",
                })
            }
            Stored::Own(_) => Ok(Origin::Own),
        }
    }

    /// Returns the number of hashes made so far: two paths that look alike must cost alike (security.md SU-1).
    pub fn count(&self) -> u64 {
        self.inner.done.load(Ordering::Relaxed)
    }

    /// Returns how many hash or wait for their turn.
    pub fn admitted(&self) -> usize {
        self.inner.admitted.load(Ordering::Relaxed)
    }

    /// Returns how many were answered `Busy` so far.
    pub fn turned_away(&self) -> u64 {
        self.inner.turned_away.load(Ordering::Relaxed)
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let inner = Arc::clone(&self.inner);
        if inner.admitted.fetch_add(1, Ordering::Relaxed) >= inner.most {
            inner.admitted.fetch_sub(1, Ordering::Relaxed);
            inner.turned_away.fetch_add(1, Ordering::Relaxed);
            return Err(Error::Busy);
        }
        let admission = Admission(Arc::clone(&inner));
        let waiting = Span::inside("password hashing queue");
        let turn = inner.turns.acquire().await.map_err(failed)?;
        drop(waiting);
        let hashing = Span::inside("password hashing");
        // The work keeps its place and the turn is kept for it, also when whoever asked has left.
        turn.forget();
        let outcome = self.threads.run(move || {
            let _admission = admission;
            let _turn = Turn(&inner);
            let _hashing = hashing;
            inner.done.fetch_add(1, Ordering::Relaxed);
            work(&inner)
        });
        outcome.await.ok_or_else(|| failed("it panicked"))?
    }
}

/// A turn to hash; given back when dropped.
struct Turn<'a>(&'a Inner);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.turns.add_permits(1);
    }
}

impl Inner {
    /// Reads a stored hash: with our pepper, or of another platform.
    fn read(&self, text: &str) -> Result<Stored, Refusal> {
        match Own::parse(text, self.params.keyid()) {
            Some(own) => Ok(Stored::Own(own)),
            None => ForeignHash::parse(text).map(Stored::Foreign),
        }
    }

    fn verify_own(&self, password: &Password, own: &Own) -> Result<Verdict, Error> {
        let tag = self.tag(own.params.clone(), password, &own.salt)?;
        if !bool::from(tag.ct_eq(&own.tag)) {
            return Ok(Verdict::Wrong);
        }
        let up_to_date =
            own.params.m_cost() >= self.params.m_cost() && own.params.t_cost() >= self.params.t_cost();
        Ok(if up_to_date {
            Verdict::Right
        } else {
            Verdict::RightButOutdated
        })
    }

    /// Makes a hash that nobody needs, so that a failure costs what a success does (security.md PW-3).
    fn spend(&self, password: &Password) -> Result<(), Error> {
        self.tag(self.params.clone(), password, &[0; 16]).map(drop)
    }

    fn tag(&self, params: Params, password: &Password, salt: &[u8]) -> Result<Vec<u8>, Error> {
        let mut tag = vec![0; params.output_len().unwrap_or(TAG_LENGTH)];
        let blocks = params.block_count();
        let argon2 = Argon2::new_with_secret(&self.pepper, Algorithm::Argon2id, Version::V0x13, params)
            .map_err(failed)?;
        let mut memory = self.borrow_memory(blocks);
        let done = argon2.hash_password_into_with_memory(
            password.expose().as_bytes(),
            salt,
            &mut tag,
            &mut memory[..blocks],
        );
        self.return_memory(memory);
        done.map_err(failed)?;
        Ok(tag)
    }

    fn borrow_memory(&self, blocks: usize) -> Vec<Block> {
        // An allocation above 32 MiB is mapped for itself, and is the system's again when it is freed:
        // the memory of a storm of logins is not kept. Only what is written to takes room.
        const MAPPED: usize = 33 * 1024;
        let kept = self.memory.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut memory = kept.unwrap_or_else(|| Vec::with_capacity(blocks.max(MAPPED)));
        if memory.len() < blocks {
            memory.resize(blocks, Block::new());
        }
        memory
    }

    /// Keeps the memory for those who wait, else gives it back.
    fn return_memory(&self, memory: Vec<Block>) {
        let mut kept = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        if self.admitted.load(Ordering::Relaxed) > 1 + kept.len() {
            kept.push(memory);
        } else {
            kept.clear();
        }
    }
}

impl std::fmt::Debug for Hasher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hasher")
    }
}

fn failed(error: impl std::fmt::Display) -> Error {
    Error::Failed(error.to_string())
}

/// A hash as it is stored, taken apart.
enum Stored {
    Own(Own),
    Foreign(ForeignHash),
}

/// Says who made a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// This service, with its pepper.
    Own,
    Foreign,
}

/// A hash that was made here.
struct Own {
    params: Params,
    salt: Vec<u8>,
    tag: Vec<u8>,
}

impl Own {
    /// Returns `None` for a hash without the pepper that is called `ours`.
    fn parse(phc: &str, ours: &[u8]) -> Option<Self> {
        let hash = PasswordHash::new(phc).ok()?;
        let params = Params::try_from(&hash).ok()?;
        let is_ours = hash.algorithm == Algorithm::Argon2id.ident()
            && hash.version == Some(Version::V0x13.into())
            && params.keyid() == ours
            && params.data().is_empty();
        match (hash.salt, hash.hash) {
            (Some(salt), Some(tag)) if is_ours && tag.len() >= 16 => Some(Self {
                params,
                salt: salt.to_vec(),
                tag: tag.as_bytes().to_vec(),
            }),
            _ => None,
        }
    }
}
