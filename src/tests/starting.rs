//! Tests that `check`, and a start that fails, leave nothing behind.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use itu_account::app::{App, StartError};
use itu_account::clock::Clock;
use itu_account::config::{self, Config, Transport};
use itu_account::domain::password::Password;
use itu_account::storage::accounts::{self, NewAccount};
use itu_account::testing;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::rows;

/// Returns a configuration whose every file would lie in a folder of its own.
async fn fresh() -> (Config, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut config = testing::empty_config().await;
    config.keys.directory = folder.path().join("keys");
    config.keys.master_key_file = None;
    config.mail.transport = Transport::File;
    config.mail.directory = folder.path().join("mail");
    if config.database.url().starts_with("sqlite:") {
        config.database = config::Database::at(format!("sqlite://{}/data/db", folder.path().display()));
    }
    (config, folder)
}

fn files(folder: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path.clone());
            }
            found.insert(path);
        }
    }
    found
}

#[tokio::test]
async fn a_check_before_the_first_start_writes_nothing() {
    let (config, folder) = fresh().await;
    assert_eq!(App::problems(&config).await, Vec::<String>::new());
    assert_eq!(files(folder.path()), BTreeSet::new());
    // A check of a service that has run leaves nothing behind either.
    let app = App::open(config.clone(), Clock::System).await.expect("it starts");
    app.db.for_migrations().clone().close().await.expect("closed");
    drop(app);
    let before = files(folder.path());
    assert_eq!(App::problems(&config).await, Vec::<String>::new());
    assert_eq!(files(folder.path()), before);
}

#[tokio::test]
async fn a_check_finds_passwords_that_cannot_be_verified() {
    use itu_account::accounts::foreign_hash::{Unverifiable, find_unverifiable};
    let (config, _folder) = fresh().await;
    assert!(App::look_at_passwords(&config).await.expect("a look").is_none());
    let app = App::open(config.clone(), Clock::System).await.expect("it starts");
    let at = app.clock.now();
    let own = Password::typed("Tulip-lamp-42").expect("a password");
    let own = app.passwords.hash(&own).await.expect("a hash");
    let sealed = foreign_hash_of(&app);
    let mut ids = Vec::new();
    for (email, hash) in [
        ("a@example.org", Some(own.as_str())),
        ("b@example.org", Some(sealed.as_str())),
        ("c@example.org", None),
        ("d@example.org", Some("sealed:v1:AAAA")),
        ("e@example.org", Some("$2y$99$x")),
    ] {
        let account = rows::account(email, at);
        ids.push(account.id.clone());
        let new = NewAccount {
            account,
            password_hash: hash.map(str::to_owned),
            terms_accepted_at: None,
            imported_at: None,
        };
        accounts::insert(&app.db, new).await.expect("an account");
    }
    let stored = App::look_at_passwords(&config)
        .await
        .expect("a look")
        .expect("a service");
    let found = find_unverifiable(&stored).await.expect("a look");
    let first = ids[3].clone().min(ids[4].clone());
    assert_eq!(found, Some(Unverifiable { accounts: 2, first }));
}

fn foreign_hash_of(app: &App) -> String {
    let hash = "{SSHA}W6ph5Mm5Pz8GgiULbPgzG37mj9hzYWx0";
    itu_account::accounts::foreign_hash::store(app, hash).expect("a hash that is taken over")
}

#[tokio::test]
async fn a_start_that_fails_leaves_nothing_behind() {
    let (mut config, folder) = fresh().await;
    // Port 1 has no listener.
    config.redis = config::Redis::at("redis://127.0.0.1:1", "t");
    assert!(matches!(
        App::open(config.clone(), Clock::System).await,
        Err(StartError::Ephemeral(_))
    ));
    assert_eq!(App::problems(&config).await.len(), 1);
    assert_eq!(files(folder.path()), BTreeSet::new());
}

#[tokio::test]
async fn a_list_of_passwords_that_cannot_be_read_stops_the_start() {
    // PW-1
    let (mut config, folder) = fresh().await;
    let list = tempfile::tempdir()
        .expect("a folder")
        .keep()
        .join("passwords.txt");
    config.passwords.blocklist_file = Some(list.clone());
    for (content, reason) in [
        (None, "No such file"),
        (Some(&b"one\nt\xffo"[..]), "line 2 is not UTF-8"),
    ] {
        if let Some(content) = content {
            std::fs::write(&list, content).expect("written");
        }
        let refused = App::open(config.clone(), Clock::System)
            .await
            .expect_err("refused");
        let told = refused.to_string();
        assert!(
            told.contains("[passwords] blocklist_file") && told.contains(reason),
            "{told}"
        );
        assert_eq!(App::problems(&config).await, [told]);
        assert_eq!(files(folder.path()), BTreeSet::new());
    }
    std::fs::write(&list, "one\ntwo\n").expect("written");
    assert_eq!(App::problems(&config).await, Vec::<String>::new());
}

