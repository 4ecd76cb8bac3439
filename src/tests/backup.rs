//! Tests `itu-account backup` and `restore` (contract.md): a backup that is taken while people sign up holds everything that
//! was acknowledged before it began, and what is restored from it elsewhere works.

use std::io::Write as _;
use std::path::Path;
use std::process::Output;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use age::secrecy::ExposeSecret as _;
use itu_account::app::App;
use itu_account::clock::Clock;
use itu_account::config::{self, Config};

use crate::support::TestOp;
use crate::support::product::CommandLine;

/// A key pair of age, the private half in a file.
struct KeyPair {
    recipient: String,
    identity: tempfile::NamedTempFile,
}

impl KeyPair {
    fn new() -> Self {
        let identity = age::x25519::Identity::generate();
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        writeln!(file, "{}", identity.to_string().expose_secret()).expect("written");
        Self {
            recipient: identity.to_public().to_string(),
            identity: file,
        }
    }

    fn identity(&self) -> &str {
        text(self.identity.path())
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// Returns the settings of another machine: no database, no keys.
async fn elsewhere(op: &TestOp, folder: &Path) -> Config {
    let mut config = (*op.app.config).clone();
    config.keys.directory = folder.join("keys");
    config.keys.master_key_file = None;
    config.database = config::Database::at(if op.app.db.is_postgres() {
        // Restored by the tools of PostgreSQL: here the same one.
        op.app.config.database.url().to_owned()
    } else {
        format!("sqlite://{}", folder.join("data/restored.db").display())
    });
    config
}

fn succeeded(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn refused(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let mut names: Vec<String> = entries
        .map(|it| it.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_was_acknowledged_before_a_backup_is_in_it() {
    let op = TestOp::start().await;
    let (folder, keys) = (tempfile::tempdir().expect("a folder"), KeyPair::new());
    let file = folder.path().join("backup.age");
    let here = CommandLine::of(&op.app.config, "");
    let (acknowledged, stop) = (Mutex::new(Vec::new()), AtomicBool::new(false));

    let load = async {
        let mut n = 0;
        while !stop.load(Ordering::Relaxed) {
            n += 1;
            let email = format!("person{n}@example.org");
            op.sign_up_and_verify(&email).await;
            acknowledged.lock().expect("a list").push(email);
            tokio::task::yield_now().await;
        }
    };
    let backup = async {
        // Some are there before it, and some come while it is taken.
        while acknowledged.lock().expect("a list").len() < 5 {
            tokio::task::yield_now().await;
        }
        let before = acknowledged.lock().expect("a list").clone();
        let words = ["backup", text(&file), "--recipient", &keys.recipient].map(str::to_owned);
        let typed = tokio::task::spawn_blocking(move || here.types(&words.each_ref().map(String::as_str)));
        let output = typed.await.expect("it ends");
        stop.store(true, Ordering::Relaxed);
        (before, output)
    };
    let ((), (before, output)) = tokio::join!(load, backup);
    succeeded(&output);
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).expect("a file").permissions());
    assert_eq!(mode & 0o777, 0o600); // ST-4
    let sealed = std::fs::read(&file).expect("a file");
    assert!(sealed.starts_with(b"age-encryption.org/v1\n"));

    let config = elsewhere(&op, folder.path()).await;
    let there = CommandLine::of(&config, "");
    let output = there.types(&["restore", text(&file), "--identity", keys.identity()]);
    assert!(succeeded(&output).starts_with("restored"), "{output:?}");
    if !op.app.db.is_postgres() {
        assert_eq!(names(&folder.path().join("data")), ["restored.db"]);
        succeeded(&there.types(&["audit", "verify"]));
    }
    let app = App::open(config, Clock::frozen(op.now()))
        .await
        .expect("it starts");
    let restored = TestOp::of(app);
    assert_eq!(
        restored.browser().get("/jwks.json").await.body,
        op.browser().get("/jwks.json").await.body
    );
    for email in before {
        // The password proves that its pepper came along.
        let mut person = restored.visitor(&email);
        let page = person.logs_in().await;
        assert_eq!(page.url.path(), "/account", "{email}: {}", page.text());
    }
}

#[tokio::test]
async fn what_cannot_be_restored_is_refused_and_leaves_nothing() {
    let op = TestOp::start().await;
    let (folder, keys) = (tempfile::tempdir().expect("a folder"), KeyPair::new());
    let file = folder.path().join("backup.age");
    let here = CommandLine::of(&op.app.config, "");
    let backup = ["backup", text(&file), "--recipient", &keys.recipient];
    assert!(refused(&here.types(&backup[..2])).contains("a backup is sealed"));
    let wrong = here.types(&["backup", text(&file), "--recipient", "age1nonsense"]);
    assert!(refused(&wrong).contains("--recipient"));
    assert!(!file.exists());
    succeeded(&here.types(&backup));
    assert!(refused(&here.types(&backup)).contains("it is not replaced"));

    let config = elsewhere(&op, folder.path()).await;
    let there = CommandLine::of(&config, "");
    let restore =
        |file: &Path, keys: &KeyPair| there.types(&["restore", text(file), "--identity", keys.identity()]);
    let stranger = KeyPair::new();
    assert!(refused(&restore(&file, &stranger)).contains("it cannot be opened"));
    let sealed = std::fs::read(&file).expect("a file");
    let mut turned = sealed.clone();
    *turned.last_mut().expect("a byte") ^= 1;
    for broken in [
        &sealed[..sealed.len() / 2],
        &sealed[..sealed.len() - 1],
        &turned,
        b"",
        b"text",
    ] {
        let path = folder.path().join("broken.age");
        std::fs::write(&path, broken).expect("written");
        refused(&restore(&path, &keys));
        assert_eq!(names(&folder.path().join("keys")), Vec::<String>::new());
        assert_eq!(names(&folder.path().join("data")), Vec::<String>::new());
    }
    if !op.app.db.is_postgres() {
        // The database would have no place.
        let mut other = config.clone();
        other.database = config::Database::at("postgres://nobody@127.0.0.1:1/nothing");
        let output =
            CommandLine::of(&other, "").types(&["restore", text(&file), "--identity", keys.identity()]);
        assert!(refused(&output).contains("the configuration names PostgreSQL"));
        assert_eq!(names(&folder.path().join("keys")), Vec::<String>::new());
    }
    // Another key is in the place of ours.
    std::fs::create_dir_all(&config.keys.directory).expect("a folder");
    let master = config.keys.master_key_file();
    std::fs::write(&master, "another").expect("written");
    assert!(refused(&restore(&file, &keys)).contains("another key"));
    assert_eq!(names(&folder.path().join("keys")), ["master.key"]);
    std::fs::remove_file(&master).expect("removed");
    succeeded(&restore(&file, &keys));
    if !op.app.db.is_postgres() {
        assert!(refused(&restore(&file, &keys)).contains("a backup is restored where there is none"));
    }
}

#[tokio::test]
async fn a_passphrase_seals_a_backup_too() {
    let op = TestOp::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let (file, secret) = (folder.path().join("backup.age"), folder.path().join("passphrase"));
    let here = CommandLine::of(&op.app.config, "");
    let config = elsewhere(&op, folder.path()).await;
    let there = CommandLine::of(&config, "");
    std::fs::write(&secret, "too short\n").expect("written");
    let backup = ["backup", text(&file), "--passphrase-file", text(&secret)];
    assert!(refused(&here.types(&backup)).contains("fewer than 12 characters"));
    std::fs::write(&secret, "river lamp tulip stone\n").expect("written");
    succeeded(&here.types(&backup));
    let restore = ["restore", text(&file), "--passphrase-file", text(&secret)];
    std::fs::write(&secret, "river lamp tulip stones\n").expect("written");
    assert!(refused(&there.types(&restore)).contains("it cannot be opened"));
    std::fs::write(&secret, "river lamp tulip stone\n").expect("written");
    succeeded(&there.types(&restore));
    assert_eq!(
        names(&config.keys.directory),
        names(&op.app.config.keys.directory)
    );
}
