//! The context that every door hands to the rooms, in one cheap clone: what was started once and is shared. It holds no
//! rule, and knows no room to the right of `storage`. `start` opens it; `unit_of_work` has the transactions of rooms, `documents` the
//! texts that were published, `refusals` the records of what was refused.

mod check;
mod documents;
mod prerequisites;
mod refusals;
mod start;
mod unit_of_work;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::breach_service::BreachService;
use crate::certificates::Authorities;
use crate::clock::Clock;
use crate::config::Config;
use crate::documents::CurrentDocuments;
use crate::domain::ClientId;
use crate::domain::blocklist::Blocklist;
use crate::domain::client_use::CountedUse;
use crate::domain::disposable_domains::DisposableDomains;
use crate::domain::reserved_name::ReservedNames;
use crate::fetch::Fetch;
use crate::i18n::{self, Locale};
use crate::jose::RemoteKeys;
use crate::keys::Keyring;
use crate::limits::Limits;
use crate::mail::Mailer;
use crate::passwords::Hasher;
use crate::storage::Database;
use crate::storage::client_counts::ClientCounters;
use crate::storage::clients::ClientRegistry;
use crate::storage::ephemeral::Ephemeral;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::traces::Traces;
use crate::templates::Templates;
use crate::webauthn::Webauthn;

pub use check::StoredPasswords;
pub use prerequisites::StartError;
pub use unit_of_work::Tx;

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
    /// The passwords that the operator refuses.
    pub blocklist: Blocklist,
    /// The domains of which no address gets an account.
    pub disposable_domains: DisposableDomains,
    pub breach_service: BreachService,
    pub webauthn: Webauthn,
    pub limits: Limits,
    pub templates: Templates,
    pub mailer: Mailer,
    /// The Terms of Use and the Privacy Notice, those of files and those that were published.
    pub documents: CurrentDocuments,
    pub fetch: Fetch,
    pub client_keys: RemoteKeys,
    pub client_authorities: Authorities,
    pub registry: ClientRegistry,
    pub client_counters: ClientCounters,
    pub metrics: Metrics,
    pub traces: Traces,
    /// Cancelled when the process is asked to end: from then on it is not ready, though it answers until `stopping`.
    pub leaving: CancellationToken,
    /// Cancelled when the process ends: work that nobody waits for begins no further transaction.
    pub stopping: CancellationToken,
}

impl std::ops::Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl App {
    /// Counts something of a registered client, for its owner. Nothing decides by it.
    pub fn count_use(&self, client: &ClientId, counted: CountedUse) {
        let today = self.clock.now().date_naive();
        self.client_counters.count(client, today, counted);
    }

    /// Returns the names that nobody but an administrator may give a client or an organization (security.md DR-7).
    pub fn reserved_names(&self) -> ReservedNames {
        let site = Locale::ALL.map(|it| i18n::text(it, "site.name", &()).unwrap_or_default());
        let clients = self.registry.names_of_administrators();
        let host = self.config.issuer.host();
        let names = site.iter().chain(&clients).map(String::as_str);
        ReservedNames::new(names.chain([host]))
    }
}