#[tokio::test]
async fn documents_that_cannot_be_shown_stop_the_start() {
    let (mut config, folder) = fresh().await;
    let own = tempfile::tempdir().expect("a folder");
    config.site.documents = Some(own.path().to_owned());
    let refused = App::open(config.clone(), Clock::System)
        .await
        .expect_err("refused");
    let told = refused.to_string();
    assert!(told.contains("[site] documents"), "{told}");
    assert_eq!(App::problems(&config).await, [told]);
    assert_eq!(files(folder.path()), BTreeSet::new());
    for kind in ["terms", "privacy"] {
        let version = own.path().join(kind).join("1");
        std::fs::create_dir_all(&version).expect("made");
        let text = "version: 1\neffective: 2020-01-01\n\nText.\n";
        std::fs::write(version.join("en.md"), text).expect("written");
    }
    assert_eq!(App::problems(&config).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_list_of_domains_with_a_wrong_line_stops_the_start() {
    // DS-6
    let (mut config, folder) = fresh().await;
    let list = tempfile::tempdir().expect("a folder").keep().join("domains.txt");
    std::fs::write(&list, "mailinator.example\ncom\n\nnot a domain\n").expect("written");
    config.accounts.disposable_domains_file = Some(list.clone());
    let refused = App::open(config.clone(), Clock::System)
        .await
        .expect_err("refused");
    let told = refused.to_string();
    assert!(
        told.contains("[accounts] disposable_domains_file") && told.ends_with("lines 2, 4: no domain name"),
        "{told}"
    );
    assert_eq!(App::problems(&config).await, [told]);
    assert_eq!(files(folder.path()), BTreeSet::new());
    std::fs::write(&list, "# from a public list\nmailinator.example\n").expect("written");
    assert_eq!(App::problems(&config).await, Vec::<String>::new());
}

#[tokio::test]
async fn no_new_master_key_is_made_for_a_database_that_has_keys() {
    let (config, folder) = fresh().await;
    drop(App::open(config.clone(), Clock::System).await.expect("it starts"));
    let key = folder.path().join("keys/master.key");
    std::fs::remove_file(&key).expect("it was there");
    let [problem] = &*App::problems(&config).await else {
        panic!("one problem")
    };
    assert!(problem.contains("master.key"), "{problem}");
    assert!(matches!(
        App::open(config, Clock::System).await,
        Err(StartError::MasterKeyLost(_))
    ));
    assert!(!key.exists());
}

/// Asks a PostgreSQL for one value, `it`.
async fn is(app: &App, sql: &str) -> bool {
    let statement = Statement::from_string(DbBackend::Postgres, sql);
    let row = app.db.read().query_one_raw(statement).await.expect("asked");
    row.expect("a row").try_get("", "it").expect("a bool")
}

#[tokio::test]
async fn a_postgresql_is_reached_by_tls_if_its_url_requires_that() {
    let (config, _folder) = fresh().await;
    if config.database.url().starts_with("sqlite:") {
        return;
    }
    let with = |mode: &str| {
        let mut config = config.clone();
        config.database = config::Database::at(format!("{}?sslmode={mode}", config.database.url()));
        config
    };
    let plain = App::open(with("disable"), Clock::System)
        .await
        .expect("it starts");
    let has_tls = "SELECT setting = 'on' AS it FROM pg_settings WHERE name = 'ssl'";
    if !is(&plain, has_tls).await {
        App::open(with("require"), Clock::System)
            .await
            .expect_err("the server has no TLS");
        return;
    }
    let is_secured = "SELECT ssl AS it FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    assert!(!is(&plain, is_secured).await);
    let secured = App::open(with("require"), Clock::System)
        .await
        .expect("it starts");
    assert!(is(&secured, is_secured).await);
    // No authority that the service trusts vouches for the certificate of a test server.
    let [problem] = &*App::problems(&with("verify-full")).await else {
        panic!("one problem")
    };
    assert!(problem.contains("certificate"), "{problem}");
}

#[tokio::test]
async fn a_postgresql_without_tls_learns_nothing_if_its_url_requires_tls() {
    // PostgreSQL documentation, Frontend/Backend Protocol, SSLRequest: a server without TLS answers `N`.
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
        .await
        .expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let server = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.expect("a client");
        let (mut request, mut rest) = ([0; 8], Vec::new());
        socket.read_exact(&mut request).await.expect("a request");
        socket.write_all(b"N").await.expect("answered");
        socket.read_to_end(&mut rest).await.expect("ended");
        (request, rest)
    });
    let (mut config, _folder) = fresh().await;
    let url = format!("postgres://someone:secret@127.0.0.1:{port}/accounts?sslmode=require");
    config.database = config::Database::at(url);
    let refused = App::open(config, Clock::System).await.expect_err("no TLS");
    assert!(refused.to_string().contains("TLS"), "{refused}");
    let (request, rest) = server.await.expect("served");
    assert_eq!(
        u32::from_be_bytes([request[4], request[5], request[6], request[7]]),
        80_877_103
    );
    assert_eq!(rest, b"", "no name and no password");
}
