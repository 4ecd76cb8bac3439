//! `TestOp`: the real router on a database of its own, with a frozen clock and an outbox. Actors go
//! through HTTP: `Person` with a browser, `RelyingParty` with the `openidconnect` crate.
//!
//! `TEST_DATABASE_URL` (PostgreSQL, as an administrator) and `TEST_REDIS_URL` move all tests there.

mod authenticator;
pub mod browser;
mod identity;
mod log;
mod outbox;
mod person;
mod prover;
mod recipient;
mod relying_party;
mod signer;
mod site;
pub mod product;

use axum::Router;
use tempfile::TempDir;
use url::Url;

pub use authenticator::Authenticator;
pub use browser::{Browser, Form, Page};
pub use identity::{Identity, Kind};
pub use log::Log;
pub use outbox::Outbox;
pub use person::{PASSWORD, Person};
pub use prover::Prover;
pub use recipient::Recipient;
pub use relying_party::{RelyingParty, Tokens};
pub use signer::Signer;
pub use site::Site;

use itu_account::app::App;
use itu_account::clock::Clock;
use itu_account::config::{Config, Database, Issuer, Redis, Transport};
use itu_account::domain::Time;
use itu_account::http::router;
use itu_account::oidc::{Parameters, RequestPairs};

pub const ISSUER: &str = "https://id.example.test";

pub struct TestOp {
    pub app: App,
    pub clock: Clock,
    pub router: Router,
    _directory: TempDir,
}

impl TestOp {
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// With settings other than the defaults.
    #[expect(
        clippy::disallowed_methods,
        reason = "what to test on is told by the environment"
    )]
    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let issuer = Issuer::parse(ISSUER).expect("an issuer");
        let mut config = Config::local(issuer, ([127, 0, 0, 1], 0).into(), directory.path());
        config.mail.transport = Transport::Outbox;
        config.database = Database::at(itu_account::testing::database_url().await);
        if let Ok(url) = std::env::var("TEST_REDIS_URL") {
            config.redis = Redis::at(url, itu_account::random::id());
        }
        change(&mut config);
        let clock = Clock::frozen(start_of_time());
        let app = App::open(config, clock.clone())
            .await
            .expect("the service starts");
        let router = router::router(&app);
        Self {
            app,
            clock,
            router,
            _directory: directory,
        }
    }

    pub fn browser(&self) -> Browser {
        Browser::new(self.router.clone(), Url::parse(ISSUER).expect("a URL"))
    }

    pub fn outbox(&self) -> Outbox<'_> {
        Outbox(&self.app)
    }

    pub fn advance(&self, seconds: i64) {
        self.clock.advance(chrono::Duration::seconds(seconds));
    }
}

/// The parameters of a request, as the endpoints for programs read them.
pub fn parameters<const N: usize>(pairs: [(&str, &str); N]) -> Parameters {
    let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
    RequestPairs::of_body(pairs.into(), Vec::new())
        .into_parameters()
        .expect("each name once")
}

pub fn start_of_time() -> Time {
    itu_account::clock::from_unix(1_800_000_000).expect("a time")
}
