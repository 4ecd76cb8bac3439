//! A fresh, migrated database for one test: a SQLite file, or a database on the server that
//! `TEST_DATABASE_URL` (`postgres://…/postgres`) names.

use sea_orm::ConnectionTrait;

use crate::random;

/// The URL of a database that nobody else uses. SQLite files live in one folder per run.
#[expect(
    clippy::disallowed_methods,
    reason = "tests are told their backend by the environment"
)]
pub async fn database_url() -> String {
    match std::env::var("TEST_DATABASE_URL") {
        Err(_) => {
            let folder = std::env::temp_dir().join(format!("itu-account-tests-{}", std::process::id()));
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
