//! An `App` for the tests of a room, without the front door.

use crate::app::App;
use crate::clock::Clock;
use crate::config::{self, Config, Issuer, Transport};
use crate::random;

use super::database_url;

/// On a database of its own, with a frozen clock, and mail that stays in the outbox.
pub async fn app() -> App {
    App::open(config().await, Clock::frozen(Clock::System.now()))
        .await
        .expect("the app opens")
}

#[expect(
    clippy::disallowed_methods,
    reason = "tests are told their backend by the environment"
)]
pub async fn config() -> Config {
    let issuer = Issuer::parse("http://localhost:8080").expect("an issuer");
    let folder = std::env::temp_dir().join(format!(
        "itu-account-tests-{}/{}",
        std::process::id(),
        random::id()
    ));
    let mut config = Config::local(issuer, ([127, 0, 0, 1], 0).into(), &folder);
    config.database = config::Database::at(database_url().await);
    config.mail.transport = Transport::Outbox;
    if let Ok(url) = std::env::var("TEST_REDIS_URL") {
        config.redis = config::Redis::at(url, random::id());
    }
    config
}
