//! The failures of our own keys, and of changing them.

use sea_orm::DbErr;

use crate::jose;
use crate::storage::IsBusy;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{path}: {source}")]
    File { path: String, source: std::io::Error },
    #[error("{0}")]
    Unsafe(String),
    #[error("{0} is not a master key; restore it from the backup")]
    NotAMasterKey(String),
    #[error("the key {kid} cannot be opened: it was sealed under another master key, or is damaged")]
    Sealed { kid: String },
    #[error("there is no {0} key in use")]
    NoKey(&'static str),
    #[error("cryptography failed: {0}")]
    Crypto(String),
    #[error(transparent)]
    Jose(#[from] jose::Error),
}

impl From<openssl::error::ErrorStack> for Error {
    fn from(error: openssl::error::ErrorStack) -> Self {
        Self::Crypto(error.to_string())
    }
}

/// The reasons why the signing keys were not changed.
#[derive(Debug, thiserror::Error)]
pub enum RotationError {
    #[error("a rotation is announced already: its keys sign from {0}")]
    Announced(String),
    #[error("there is no key {0} that could be revoked")]
    Unknown(String),
    #[error("somebody else changed the keys just now; look again")]
    Raced,
    #[error(transparent)]
    Keys(#[from] Error),
    #[error("the database: {0}")]
    Database(#[from] DbErr),
}

impl IsBusy for RotationError {
    fn is_busy(&self) -> bool {
        matches!(self, Self::Database(error) if error.is_busy())
    }
}
