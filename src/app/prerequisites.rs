//! Checks what must hold before the service starts: a start and a look without traces both call it.

use std::path::Path;

use migrations::MigratorTrait;
use sea_orm::DbErr;

use crate::certificates::AuthoritiesError;
use crate::config::{Config, Transport};
use crate::documents::Documents;
use crate::domain::Time;
use crate::domain::blocklist::Blocklist;
use crate::domain::disposable_domains::DisposableDomains;
use crate::keys::RotationError;
use crate::mail::{Mailer, Sender};
use crate::storage::ephemeral::EphemeralError;
use crate::storage::{Database, OpenError, migrations as applied, signing_keys};
use crate::{fetch, keys, passwords, webauthn};

/// The reasons why the service does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Database(#[from] OpenError),
    #[error("the database: {0}")]
    Query(#[from] DbErr),
    #[error("the database is not up to date; run: itu-account migrate up")]
    NotMigrated,
    #[error(
        "the master key {0} is not there, but the database has keys and passwords that only it opens; \
         put it back, or set [keys] master_key_file"
    )]
    MasterKeyLost(String),
    #[error("the ephemeral store cannot be reached: {0}")]
    Ephemeral(#[source] redis::RedisError),
    #[error(transparent)]
    Keys(#[from] keys::Error),
    #[error(transparent)]
    Hashing(#[from] passwords::Error),
    #[error(transparent)]
    Webauthn(#[from] webauthn::Error),
    #[error(transparent)]
    Fetch(#[from] fetch::Error),
    #[error(transparent)]
    Authorities(#[from] AuthoritiesError),
    #[error("[passwords] blocklist_file {0}")]
    Blocklist(String),
    #[error("[site] documents {0}")]
    Documents(String),
    #[error("[accounts] disposable_domains_file {0}")]
    DisposableDomains(String),
    #[error("mail: {0}")]
    Mail(String),
}

impl From<EphemeralError> for StartError {
    fn from(unreachable: EphemeralError) -> Self {
        Self::Ephemeral(unreachable.into_cause())
    }
}

impl From<RotationError> for StartError {
    fn from(error: RotationError) -> Self {
        match error {
            RotationError::Keys(error) => error.into(),
            RotationError::Database(error) => error.into(),
            other => keys::Error::Unsafe(other.to_string()).into(),
        }
    }
}

/// Installs the provider of TLS to Redis and mail servers; one that is installed already is as good. The driver of
/// PostgreSQL brings the same one with it.
pub(super) fn use_our_tls() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

pub(super) fn mailer(config: &Config) -> Result<Mailer, String> {
    let sender = Sender {
        from: config.mail.from.parse().map_err(|it| format!("from: {it}"))?,
        domain: config.issuer.host().to_owned(),
    };
    match config.mail.transport {
        Transport::Outbox => Ok(Mailer::Outbox),
        Transport::File => Mailer::file(config.mail.directory.clone(), sender)
            .map_err(|it| format!("{}: {it}", config.mail.directory.display())),
        Transport::Smtp => {
            let url = config.mail.url.as_ref().map_or("", |it| it.expose());
            Mailer::smtp(url, sender).map_err(|it| it.to_string())
        }
    }
}

/// Reads the operator's list of passwords that nobody may have.
pub(super) fn blocklist(config: &Config) -> Result<Blocklist, StartError> {
    let Some(path) = &config.passwords.blocklist_file else {
        return Ok(Blocklist::default());
    };
    let wrong = |why: String| StartError::Blocklist(format!("{}: {why}", path.display()));
    let file = std::fs::read(path).map_err(|it| wrong(it.to_string()))?;
    Blocklist::parse(&file).map_err(|it| wrong(format!("line {} is not UTF-8", it.0)))
}

/// Reads the Terms of Use and the Privacy Notice. One version of each is in force at the start.
pub(super) fn documents(config: &Config, now: Time) -> Result<Documents, StartError> {
    Documents::load(config.site.documents.as_deref(), now).map_err(StartError::Documents)
}

/// Reads the operator's list of domains of which no address gets an account.
pub(super) fn disposable_domains(config: &Config) -> Result<DisposableDomains, StartError> {
    let Some(path) = &config.accounts.disposable_domains_file else {
        return Ok(DisposableDomains::default());
    };
    let wrong = |why: String| StartError::DisposableDomains(format!("{}: {why}", path.display()));
    let file = std::fs::read(path).map_err(|it| wrong(it.to_string()))?;
    DisposableDomains::parse(&file).map_err(|it| wrong(it.to_string()))
}

/// Returns `true` if migrations are pending. It reads only; the migrations' own question makes their table.
pub(super) async fn is_pending(db: &Database) -> Result<bool, DbErr> {
    let applied = applied::list_applied(db.read()).await?;
    let files = migrations::Migrator::get_migration_files();
    Ok(files
        .iter()
        .any(|it| !applied.iter().any(|done| done == it.name())))
}

/// Refuses a database with keys that no master key opens: with a new one, every password and every key would be lost
/// for good.
pub(super) async fn master_key_is_there(db: &Database, config: &Config) -> Result<(), StartError> {
    let path = config.keys.master_key_file();
    let is_used = || async {
        let applied = applied::list_applied(db.read()).await?;
        let has_keys = applied.iter().any(|it| it == "m0008_signing_keys");
        Ok::<_, DbErr>(has_keys && !signing_keys::list(db.read()).await?.is_empty())
    };
    if Path::new(&path).exists() || !is_used().await? {
        return Ok(());
    }
    Err(StartError::MasterKeyLost(path.display().to_string()))
}
