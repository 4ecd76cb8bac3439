//! Whether a process could start, found out by looking alone: nothing is made, nothing is changed.

use std::path::Path;

use migrations::MigratorTrait;
use sea_orm::DbErr;

use super::{App, StartError, mailer, webauthn};
use crate::certificates::Authorities;
use crate::clock::Clock;
use crate::config::{Config, Migrate};
use crate::fetch::Fetch;
use crate::jose::Keyring;
use crate::storage::ephemeral::Ephemeral;
use crate::storage::{Database, Look, migrations as applied, signing_keys};

impl App {
    /// Everything that would keep the service from starting, or from working once it has.
    pub async fn problems(config: &Config) -> Vec<String> {
        super::use_our_tls();
        let mut problems = Vec::new();
        let mut refuse = |error: Option<String>| problems.extend(error);
        refuse(Fetch::new(&config.fetch).err().map(|it| it.to_string()));
        refuse(
            webauthn::Webauthn::new(&config.issuer)
                .err()
                .map(|it| it.to_string()),
        );
        let authorities = config.mtls.client_ca.as_ref().map(|it| Authorities::load(it));
        refuse(authorities.and_then(Result::err).map(|it| it.to_string()));
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
        // The first start makes it.
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

/// Reads only; the migrations' own question makes their table.
pub(super) async fn is_pending(db: &Database) -> Result<bool, DbErr> {
    let applied = applied::list_applied(db.read()).await?;
    let files = migrations::Migrator::get_migration_files();
    Ok(files
        .iter()
        .any(|it| !applied.iter().any(|done| done == it.name())))
}

/// A database with keys that no master key opens is not to get a new one: with it, every password and every key
/// would be lost for good.
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
