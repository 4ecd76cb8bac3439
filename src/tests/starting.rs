//! Tests that `check`, and a start that fails, leave nothing behind.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use itu_account::app::{App, StartError};
use itu_account::clock::Clock;
use itu_account::config::{self, Config, Transport};
use itu_account::testing;

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
