//! A person and the proof that it is them: sign-up, the code that proves an address, login, recovery,
//! sessions, profile (product.md "Sign-up"; security.md section 8). Rules are here and not in the
//! doors; every change is one transaction with its audit record and its mail (ST-2).

pub mod sessions;

use sea_orm::DbErr;

use crate::domain::profile::FieldErrors;
use crate::storage::IsBusy;

/// Why something was not done, in words a door can say. What is absent is an `Option` instead.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Fields of the form, each with the key of its message.
    #[error("the form has wrong fields")]
    Invalid(FieldErrors),
    /// One answer for every cause (security.md PW-3).
    #[error("address or password are wrong")]
    WrongCredentials,
    #[error("the code is wrong")]
    WrongCode,
    /// Too old, tried too often, or replaced: a new code must be asked for.
    #[error("the code is no longer valid")]
    CodeVoid,
    /// The link was used, replaced, or is too old.
    #[error("the link is no longer valid")]
    LinkVoid,
    /// The sign-up was finished, or not in time.
    #[error("there is no such sign-up")]
    NoSignup,
    #[error("a step of the sign-up is missing")]
    StepMissing,
    #[error("too many attempts; the next is possible in {} s", retry_after.num_seconds())]
    Throttled { retry_after: chrono::Duration },
    /// All hashing is busy and its queue is full: 503 (security.md PW-2).
    #[error("too busy")]
    Busy,
    /// Someone else changed it meanwhile: 409 (security.md G-9).
    #[error("changed meanwhile")]
    Conflict,
    /// Needs a login within the last five minutes (security.md SE-4).
    #[error("a recent login is needed")]
    ReauthenticationNeeded,
    #[error(transparent)]
    Storage(#[from] DbErr),
    #[error("{0}")]
    Failed(String),
}

pub type Result<T, E = Error> = std::result::Result<T, E>;

impl IsBusy for Error {
    fn is_busy(&self) -> bool {
        matches!(self, Self::Storage(it) if it.is_busy())
    }
}

impl Error {
    pub fn field(name: &'static str, key: &'static str) -> Self {
        Self::Invalid(FieldErrors::from([(name, key)]))
    }
}
