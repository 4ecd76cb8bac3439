//! The errors of streams, for their receivers (SSF 1.0 §8.1, RFC 8936 §2.6), and of receivers, for administrators.

use sea_orm::DbErr;

use crate::oidc;
use crate::oidc::clients::ClientError;
use crate::storage::IsBusy;

/// The reasons why a receiver does not get what it asked for.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// The request is wrong.
    #[error("{0}")]
    Invalid(String),
    /// The client has no such stream.
    #[error("The client has no such stream")]
    NotFound,
    /// The client has a stream.
    #[error("The client has a stream already")]
    Exists,
    /// Somebody else changed it in the same moment.
    #[error("The stream was changed in the same moment")]
    Conflict,
    #[error("Too many; try again in {0} s")]
    TooSoon(u64),
    #[error(transparent)]
    Protocol(#[from] oidc::Error),
    #[error(transparent)]
    Database(#[from] DbErr),
}

impl StreamError {
    pub(super) fn invalid(why: impl Into<String>) -> Self {
        Self::Invalid(why.into())
    }
}

impl IsBusy for StreamError {
    fn is_busy(&self) -> bool {
        match self {
            Self::Database(error) => error.is_busy(),
            _ => false,
        }
    }
}

/// The reasons why an administrator's act on a receiver is refused.
#[derive(Debug, thiserror::Error)]
pub enum ReceiverError {
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error("there is no such stream, webhook or SCIM target")]
    NotFound,
    #[error("it was changed in the same moment")]
    Conflict,
    #[error("it has no secret: only webhooks have one")]
    NoSecret,
    /// The field, and what is wrong with it.
    #[error("{0}: {1}")]
    Invalid(&'static str, String),
    #[error("it has no token: only SCIM targets have one")]
    NoToken,
    #[error("the client has as many of these as it may have")]
    TooMany,
    #[error(transparent)]
    Database(#[from] DbErr),
    #[error(transparent)]
    Keys(#[from] crate::keys::Error),
}

impl IsBusy for ReceiverError {
    fn is_busy(&self) -> bool {
        match self {
            Self::Database(error) => error.is_busy(),
            Self::Client(error) => error.is_busy(),
            _ => false,
        }
    }
}
