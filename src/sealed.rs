//! Short-lived values that this service alone can read: sealed under a key of their purpose and kept in the ephemeral
//! store under the digest of their key (security.md G-7, G-13, ST-1). A thief of the store has nothing.
//!
//! They are for what a door keeps between two requests of a browser, and for a test login, which has what a person sees
//! of it alone; what else the rooms keep has a namespace of theirs in the store itself.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::app::App;
use crate::domain::secret::Digest;
use crate::storage::ephemeral::{EphemeralError, Kind};

/// The purpose of a value; each has a key and a namespace of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The outcome of a POST, for the GET that follows.
    PostOutcome,
    /// The answer to a form, for a second press of its button.
    Submission,
    /// The form of a page that was sent last, by its key among submissions.
    LatestSubmission,
    /// The answer to a service's request, for a browser that asks again.
    RepeatedAnswer,
    /// New recovery codes, until the person says that they are saved.
    RecoveryCodes,
    /// The answer to a call of the REST API, for a repetition with the same key.
    RepeatedCall,
    /// A table of organizations, until its administrator applies it.
    OrganizationsTable,
    /// The texts of a version of a document, until its administrator publishes it.
    TermsDraft,
    /// A test login that is under way.
    TestLogin,
    /// The result of a test login, for whoever began it.
    TestLoginReport,
}

impl Purpose {
    const fn kind(self) -> Kind {
        match self {
            Self::PostOutcome => Kind::PostOutcome,
            Self::Submission | Self::LatestSubmission => Kind::Submission,
            Self::RepeatedAnswer => Kind::RepeatedAnswer,
            Self::RecoveryCodes => Kind::RecoveryCodes,
            Self::RepeatedCall => Kind::RepeatedCall,
            Self::OrganizationsTable => Kind::OrganizationsTable,
            Self::TermsDraft => Kind::TermsDraft,
            Self::TestLogin | Self::TestLoginReport => Kind::TestLogin,
        }
    }

    /// Returns the name of the key that seals it.
    const fn as_str(self) -> &'static str {
        match self {
            Self::PostOutcome => "post-outcome",
            Self::Submission => "submission",
            Self::LatestSubmission => "latest-submission",
            Self::RepeatedAnswer => "repeated-answer",
            Self::RecoveryCodes => "recovery-codes",
            Self::RepeatedCall => "repeated-call",
            Self::OrganizationsTable => "organizations-table",
            Self::TermsDraft => "terms-draft",
            Self::TestLogin => "test-login",
            Self::TestLoginReport => "test-login-report",
        }
    }

    fn key(self, key: &str) -> String {
        let text = format!("{}\n{key}", self.as_str());
        Digest::of(text.as_bytes()).as_str().to_owned()
    }
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the ephemeral store cannot be reached")]
    Store(EphemeralError),
    #[error("a value cannot be sealed: {0}")]
    Seal(String),
}

impl From<EphemeralError> for Error {
    fn from(unreachable: EphemeralError) -> Self {
        Self::Store(unreachable)
    }
}

/// The entry under a key.
#[derive(Debug, PartialEq, Eq)]
pub enum Found<T> {
    Nothing,
    /// The key is claimed, and no value put yet.
    Claimed,
    Value(T),
}

pub async fn put<T: Serialize>(
    app: &App,
    purpose: Purpose,
    key: &str,
    value: &T,
    ttl: Duration,
) -> Result<(), Error> {
    let failed = |error: &dyn std::fmt::Display| Error::Seal(error.to_string());
    let content = serde_json::to_vec(value).map_err(|it| failed(&it))?;
    let sealed = app.keys.seal(purpose.as_str(), &content);
    let sealed = sealed.map_err(|it| failed(&it))?;
    let (kind, key) = (purpose.kind(), purpose.key(key));
    Ok(app.ephemeral.put(kind, &key, sealed.as_bytes(), ttl).await?)
}

/// Takes the key for a value to come; returns `false` if somebody has it.
pub async fn claim(app: &App, purpose: Purpose, key: &str, ttl: Duration) -> Result<bool, Error> {
    let (kind, key) = (purpose.kind(), purpose.key(key));
    Ok(app.ephemeral.put_new(kind, &key, b"", ttl).await?)
}

pub async fn find<T: DeserializeOwned>(app: &App, purpose: Purpose, key: &str) -> Result<Found<T>, Error> {
    let stored = app.ephemeral.get(purpose.kind(), &purpose.key(key)).await?;
    Ok(match stored {
        None => Found::Nothing,
        Some(bytes) if bytes.is_empty() => Found::Claimed,
        // A value that another key sealed is nothing of ours.
        Some(bytes) => open(app, purpose, &bytes).map_or(Found::Nothing, Found::Value),
    })
}

/// Returns the value, if there is one.
pub async fn get<T: DeserializeOwned>(app: &App, purpose: Purpose, key: &str) -> Result<Option<T>, Error> {
    Ok(match find(app, purpose, key).await? {
        Found::Value(value) => Some(value),
        Found::Nothing | Found::Claimed => None,
    })
}

pub async fn remove(app: &App, purpose: Purpose, key: &str) -> Result<(), Error> {
    app.ephemeral.take(purpose.kind(), &purpose.key(key)).await?;
    Ok(())
}

fn open<T: DeserializeOwned>(app: &App, purpose: Purpose, stored: &[u8]) -> Option<T> {
    let content = app
        .keys
        .open(purpose.as_str(), std::str::from_utf8(stored).ok()?)?;
    serde_json::from_slice(&content).ok()
}
