//! What every door hands to the rooms: one cheap clone.

mod check;
mod keys;

use std::sync::Arc;

use lettre::message::Mailbox;
use migrations::MigratorTrait;
use sea_orm::DbErr;
use tokio_util::sync::CancellationToken;

use crate::certificates::{Authorities, AuthoritiesError};
use crate::clock::Clock;
use crate::config::{Config, Migrate, Transport};
use crate::domain::reserved_name::ReservedNames;
use crate::fetch::{self, Fetch};
use crate::i18n::{self, Locale};
use crate::jose::{self, Keyring, RemoteKeys};
use crate::limits::Limits;
use crate::mail::Mailer;
use crate::passwords::{self, Hasher};
use crate::storage::clients::ClientRegistry;
use crate::storage::ephemeral::{Ephemeral, EphemeralError};
use crate::storage::{Database, OpenError, organizations};
use crate::templates::{Site, Templates};
use crate::webauthn::{self, Webauthn};

pub use keys::KeyError;

#[derive(Clone, Debug)]
pub struct App(Arc<Parts>);

#[derive(Debug)]
pub struct Parts {
    pub config: Arc<Config>,
    pub clock: Clock,
    pub db: Database,
    pub ephemeral: Ephemeral,
    pub keys: Keyring,
    pub passwords: Hasher,
    pub webauthn: Webauthn,
    pub limits: Limits,
    pub templates: Templates,
    pub mailer: Mailer,
    pub fetch: Fetch,
    pub client_keys: RemoteKeys,
    pub client_authorities: Authorities,
    pub registry: ClientRegistry,
    /// The process was asked to end: work that nobody waits for begins no further transaction.
    pub stopping: CancellationToken,
}

impl std::ops::Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// Why the service does not start.
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
    Keys(#[from] jose::Error),
    #[error(transparent)]
    Hashing(#[from] passwords::Error),
    #[error(transparent)]
    Webauthn(#[from] webauthn::Error),
    #[error(transparent)]
    Fetch(#[from] fetch::Error),
    #[error(transparent)]
    Authorities(#[from] AuthoritiesError),
    #[error("mail: {0}")]
    Mail(String),
}

impl From<EphemeralError> for StartError {
    fn from(unreachable: EphemeralError) -> Self {
        Self::Ephemeral(unreachable.into_cause())
    }
}

impl App {
    /// What nobody but an administrator may call a client or an organization (security.md DR-7).
    pub fn reserved_names(&self) -> ReservedNames {
        let site = Locale::ALL.map(|it| i18n::text(it, "site.name", &()).unwrap_or_default());
        let clients = self.registry.names_of_administrators();
        let host = self.config.issuer.host();
        let names = site.iter().chain(&clients).map(String::as_str);
        ReservedNames::new(names.chain([host]))
    }

    /// Opens the stores, brings the database up to date, loads the keys or makes the first ones.
    pub async fn open(config: Config, clock: Clock) -> Result<Self, StartError> {
        use_our_tls();
        // What can be refused without a trace comes first: a start that fails leaves nothing behind.
        let fetch = Fetch::new(&config.fetch)?;
        let webauthn = Webauthn::new(&config.issuer)?;
        let mailer = mailer(&config).map_err(StartError::Mail)?;
        let client_authorities = match &config.mtls.client_ca {
            Some(path) => Authorities::load(path)?,
            None => Authorities::default(),
        };
        Keyring::look(&config)?;
        let ephemeral = match &config.redis.url {
            Some(url) => Ephemeral::redis(url.expose(), &config.redis.prefix, clock.clone()).await?,
            None => Ephemeral::in_process(clock.clone()),
        };
        let manual = config.database.migrate == Migrate::Manual;
        if manual && Database::is_absent(config.database.url()) {
            return Err(StartError::NotMigrated);
        }
        let db = Database::open(config.database.url()).await?;
        if manual && check::is_pending(&db).await? {
            return Err(StartError::NotMigrated);
        }
        check::master_key_is_there(&db, &config).await?;
        // From here on things are made.
        let keys = Keyring::load(&config, clock.clone())?;
        if !manual {
            migrations::Migrator::up(db.for_migrations(), None).await?;
        }
        // Names that an older release folded are searched by the fold of this one.
        while db.write(async |tx| organizations::refold(tx).await).await? {}
        let app = Self(Arc::new(Parts {
            passwords: Hasher::new(hashing_parameters(&config), keys.pepper())?,
            webauthn,
            limits: Limits::new(&config, ephemeral.clone(), clock.clone()),
            templates: Templates::new(Site {
                issuer: config.issuer.to_string(),
                support_email: config.site.support_email.clone(),
                links: config.site.links.clone(),
                outbox: config.mail.transport == Transport::Outbox,
            }),
            mailer,
            client_authorities,
            client_keys: RemoteKeys::new(fetch.clone(), clock.clone()),
            fetch,
            registry: ClientRegistry::load(db.read()).await?,
            keys,
            ephemeral,
            db,
            clock,
            stopping: CancellationToken::new(),
            config: Arc::new(config),
        }));
        app.load_keys().await?;
        Ok(app)
    }
}

/// TLS to Redis, PostgreSQL and mail servers; a provider that is installed already is as good.
fn use_our_tls() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

fn hashing_parameters(config: &Config) -> passwords::Parameters {
    passwords::Parameters {
        memory_kib: config.passwords.memory_kib,
        passes: config.passwords.passes,
        parallel: config.passwords.parallel,
        queue: config.passwords.queue,
    }
}

fn mailer(config: &Config) -> Result<Mailer, String> {
    let from: Mailbox = config.mail.from.parse().map_err(|it| format!("from: {it}"))?;
    match config.mail.transport {
        Transport::Outbox => Ok(Mailer::Outbox),
        Transport::File => Mailer::file(config.mail.directory.clone(), from)
            .map_err(|it| format!("{}: {it}", config.mail.directory.display())),
        Transport::Smtp => {
            let url = config.mail.url.as_ref().map_or("", |it| it.expose());
            Mailer::smtp(url, from).map_err(|it| it.to_string())
        }
    }
}
