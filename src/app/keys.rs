//! The life of our signing keys, where the keyring meets the database: made at the first start, rotated
//! with an announcement, revoked at once (security.md JW-6). All nodes see a change by its generation.

use std::collections::BTreeSet;

use sea_orm::DbErr;
use serde_json::json;

use super::App;
use crate::audit;
use crate::domain::actor::Context;
use crate::domain::event::{Action, Event};
use crate::domain::signing_key::{self, Family, SigningKey, Standing};
use crate::jose;
use crate::storage::generations::{self, SIGNING_KEYS};
use crate::storage::{IsBusy, signing_keys};

#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("a rotation is announced already: its keys sign from {0}")]
    Announced(String),
    #[error("there is no key {0} that could be revoked")]
    Unknown(String),
    #[error("somebody else changed the keys just now; look again")]
    Raced,
    #[error(transparent)]
    Jose(#[from] jose::Error),
    #[error("the database: {0}")]
    Database(#[from] DbErr),
}

impl IsBusy for KeyError {
    fn is_busy(&self) -> bool {
        matches!(self, Self::Database(it) if it.is_busy())
    }
}

impl App {
    /// At the start: takes over the keys, or makes the first ones, which sign from now on.
    pub(super) async fn load_keys(&self) -> Result<(), super::StartError> {
        self.refresh_keys().await.map_err(start_error)?;
        let missing: Vec<Family> = Family::ALL
            .into_iter()
            .filter(|family| signing_key::newest(&self.keys.rows(), *family).is_none())
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        match self
            .add_keys(&Context::system(), &missing, self.clock.now(), None)
            .await
        {
            // Another node that starts at the same time has made them.
            Ok(_) | Err(KeyError::Raced) => {}
            Err(error) => return Err(start_error(error)),
        }
        self.refresh_keys().await.map_err(start_error)
    }

    /// Reads the keys again if the database says that they changed.
    pub async fn refresh_keys(&self) -> Result<(), KeyError> {
        let generation = generations::current(self.db.read(), SIGNING_KEYS).await?;
        if generation != self.keys.generation() || self.keys.rows().is_empty() {
            let rows = signing_keys::list(self.db.read()).await?;
            self.keys.refresh(generation, rows)?;
        }
        Ok(())
    }

    /// Announces new keys of all families; they sign after the announcement's time.
    pub async fn rotate_keys(&self, context: &Context) -> Result<Vec<SigningKey>, KeyError> {
        self.refresh_keys().await?;
        let now = self.clock.now();
        let rows = self.keys.rows();
        if let Some(announced) = rows
            .iter()
            .find(|it| self.keys.standing(it) == Standing::Announced)
        {
            return Err(KeyError::Announced(announced.active_from.to_rfc3339()));
        }
        let from = now + self.config.keys.announce;
        self.add_keys(context, &Family::ALL, from, None).await
    }

    /// Announces new keys where they are due; the clock's door calls it.
    pub async fn rotate_keys_when_due(&self) -> Result<Vec<SigningKey>, KeyError> {
        self.refresh_keys().await?;
        let now = self.clock.now();
        let settings = &self.config.keys;
        let due = signing_key::due(&self.keys.rows(), now, settings.rotate_every, settings.announce);
        if due.is_empty() {
            return Ok(Vec::new());
        }
        self.add_keys(&Context::system(), &due, now + settings.announce, None)
            .await
    }

    /// Ends a key at once: nothing it signed is believed any more. Without another of its family, a new
    /// one signs from now on.
    pub async fn revoke_key(&self, context: &Context, kid: &str) -> Result<Vec<SigningKey>, KeyError> {
        self.refresh_keys().await?;
        let now = self.clock.now();
        let rows = self.keys.rows();
        let unknown = || KeyError::Unknown(kid.to_owned());
        let key = rows
            .iter()
            .find(|it| it.kid == kid && it.revoked_at.is_none())
            .ok_or_else(unknown)?;
        let others = rows
            .iter()
            .any(|it| it.family == key.family && it.kid != kid && self.keys.standing(it) == Standing::Active);
        let active = self.keys.standing(key) == Standing::Active;
        let replace: &[Family] = if active && !others { &[key.family] } else { &[] };
        self.add_keys(context, replace, now, Some(kid)).await
    }

    /// The files first, the rows after: a key counts once its row is committed, and a file without a
    /// row is of no harm.
    async fn add_keys(
        &self,
        context: &Context,
        families: &[Family],
        active_from: crate::domain::Time,
        revoked: Option<&str>,
    ) -> Result<Vec<SigningKey>, KeyError> {
        let now = self.clock.now();
        let seen = self.keys.generation();
        let keyring = self.keys.clone();
        let wanted: Vec<Family> = families.to_vec();
        // Searching for primes takes a while, which other requests need not wait for.
        let made = tokio::task::spawn_blocking(move || {
            wanted
                .iter()
                .map(|it| keyring.generate(*it, now, active_from))
                .collect::<Result<Vec<_>, _>>()
        });
        let made = made.await.map_err(|it| jose::Error::Crypto(it.to_string()))??;
        let written: Result<(), KeyError> = self
            .db
            .write(async |tx| {
                // Of several nodes with the same idea, one does it.
                if !generations::raise_from(tx, SIGNING_KEYS, seen).await? {
                    return Err(KeyError::Raced);
                }
                if let Some(kid) = revoked {
                    if !signing_keys::revoke(tx, kid, now).await? {
                        return Err(KeyError::Unknown(kid.to_owned()));
                    }
                    let event = Event::new(Action::KeyChanged, format!("key:{kid}")).because("revoked");
                    audit::record(tx, now, context, event).await?;
                }
                for key in &made {
                    signing_keys::insert(tx, key).await?;
                    let event = Event::new(Action::KeyChanged, format!("key:{}", key.kid))
                        .change(json!(null), json!({"active_from": key.active_from}));
                    audit::record(tx, now, context, event.because("made")).await?;
                }
                Ok(())
            })
            .await;
        if let Err(error) = written {
            made.iter().try_for_each(|it| self.keys.discard(&it.kid))?;
            return Err(error);
        }
        self.refresh_keys().await?;
        Ok(made)
    }

    /// Removes the files of keys that are gone or revoked. Their rows stay: the trail names them.
    pub fn sweep_keys(&self) -> Result<(), KeyError> {
        let rows = self.keys.rows();
        let gone: BTreeSet<&str> = rows
            .iter()
            .filter(|it| matches!(self.keys.standing(it), Standing::Gone | Standing::Revoked))
            .map(|it| it.kid.as_str())
            .collect();
        gone.into_iter().try_for_each(|kid| self.keys.discard(kid))?;
        Ok(())
    }
}

fn start_error(error: KeyError) -> super::StartError {
    match error {
        KeyError::Jose(it) => it.into(),
        KeyError::Database(it) => it.into(),
        other => jose::Error::Unsafe(other.to_string()).into(),
    }
}
