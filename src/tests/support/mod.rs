//! `TestOp`: the real router on a database of its own, with a frozen clock and an outbox.
//!
//! Actors go through the front door: `Person` with a browser, `RelyingParty` with the `openidconnect` crate; `person`,
//! `visitor` and `client` make them. A verb in the third person goes through the front door: `alice.logs_in()`.
//! Everything else that `TestOp` does passes it by: `insert_…` writes rows (`rows.rs`), `find_…` reads them, and a plain
//! verb calls a function of a room: `op.redeem(…)`. What one folder alone needs stands in an `impl TestOp` at its head.
//!
//! `TEST_DATABASE_URL` (PostgreSQL, as an administrator) and `TEST_REDIS_URL` move all tests there.

mod authenticator;
pub mod browser;
mod identity;
pub mod imports;
mod log;
pub mod mutations;
mod outbox;
mod person;
pub mod protocol;
mod prover;
mod recipient;
mod relying_party;
pub mod rows;
mod signer;
mod site;
pub mod traces;
pub mod work;
pub mod product;

use axum::Router;
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
use itu_account::config::Config;
use itu_account::domain::Time;
use itu_account::domain::actor::{Actor, Context};
use itu_account::http::router;
use itu_account::oidc::{Parameters, RequestPairs};
use itu_account::testing;

pub const ISSUER: &str = "https://id.example.test";

pub struct TestOp {
    pub app: App,
    pub clock: Clock,
    pub router: Router,
}

impl TestOp {
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// Starts with settings other than the defaults.
    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        Self::of(testing::app_with(ISSUER, change).await)
    }

    /// Starts as the issuer of this address, with the default settings.
    pub async fn at(issuer: &str) -> Self {
        Self::of(testing::app_with(issuer, |_| {}).await)
    }

    pub fn of(app: App) -> Self {
        Self {
            clock: app.clock.clone(),
            router: router::router(&app),
            app,
        }
    }

    pub fn browser(&self) -> Browser {
        let issuer = self.app.config.issuer.as_str();
        Browser::new(self.router.clone(), Url::parse(issuer).expect("a URL"))
    }

    pub fn now(&self) -> Time {
        self.clock.now()
    }

    pub fn outbox(&self) -> Outbox<'_> {
        Outbox(&self.app)
    }

    pub fn advance(&self, seconds: i64) {
        self.clock.advance(chrono::Duration::seconds(seconds));
    }
}

/// Returns the context of a caller of a room who is not logged in.
pub fn visitor() -> Context {
    Context {
        network: "192.0.2.1".into(),
        ..Context::of(Actor::Visitor)
    }
}

/// Returns the parameters of a request, as the endpoints for programs read them.
pub fn parameters<const N: usize>(pairs: [(&str, &str); N]) -> Parameters {
    let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
    RequestPairs::of_body(pairs.into(), Vec::new())
        .into_parameters()
        .expect("each name once")
}
