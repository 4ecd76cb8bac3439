//! Mail: written to the outbox in the transaction of its cause, sent later by a job, through SMTP
//! (TLS by rustls) or into files. Nothing is lost while the server is away (security.md DS-4).

mod file;
mod message;
pub mod outbox;
mod sender;

use std::path::PathBuf;

use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

pub use outbox::{Email, Recipient};
pub use sender::Sender;

use sea_orm::DbErr;

use crate::storage::IsBusy;
use crate::storage::outbox::Due;
use crate::{keys, templates};

/// The way in which mail leaves.
#[derive(Clone, Debug)]
pub enum Mailer {
    Smtp {
        transport: AsyncSmtpTransport<Tokio1Executor>,
        sender: Sender,
    },
    /// Each mail is one `.eml` file.
    File { directory: PathBuf, sender: Sender },
    /// Mail stays in the outbox, with its text, for the demo's page and for tests.
    Outbox,
}

/// The reasons why an e-mail was not written into the outbox.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Template(#[from] templates::Error),
    #[error(transparent)]
    Seal(#[from] keys::Error),
    #[error(transparent)]
    Storage(#[from] DbErr),
}

impl IsBusy for Error {
    fn is_busy(&self) -> bool {
        matches!(self, Self::Storage(error) if error.is_busy())
    }
}

#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The server will probably refuse this mail again: a 5xx, or an address that is none.
    #[error("refused: {0}")]
    Refused(String),
    #[error("not now: {0}")]
    Later(String),
}

impl Mailer {
    /// Returns a mailer by SMTP; `url` is as in lettre: `smtps://user:password@host`, `smtp://host:587?tls=required`.
    pub fn smtp(url: &str, sender: Sender) -> Result<Self, lettre::transport::smtp::Error> {
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)?
            .timeout(Some(std::time::Duration::from_secs(20)))
            .build();
        Ok(Self::Smtp { transport, sender })
    }

    /// Returns a mailer into a directory, which is made with the first mail.
    pub fn file(directory: PathBuf, sender: Sender) -> std::io::Result<Self> {
        file::can_be_made(&directory)?;
        Ok(Self::File { directory, sender })
    }

    /// Returns `true` if the text of a mail stays readable in the outbox after it was sent.
    pub fn keeps_text(&self) -> bool {
        matches!(self, Self::Outbox)
    }

    pub async fn send(&self, mail: &Due) -> Result<(), SendError> {
        match self {
            Self::Outbox => Ok(()),
            Self::Smtp { transport, sender } => {
                let message = message::build(sender, mail).map_err(|e| SendError::Refused(e.to_string()))?;
                match transport.send(message).await {
                    Ok(_) => Ok(()),
                    Err(error) if error.is_permanent() => Err(SendError::Refused(error.to_string())),
                    Err(error) => Err(SendError::Later(error.to_string())),
                }
            }
            Self::File { directory, sender } => {
                let message = message::build(sender, mail).map_err(|e| SendError::Refused(e.to_string()))?;
                let (directory, id) = (directory.clone(), mail.id.clone());
                tokio::task::spawn_blocking(move || file::write(&directory, &id, &message.formatted()))
                    .await
                    .map_err(|e| SendError::Later(e.to_string()))?
                    .map_err(|e| SendError::Later(e.to_string()))
            }
        }
    }

    /// Reaches the server, for `check`.
    pub async fn ping(&self) -> Result<(), String> {
        match self {
            Self::Smtp { transport, .. } => match transport.test_connection().await {
                Ok(true) => Ok(()),
                Ok(false) => Err("the mail server does not answer as one".into()),
                Err(error) => Err(error.to_string()),
            },
            Self::File { .. } | Self::Outbox => Ok(()),
        }
    }
}
