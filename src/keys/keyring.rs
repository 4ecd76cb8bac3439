//! Holds all our keys in memory: signs with the active ones, publishes the JWK set, seals with what derives from the
//! master key. `rotation` refreshes it when the counter in the database has changed (`storage::cache_versions`).

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};
use serde_json::{Value, json};

use super::error::Error;
use super::files;
use super::master::Master;
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::Time;
use crate::domain::client::SigningAlg;
use crate::domain::public_document::PublicDocument;
use crate::domain::signing_key::{Family, KeyState, SigningKey};
use crate::jose::jws::{self, Parts};
use crate::jose::{self, KeyPair};
use crate::random;
use crate::telemetry::span::Span;

#[derive(Clone, Debug)]
pub struct Keyring(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    clock: Clock,
    master: Master,
    directory: PathBuf,
    rsa_bits: u32,
    keep: Duration,
    ring: ArcSwap<Ring>,
    published: ArcSwapOption<Published>,
}

/// The JWK set as it was read last, with the keys that it has.
#[derive(Debug)]
struct Published {
    pairs: Vec<Arc<KeyPair>>,
    document: PublicDocument,
}

#[derive(Debug, Default)]
struct Ring {
    generation: i64,
    pairs: Vec<Arc<KeyPair>>,
    rows: Vec<SigningKey>,
}

impl Keyring {
    /// Checks an existing master key. It makes none.
    pub fn look(config: &Config) -> Result<(), Error> {
        let path = config.keys.master_key_file();
        if path.exists() {
            files::master(&path)?;
        }
        Ok(())
    }

    /// Reads the master key, or makes it. `refresh` adds the signing keys.
    pub fn load(config: &Config, clock: Clock) -> Result<Self, Error> {
        Ok(Self(Arc::new(Inner {
            clock,
            master: files::master(&config.keys.master_key_file())?,
            directory: config.keys.directory.clone(),
            rsa_bits: config.keys.rsa_bits,
            // JW-6: a key is kept until the last token signed has expired, plus the announcement's time for caches.
            keep: config.tokens.longest_signed() + config.keys.announce,
            ring: ArcSwap::default(),
            published: ArcSwapOption::default(),
        })))
    }

    pub fn generation(&self) -> i64 {
        self.0.ring.load().generation
    }

    /// Replaces the signing keys by those of the database. Their private halves are read from the directory.
    pub fn refresh(&self, generation: i64, rows: Vec<SigningKey>) -> Result<(), Error> {
        let now = self.0.clock.now();
        let cached = self.0.ring.load();
        let pairs = rows
            .iter()
            .filter(|row| row.state(&rows, now, self.0.keep).is_published())
            .map(|row| {
                let before = cached.pairs.iter().find(|it| it.key == *row);
                match before {
                    Some(pair) => Ok(Arc::clone(pair)),
                    None => {
                        let private = files::read_key(&self.0.directory, &self.0.master, &row.kid)?;
                        Ok(Arc::new(KeyPair::read(row.clone(), &private)?))
                    }
                }
            })
            .collect::<Result<_, Error>>()?;
        let read = Arc::new(Ring {
            generation,
            pairs,
            rows,
        });
        // Several may read at the same time, and the one that read first may arrive last.
        self.0.ring.rcu(|cached| {
            Arc::clone(if cached.generation > read.generation {
                cached
            } else {
                &read
            })
        });
        Ok(())
    }

    /// Makes a key and its file. The key is used once its row is in the database.
    pub fn generate(&self, family: Family, created_at: Time, active_from: Time) -> Result<SigningKey, Error> {
        let kid = format!("{}-{}", family.as_str(), random::id());
        let private = jose::generate(family, self.0.rsa_bits)?;
        files::write_key(&self.0.directory, &self.0.master, &kid, &private)?;
        Ok(SigningKey {
            kid,
            family,
            created_at,
            active_from,
            revoked_at: None,
        })
    }

    /// Removes the file of a key that is no longer used.
    pub fn discard(&self, kid: &str) -> Result<(), Error> {
        files::remove_key(&self.0.directory, kid)
    }

    /// Returns the rows of all keys, as of the last `refresh`.
    pub fn rows(&self) -> Vec<SigningKey> {
        self.0.ring.load().rows.clone()
    }

    pub fn state(&self, key: &SigningKey) -> KeyState {
        key.state(&self.0.ring.load().rows, self.0.clock.now(), self.0.keep)
    }

