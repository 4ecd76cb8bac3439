//! For tests alone, behind the feature `testing`: an `App` on a database of its own.
//!
//! The tests of `src/tests` and those at the foot of a file of `src` begin here. Beside this, the feature has
//! `Database::statements`. No release build has it: `Cargo.toml` turns it on for the tests of this package.

use sea_orm::ConnectionTrait;

use crate::app::App;
use crate::clock::Clock;
use crate::config::{self, Config, Issuer, Transport};
use crate::random;

/// Opens an `App` on a database of its own, with a frozen clock, and mail that stays in the outbox.
pub async fn app() -> App {
    App::open(config().await, Clock::frozen(Clock::System.now()))
        .await
        .expect("the app opens")
}

#[expect(clippy::disallowed_methods, reason = "the environment says on what to test")]
pub async fn config() -> Config {
    let issuer = Issuer::parse("http://localhost:8080").expect("an issuer");
    let folder = folder().join(random::id());
    let mut config = Config::local(issuer, ([127, 0, 0, 1], 0).into(), &folder);
    config.database = config::Database::at(database_url().await);
    config.mail.transport = Transport::Outbox;
    if let Ok(url) = std::env::var("TEST_REDIS_URL") {
        config.redis = config::Redis::at(url, random::id());
    }
    config
}

/// Returns the URL of an empty database that nobody else uses: a SQLite file, or a database on the server that
/// `TEST_DATABASE_URL` (`postgres://…/postgres`) names.
#[expect(clippy::disallowed_methods, reason = "the environment says on what to test")]
pub async fn database_url() -> String {
    match std::env::var("TEST_DATABASE_URL") {
        Err(_) => {
            let folder = folder();
            std::fs::create_dir_all(&folder).expect("a folder for databases");
            format!("sqlite://{}/{}.db", folder.display(), random::id())
        }
        Ok(server) => {
            let name = format!("test_{}", random::id().replace('-', "_").to_lowercase());
            let admin = sea_orm::Database::connect(&server)
                .await
                .expect("the test server answers");
            admin
                .execute_unprepared(&format!("CREATE DATABASE {name}"))
                .await
                .expect("a database of its own");
            admin.close().await.expect("closed");
            let (base, _) = server.rsplit_once('/').expect("a URL with a database");
            format!("{base}/{name}")
        }
    }
}

/// One folder a run.
fn folder() -> std::path::PathBuf {
    std::env::temp_dir().join(format!("itu-account-tests-{}", std::process::id()))
}
