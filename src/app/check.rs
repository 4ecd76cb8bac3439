//! Finds out whether a process could start. It makes and changes nothing. The command `check` calls it.

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
        if let Some(url) = &config.redis.url {
            let reached = Ephemeral::redis(url.expose(), &config.redis.prefix, Clock::System).await;
            refuse(reached.err().map(|it| it.into_cause().to_string()));
        }
        match mailer(config) {
            Ok(mailer) => refuse(
                mailer
                    .ping()
                    .await
                    .err()
                    .map(|it| format!("mail cannot be sent: {it}")),
            ),
            Err(error) => refuse(Some(format!("mail: {error}"))),
        }
        refuse(database(config).await.err().map(|it| it.to_string()));
        problems
    }
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
