//! A database for each test: a SQLite file, or a PostgreSQL database made on the server that
//! `TEST_DATABASE_URL` names as an administrator, and dropped afterwards.

use sea_orm::{ConnectionTrait, Database};

use crate::random;

pub struct TestDatabase {
    /// To give to the configuration; `None`: SQLite, where the configuration puts it.
    pub url: Option<String>,
    admin: Option<(String, String)>,
}

impl TestDatabase {
    #[expect(clippy::disallowed_methods, reason = "what to test on is told by the environment")]
    pub async fn new() -> Self {
        let admin = std::env::var("TEST_DATABASE_URL").ok().filter(|it| it.starts_with("postgres"));
        let Some(admin) = admin else { return Self { url: None, admin: None } };
        let name = format!("itu_test_{}", random::bytes::<8>().map(|it| format!("{it:02x}")).concat());
        execute(&admin, &format!("CREATE DATABASE {name}")).await;
        let mut url = url::Url::parse(&admin).expect("TEST_DATABASE_URL is a URL");
        url.set_path(&name);
        Self { url: Some(url.to_string()), admin: Some((admin, name)) }
    }
}

async fn execute(url: &str, sql: &str) {
    let db = Database::connect(url).await.expect("the database server of the tests");
    db.execute_unprepared(sql).await.expect(sql);
    db.close().await.expect("closed");
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let Some((admin, name)) = self.admin.take() else { return };
        // The test's own runtime is on its way out.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(execute(&admin, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")));
        });
        let _ = dropping.join();
    }
}
