//! The error of all that registers and changes clients. `oidc::registration` turns it into an answer of RFC 7591, the
//! pages into theirs; the command line prints it.

use sea_orm::DbErr;

use super::rules::Problem;
use crate::domain::ClientId;
use crate::domain::client::AuthMethod;
use crate::mail;
use crate::storage::IsBusy;

/// The shortest secret that is accepted from outside: 128 bits in hexadecimal.
pub(super) const SHORTEST_SECRET: usize = 32;

/// Says why a client was not added, changed or removed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("{}", listed(.0))]
    Invalid(Vec<Problem>),
    #[error("there is no client {0}")]
    Unknown(ClientId),
    #[error("there is a client {0} already")]
    Exists(ClientId),
    /// Someone else changed the client meanwhile (security.md G-9).
    #[error("the client {0} was changed meanwhile; read it again")]
    Conflict(ClientId),
    #[error("the client {0} has no use for a secret: its token_endpoint_auth_method is {1}")]
    NoSecret(ClientId, AuthMethod),
    #[error(
        "the secret is shorter than {SHORTEST_SECRET} characters, or holds other characters than A-Z a-z 0-9 - _ . ~"
    )]
    WeakSecret,
    /// It may be granted more than whoever changes it has (security.md AD-1).
    #[error("the client {0} has the scope {1}, which whoever registers or changes it needs, too")]
    MorePowerful(ClientId, String),
    #[error("there is no active account like this")]
    NoAccount,
    #[error("the person is an owner of this client already")]
    OwnerAlready,
    #[error("the person is no owner of this client")]
    NotAnOwner,
    #[error("the client has as many owners as it can have")]
    TooManyOwners,
    #[error("the report has no such finding, or no mend of it")]
    NoMend,
    /// Needs a login within the last five minutes (security.md SE-4).
    #[error("a recent login is needed")]
    ReauthenticationNeeded,
    #[error("{0}")]
    Failed(String),
    #[error(transparent)]
    Storage(#[from] DbErr),
    #[error(transparent)]
    Mail(mail::Error),
}

impl From<mail::Error> for ClientError {
    fn from(error: mail::Error) -> Self {
        match error {
            mail::Error::Storage(error) => error.into(),
            other => Self::Mail(other),
        }
    }
}

impl IsBusy for ClientError {
    fn is_busy(&self) -> bool {
        matches!(self, Self::Storage(source) if source.is_busy())
    }
}

fn listed(problems: &[Problem]) -> String {
    problems
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("; ")
}
