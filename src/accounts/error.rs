//! The reasons why something was not done, in words that a door can show. What is absent is an `Option` instead.

use chrono::Duration;
use sea_orm::DbErr;

use crate::domain::message::{FieldErrors, Message};
use crate::domain::secret::Secret;
use crate::storage::IsBusy;
use crate::storage::ephemeral::EphemeralError;
use crate::{limits, mail, passwords};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Fields of the form, each with its message.
    #[error("the form has wrong fields")]
    Fields(FieldErrors),
    /// One answer for every cause (security.md PW-3).
    #[error("address or password are wrong")]
    WrongCredentials,
    #[error("the code is wrong")]
    WrongCode,
    /// The code is too old, was tried too often, or was replaced: a new one must be requested.
    #[error("the code is no longer valid")]
    CodeVoid,
    /// No challenge is open: it took too long, or a device has answered.
    #[error("the challenge to the devices has expired")]
    ChallengeExpired,
    /// The password was reset by mail since the passkey was last presented with one.
    #[error("this passkey counts after the password only")]
    PasswordFirst,
    /// The link was used, replaced, or is too old.
    #[error("the link is no longer valid")]
    LinkVoid,
    /// Another account has got the address meanwhile.
    #[error("the address is that of another account")]
    AddressTaken,
    /// The sign-up was finished, or not in time.
    #[error("there is no such sign-up")]
    NoSignup,
    /// Steps run in order (security.md G-6).
    #[error("a step of the sign-up is missing")]
    StepMissing,
    /// 429 with `Retry-After` (security.md DS-2).
    #[error("too many attempts; the next is possible in {} s", retry_after.num_seconds())]
    Throttled { retry_after: Duration },
    /// All hashing is busy and its queue is full: 503 (security.md PW-2).
    #[error("too busy")]
    Busy,
    /// Someone else changed it meanwhile: 409 (security.md G-9).
    #[error("changed meanwhile")]
    Conflict,
    /// The password was right, and the account asks for a code: the ticket is for the second step.
    #[error("a second factor is needed")]
    SecondFactorNeeded { ticket: Secret },
    /// There is no such account, or the actor has no business with it (security.md G-4).
    #[error("there is no such account")]
    NotFound,
    /// Nobody acts in office on the own account, nor support on that of somebody who holds a role (security.md AD-1).
    #[error("this account is not the actor's to act on")]
    NotTheirs,
    /// One administrator always remains (security.md AD-1).
    #[error("the account is that of the last administrator")]
    LastAdministrator,
    /// The deployment demands a second factor of the person's office: without one it is closed, and the last one stays.
    #[error("this office needs a second factor")]
    SecondFactorRequired,
    /// Needs a login within the last five minutes (security.md SE-4).
    #[error("a recent login is needed")]
    ReauthenticationNeeded,
    #[error(transparent)]
    Storage(#[from] DbErr),
    #[error("{0}")]
    Failed(String),
}

pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    pub fn field(name: &'static str, message: impl Into<Message>) -> Self {
        Self::Fields(FieldErrors::from([(name, message)]))
    }

    pub(super) fn failed(error: impl std::fmt::Display) -> Self {
        Self::Failed(error.to_string())
    }
}

impl IsBusy for Error {
    fn is_busy(&self) -> bool {
        matches!(self, Self::Storage(error) if error.is_busy())
    }
}

impl From<mail::Error> for Error {
    fn from(error: mail::Error) -> Self {
        match error {
            mail::Error::Storage(error) => error.into(),
            mail::Error::Template(_) | mail::Error::Seal(_) => Self::failed(error),
        }
    }
}

impl From<passwords::Error> for Error {
    fn from(error: passwords::Error) -> Self {
        match error {
            passwords::Error::Busy => Self::Busy,
            passwords::Error::Failed(_) => Self::failed(error),
        }
    }
}

impl From<limits::Refused> for Error {
    fn from(refused: limits::Refused) -> Self {
        match refused {
            limits::Refused::TooMany { retry_after } => Self::Throttled {
                retry_after: Duration::from_std(retry_after).unwrap_or(Duration::hours(1)),
            },
            // A limit that cannot be counted refuses (G-11).
            limits::Refused::Store(unreachable) => unreachable.into(),
        }
    }
}

impl From<EphemeralError> for Error {
    fn from(unreachable: EphemeralError) -> Self {
        drop(unreachable.into_cause());
        Self::Busy
    }
}
