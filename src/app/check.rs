//! Finds out whether a process could start. It makes and changes nothing. The command `check` calls it.

use std::time::Duration;

use tokio::time::timeout;

use super::App;
use super::prerequisites::{
    StartError, blocklist, disposable_domains, documents, is_pending, mailer, master_key_is_there,
    use_our_tls,
};
use super::start::hashing_parameters;
use crate::certificates::Authorities;
use crate::clock::Clock;
use crate::config::{Config, Migrate};
use crate::fetch::Fetch;
use crate::keys::Keyring;
use crate::passwords::Hasher;
use crate::storage::ephemeral::Ephemeral;
use crate::storage::{Database, Look};
use crate::webauthn::Webauthn;

/// The time that a server has to answer; longer than that of a pool of connections, whose reason says more.
const PATIENCE: Duration = Duration::from_secs(6);

/// What verifies the passwords that are stored, opened without changing anything.
#[derive(Debug)]
pub struct StoredPasswords {
    pub db: Database,
    pub keys: Keyring,
    pub hasher: Hasher,
}

impl App {
    /// Opens what verifies the passwords that are stored. `None` before the first start.
    pub async fn look_at_passwords(config: &Config) -> Result<Option<StoredPasswords>, StartError> {
        match Database::look(config.database.url()).await? {
            // Loading would make the key.
            Look::There(db) if config.keys.master_key_file().exists() && !is_pending(&db).await? => {
                let keys = Keyring::load(config, Clock::System)?;
                let hasher = Hasher::new(hashing_parameters(config), keys.pepper())?;
                Ok(Some(StoredPasswords { db, keys, hasher }))
            }
            _ => Ok(None),
        }
    }

    /// Returns everything that would keep the service from starting or from working.
    pub async fn problems(config: &Config) -> Vec<String> {
        use_our_tls();
        let mut problems = Vec::new();
        let mut refuse = |error: Option<String>| problems.extend(error);
        refuse(Fetch::new(&config.fetch).err().map(|it| it.to_string()));
        refuse(Webauthn::new(&config.issuer).err().map(|it| it.to_string()));
        let authorities = config.mtls.client_ca.as_ref().map(|it| Authorities::load(it));
        refuse(authorities.and_then(Result::err).map(|it| it.to_string()));
        refuse(blocklist(config).err().map(|it| it.to_string()));
        let documents = documents(config, Clock::System.now());
        refuse(documents.err().map(|it| it.to_string()));
        refuse(disposable_domains(config).err().map(|it| it.to_string()));
        refuse(Keyring::look(config).err().map(|it| it.to_string()));
        let (store, mail, database) = tokio::join!(
            timeout(PATIENCE, store(config)),
            timeout(PATIENCE, mail(config)),
            timeout(PATIENCE, database(config)),
        );
        let silent = |what: &str| Err(format!("{what} does not answer within {} s", PATIENCE.as_secs()));
        refuse(store.unwrap_or_else(|_| silent("Redis")).err());
        refuse(mail.unwrap_or_else(|_| silent("the mail server")).err());
        let database = database.map(|it| it.map_err(|error| error.to_string()));
        refuse(database.unwrap_or_else(|_| silent("the database")).err());
        problems
    }
}

async fn store(config: &Config) -> Result<(), String> {
    let Some(url) = &config.redis.url else {
        return Ok(());
    };
    let reached = Ephemeral::redis(url.expose(), &config.redis.prefix, Clock::System).await;
    reached.map(drop).map_err(|it| it.into_cause().to_string())
}

async fn mail(config: &Config) -> Result<(), String> {
    let mailer = mailer(config).map_err(|it| format!("mail: {it}"))?;
    let reached = mailer.ping().await;
    reached.map_err(|it| format!("mail cannot be sent: {it}"))
}

async fn database(config: &Config) -> Result<(), StartError> {
    let manual = config.database.migrate == Migrate::Manual;
    match Database::look(config.database.url()).await? {
        // The first start makes the database.
        Look::Absent if !manual => Ok(()),
        Look::Absent => Err(StartError::NotMigrated),
        Look::There(db) => {
            db.ping().await?;
            if manual && is_pending(&db).await? {
                return Err(StartError::NotMigrated);
            }
            master_key_is_there(&db, config).await
        }
    }
}
