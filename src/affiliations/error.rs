//! The error of this room. `http::error` turns it into a page with a status; the command line prints it.

use sea_orm::{DbErr, SqlErr};

use crate::domain::{OrganizationId, affiliation, ties};
use crate::storage::IsBusy;
use crate::{limits, mail};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The thing is absent, or of an organization that is not the actor's.
    #[error("there is no such thing")]
    NotFound,
    /// The decision was made on something that has changed meanwhile (security.md G-9): 409.
    #[error("it has been decided or changed meanwhile")]
    Conflict,
    /// The actor may see such a thing, but not in the state that it has come to: 404 to an actor who only looks, 409 to
    /// one who acts on it (security.md G-9).
    #[error("it can no longer be seen")]
    NoLongerSeen,
    /// security.md AF-2: 403.
    #[error("nobody decides about themselves")]
    OwnRequest,
    /// One network searched too often (security.md DS-2): 429 with `Retry-After`.
    #[error("too many; again in {seconds} s")]
    Throttled { seconds: u64 },
    /// The counters cannot be reached, so the attempt is refused (security.md G-11, ST-1): 503.
    #[error("the counters cannot be reached")]
    Uncounted,
    /// The login is too long ago for what changes roles (security.md SE-4): 401.
    #[error("a recent login is needed")]
    ReauthenticationNeeded,
    /// The deployment demands a second factor of the actor's office, and the time to set it up is over: 401.
    #[error("this office needs a second factor")]
    SecondFactorRequired,
    /// Only an administrator removes the last one: 409.
    #[error("the last Focal Point is removed by an administrator only")]
    LastFocalPoint,
    /// security.md AF-8: 403.
    #[error("a deputy decides about requests and TIES rights only")]
    DeputyMayNot,
    /// security.md AF-5: 409.
    #[error("a request waits already")]
    OpenRequest,
    /// The request asks for what is already so: 409.
    #[error("that affiliation is in force already")]
    InForce,
    /// security.md AF-5: 429.
    #[error("too many requests in a day")]
    TooManyRequests,
    /// security.md AF-3: 409.
    #[error("no TIES rights without an approved affiliation to an entitled, active member")]
    NotEntitled,
    /// Fields of a form were refused, each with the message about it: 422.
    #[error("some fields are not right")]
    Invalid(crate::domain::message::FieldErrors),
    /// The organization cannot take this change: 409.
    #[error("{0}")]
    Refused(&'static str),
    #[error("the database failed")]
    Storage(#[source] DbErr),
    #[error(transparent)]
    Mail(mail::Error),
}

impl Error {
    /// Returns the error if the database was busy. Logs any other, so that an organization that cannot be read keeps no
    /// other waiting in a job.
    pub(super) fn log_unless_busy(
        self,
        organization: &OrganizationId,
        what: &'static str,
    ) -> Result<(), Self> {
        if self.is_busy() {
            return Err(self);
        }
        tracing::error!(error = %self, %organization, "{what}");
        Ok(())
    }
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        match error.sql_err() {
            // The database refused what a parallel act had made impossible.
            Some(SqlErr::UniqueConstraintViolation(_)) => Self::Conflict,
            _ => Self::Storage(error),
        }
    }
}

impl From<mail::Error> for Error {
    fn from(error: mail::Error) -> Self {
        match error {
            mail::Error::Storage(error) => error.into(),
            mail::Error::Template(_) | mail::Error::Seal(_) => Self::Mail(error),
        }
    }
}

impl From<limits::Refused> for Error {
    fn from(refused: limits::Refused) -> Self {
        match refused {
            limits::Refused::TooMany { retry_after } => Self::Throttled {
                seconds: retry_after.as_secs(),
            },
            limits::Refused::Store(unreachable) => {
                drop(unreachable.into_cause());
                Self::Uncounted
            }
        }
    }
}

impl From<affiliation::Refused> for Error {
    fn from(refused: affiliation::Refused) -> Self {
        match refused {
            affiliation::Refused::OwnRequest => Self::OwnRequest,
            affiliation::Refused::WrongOrder { .. } => Self::Conflict,
        }
    }
}

impl From<ties::Refused> for Error {
    fn from(refused: ties::Refused) -> Self {
        match refused {
            ties::Refused::OwnRequest => Self::OwnRequest,
            ties::Refused::WrongOrder { .. } => Self::Conflict,
        }
    }
}

impl IsBusy for Error {
    fn is_busy(&self) -> bool {
        matches!(self, Self::Storage(error) if error.is_busy())
    }
}
