//! The start of the service: opens the stores, brings the database up to date, loads the keys. The order leaves nothing
//! behind if one of them fails.

use std::sync::Arc;

use migrations::MigratorTrait;
use tokio_util::sync::CancellationToken;

use super::prerequisites::{
    StartError, blocklist, disposable_domains, documents, is_pending, mailer, master_key_is_there,
    use_our_tls,
};
use super::{App, Parts};
use crate::breach_service::BreachService;
use crate::certificates::Authorities;
use crate::clock::Clock;
use crate::config::{Config, Migrate, Transport};
use crate::documents::CurrentDocuments;
use crate::fetch::Fetch;
use crate::jose::RemoteKeys;
use crate::keys::{Keyring, rotation};
use crate::limits::Limits;
use crate::passwords::{self, Hasher};
use crate::storage::Database;
use crate::storage::client_counts::ClientCounters;
use crate::storage::clients::ClientRegistry;
use crate::storage::ephemeral::Ephemeral;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::traces::Traces;
use crate::templates::{Site, Templates};
use crate::webauthn::Webauthn;

impl App {
    /// Opens the stores, brings the database up to date, loads the keys or makes the first ones.
    pub async fn open(config: Config, clock: Clock) -> Result<Self, StartError> {
        use_our_tls();
        // Settings that can be refused without a trace come first: a start that fails leaves nothing behind.
        let fetch = Fetch::new(&config.fetch)?;
        let traces = Traces::start(&config.observability, &config.fetch)?;
        let webauthn = Webauthn::new(&config.issuer)?;
        let mailer = mailer(&config).map_err(StartError::Mail)?;
        let client_authorities = match &config.mtls.client_ca {
            Some(path) => Authorities::load(path)?,
            None => Authorities::default(),
        };
        let blocklist = blocklist(&config)?;
        let documents = documents(&config, clock.now())?;
        let disposable_domains = disposable_domains(&config)?;
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
        if manual && is_pending(&db).await? {
            return Err(StartError::NotMigrated);
        }
        master_key_is_there(&db, &config).await?;
        // From here on things are made.
        let keys = Keyring::load(&config, clock.clone())?;
        if !manual {
            migrations::Migrator::up(db.for_migrations(), None).await?;
        }
        let app = Self(Arc::new(Parts {
            passwords: Hasher::new(hashing_parameters(&config), keys.pepper())?,
            blocklist,
            disposable_domains,
            breach_service: BreachService::new(fetch.clone(), config.passwords.breach_range_url.as_deref()),
            webauthn,
            limits: Limits::new(&config, ephemeral.clone(), clock.clone()),
            templates: Templates::new(Site {
                issuer: config.issuer.to_string(),
                support_email: config.site.support_email.clone(),
                links: config.site.links.clone(),
                outbox: config.mail.transport == Transport::Outbox,
            }),
            mailer,
            documents: CurrentDocuments::new(documents),
            client_authorities,
            client_keys: RemoteKeys::new(fetch.clone(), clock.clone()),
            fetch,
            registry: ClientRegistry::load(db.read()).await?,
            client_counters: ClientCounters::default(),
            metrics: Metrics::default(),
            traces,
            keys,
            ephemeral,
            db,
            clock,
            leaving: CancellationToken::new(),
            stopping: CancellationToken::new(),
            config: Arc::new(config),
        }));
        rotation::load(&app).await?;
        app.refresh_documents().await?;
        Ok(app)
    }
}

pub(super) fn hashing_parameters(config: &Config) -> passwords::Parameters {
    passwords::Parameters {
        memory_kib: config.passwords.memory_kib,
        passes: config.passwords.passes,
        parallel: config.passwords.parallel,
        queue: config.passwords.queue,
    }
}