    /// Signs `claims` with the active key, as a compact JWS.
    pub fn sign(&self, alg: SigningAlg, typ: &str, claims: &Value) -> Result<String, Error> {
        let now = self.0.clock.now();
        let ring = self.0.ring.load();
        let pair = ring
            .pairs
            .iter()
            .filter(|it| it.key.family == Family::of(alg) && it.key.active_from <= now)
            .max_by_key(|it| (it.key.active_from, &it.key.kid))
            .ok_or(Error::NoKey(alg.as_str()))?;
        let header = json!({"alg": alg.as_str(), "kid": pair.key.kid, "typ": typ});
        let mut token = jws::encode(header.to_string());
        token.push('.');
        token.push_str(&jws::encode(claims.to_string()));
        let signing = Span::inside("sign");
        signing.set("itu_account.signature.alg", alg.as_str());
        let signature = pair.sign(alg, token.as_bytes())?;
        drop(signing);
        token.push('.');
        token.push_str(&jws::encode(signature));
        Ok(token)
    }

    /// Returns the claims of a token of this `typ` that one of the published keys has signed. Neither `exp` nor `aud`
    /// is checked: an ID token as a hint may have expired (OpenID Connect RP-Initiated Logout §4).
    pub fn verify_own(&self, token: &str, typ: &str) -> Option<Value> {
        let parts = Parts::parse(token)?;
        let ring = self.0.ring.load();
        let kid = parts.kid.as_deref()?;
        let pair = ring
            .published(self.0.clock.now(), self.0.keep)
            .find(|it| it.key.kid == kid)?;
        let verified = parts.is_typ(typ) && pair.verify(parts.alg, parts.signed.as_bytes(), &parts.signature);
        verified.then(|| parts.claims()).flatten()
    }

    /// Returns the published JWK set (RFC 7517 §5): announced, active and retired keys.
    pub fn jwks(&self) -> Value {
        let ring = self.0.ring.load();
        set_of(ring.published(self.0.clock.now(), self.0.keep))
    }

    /// Returns the set as it is sent. It is written anew when the keys are others, by a rotation or as time goes by.
    pub fn jwks_document(&self) -> PublicDocument {
        let ring = self.0.ring.load();
        let published = || ring.published(self.0.clock.now(), self.0.keep);
        let last = self.0.published.load();
        if let Some(last) = last.as_ref()
            && last
                .pairs
                .iter()
                .map(Arc::as_ptr)
                .eq(published().map(Arc::as_ptr))
        {
            return last.document.clone();
        }
        let pairs: Vec<Arc<KeyPair>> = published().cloned().collect();
        let document = PublicDocument::new(set_of(&pairs).to_string());
        self.0.published.store(Some(Arc::new(Published {
            pairs,
            document: document.clone(),
        })));
        document
    }

    /// Encrypts for ourselves, with AES-256-GCM under a key of its `kind`, as base64url.
    pub fn seal(&self, kind: &str, plaintext: &[u8]) -> Result<String, Error> {
        self.0.master.seal_text(kind, plaintext)
    }

    /// Decrypts what `seal` made for this kind. Returns `None` for everything else.
    pub fn open(&self, kind: &str, sealed: &str) -> Option<Vec<u8>> {
        self.0.master.open_text(kind, sealed)
    }

    /// Returns the HMAC-SHA-256 under a key of its purpose. It is for short codes, which a bare digest would not hide.
    pub fn hmac(&self, purpose: &str, data: &[u8]) -> [u8; 32] {
        self.0.master.hmac(purpose, data)
    }

    pub fn pepper(&self) -> &[u8] {
        self.0.master.pepper()
    }
}

fn set_of<'a>(pairs: impl IntoIterator<Item = &'a Arc<KeyPair>>) -> Value {
    let mut pairs: Vec<_> = pairs.into_iter().collect();
    // RSA comes first: services that take the first key of a set mostly verify RS256 only.
    pairs.sort_by_key(|it| it.key.family != Family::Rsa);
    let keys: Vec<&Value> = pairs.into_iter().map(|it| &it.public).collect();
    json!({ "keys": keys })
}

impl Ring {
    fn published(&self, now: Time, keep: Duration) -> impl Iterator<Item = &Arc<KeyPair>> {
        let visible = move |it: &&Arc<KeyPair>| it.key.state(&self.rows, now, keep).is_published();
        self.pairs.iter().filter(visible)
    }
}
