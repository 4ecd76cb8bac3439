//! For tests alone, behind the feature `testing`: an `App` on a database and keys of its own.
//!
//! The tests of `src/tests` and those at the foot of a file of `src` begin here. Beside this, the feature has
//! `Database::statements`. No release build has it: `Cargo.toml` turns it on for the tests of this package.
//!
//! Each run of a test program makes one template, a database that the migrations of this build brought up to date and
//! the keys of a first start; each test gets a copy of both. A template does not outlive its run, so a changed
//! migration needs no other name for it. Tests of starting and of migrations begin with [`empty_config`].

use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;

use sea_orm::{ConnectionTrait, DbErr};
use tokio::sync::OnceCell;

use crate::app::App;
use crate::clock::{Clock, from_unix};
use crate::config::{Config, Database, Issuer, Redis, Transport};
use crate::domain::Time;
use crate::random;

/// Returns the time at which the frozen clock of a test begins. The keys of the template sign from then on.
pub fn start_of_time() -> Time {
    from_unix(1_800_000_000).expect("a time")
}

/// Opens an `App` on a copy of the template, with mail that stays in the outbox.
pub async fn app() -> App {
    app_with("http://localhost:8080", |_| {}).await
}

/// Opens such an `App` for an issuer, with settings other than the defaults.
pub async fn app_with(issuer: &str, change: impl FnOnce(&mut Config)) -> App {
    static TEMPLATE: OnceCell<Template> = OnceCell::const_new();
    let mut config = local(issuer);
    TEMPLATE
        .get_or_init(Template::make)
        .await
        .copy_to(&mut config)
        .await;
    change(&mut config);
    open(config).await
}

/// Returns settings with an empty database and no keys.
pub async fn empty_config() -> Config {
    let mut config = local("http://localhost:8080");
    config.database = Database::at(database_url().await);
    config
}

/// Returns the URL of an empty database that nobody else uses: a SQLite file, or a database on the server that
/// `TEST_DATABASE_URL` (`postgres://…/postgres`) names.
pub async fn database_url() -> String {
    match server() {
        None => sqlite_url(&folder().join(format!("{}.db", random::id()))),
        Some(server) => {
            let name = database_name("test");
            execute(&server, &format!("CREATE DATABASE {name}"))
                .await
                .expect("a database of its own");
            on_server(&server, &name)
        }
    }
}

struct Template {
    keys: PathBuf,
    database: TemplateDatabase,
}

enum TemplateDatabase {
    File(PathBuf),
    /// A database of that name on that server.
    OfServer(String, String),
}

impl Template {
    async fn make() -> Self {
        let mut config = local("http://localhost:8080");
        config.redis = Redis::default();
        let database = match server() {
            None => {
                let file = config.keys.directory.with_file_name("template.db");
                config.database = Database::at(sqlite_url(&file));
                TemplateDatabase::File(file)
            }
            Some(server) => {
                let name = database_name("template");
                execute(&server, &format!("CREATE DATABASE {name}"))
                    .await
                    .expect("a database for the template");
                config.database = Database::at(on_server(&server, &name));
                TemplateDatabase::OfServer(server, name)
            }
        };
        let keys = config.keys.directory.clone();
        let app = open(config).await;
        // SQLite then has all of it in the one file; PostgreSQL copies no database that is in use.
        let closed = app.db.for_migrations().clone().close().await;
        closed.expect("the template is closed");
        Self { keys, database }
    }

    async fn copy_to(&self, config: &mut Config) {
        let directory = &config.keys.directory;
        make_private(directory);
        for entry in std::fs::read_dir(&self.keys).expect("keys") {
            let key = entry.expect("an entry");
            std::fs::copy(key.path(), directory.join(key.file_name())).expect("a key is copied");
        }
        config.database = Database::at(match &self.database {
            TemplateDatabase::File(template) => {
                let file = directory.with_file_name("itu-account.db");
                std::fs::copy(template, &file).expect("the database is copied");
                sqlite_url(&file)
            }
            TemplateDatabase::OfServer(server, template) => {
                let name = database_name("test");
                let sql = format!("CREATE DATABASE {name} TEMPLATE {template}");
                // The server may take a moment to see that the connections of the template are closed.
                let mut attempts = 0;
                while let Err(error) = execute(server, &sql).await {
                    attempts += 1;
                    assert!(attempts < 100, "{error}");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                on_server(server, &name)
            }
        });
    }
}

async fn open(config: Config) -> App {
    let clock = Clock::frozen(start_of_time());
    App::open(config, clock).await.expect("the app opens")
}

/// Returns settings below a folder of their own, with the ephemeral store that the environment names.
#[expect(clippy::disallowed_methods, reason = "the environment says on what to test")]
fn local(issuer: &str) -> Config {
    let issuer = Issuer::parse(issuer).expect("an issuer");
    let mut config = Config::local(issuer, ([127, 0, 0, 1], 0).into(), &folder().join(random::id()));
    config.mail.transport = Transport::Outbox;
    // Tests log in thousands of times. The hash of a deployment is computed where a program is tested, and in `passwords`.
    config.passwords.memory_kib = 64;
    config.passwords.passes = 1;
    if let Ok(url) = std::env::var("TEST_REDIS_URL") {
        config.redis = Redis::at(url, random::id());
    }
    config
}

#[expect(clippy::disallowed_methods, reason = "the environment says on what to test")]
fn server() -> Option<String> {
    std::env::var("TEST_DATABASE_URL").ok()
}

fn on_server(server: &str, name: &str) -> String {
    let (base, _) = server.rsplit_once('/').expect("a URL with a database");
    format!("{base}/{name}")
}

fn sqlite_url(file: &Path) -> String {
    format!("sqlite://{}", file.display())
}

fn database_name(kind: &str) -> String {
    format!("{kind}_{}", random::id().replace('-', "_").to_lowercase())
}

async fn execute(server: &str, sql: &str) -> Result<(), DbErr> {
    let administrator = sea_orm::Database::connect(server).await?;
    let done = administrator.execute_unprepared(sql).await.map(drop);
    administrator.close().await?;
    done
}

/// Returns the one folder of a run. Those of runs that have ended are removed.
fn folder() -> &'static Path {
    static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
        const PREFIX: &str = "itu-account-tests-";
        let all = std::env::temp_dir();
        let processes = Path::new("/proc");
        let has_ended = |run: &str| processes.join("self").exists() && !processes.join(run).exists();
        for entry in std::fs::read_dir(&all).into_iter().flatten().flatten() {
            let name = entry.file_name();
            if name
                .to_str()
                .and_then(|it| it.strip_prefix(PREFIX))
                .is_some_and(has_ended)
            {
                let _ = std::fs::remove_dir_all(entry.path());
            }
        }
        let folder = all.join(format!("{PREFIX}{}", std::process::id()));
        make_private(&folder);
        folder
    });
    &FOLDER
}

fn make_private(directory: &Path) {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .expect("a folder");
}
