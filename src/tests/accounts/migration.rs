//! Tests the move of people from the former platform: hashes of every kind, an import that is killed, invitations.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};

use super::imports::HEADER;
use super::*;
use crate::foreign_hashes::one_of_each;
use crate::support::product::program;
use itu_account::accounts::import::{AccountsFile, Format};
use itu_account::accounts::{invitations, recovery, terms};
use itu_account::affiliations::accounts_import::{self, Mode};
use itu_account::app::App;
use itu_account::clock::Clock;
use itu_account::config::Database;
use itu_account::domain::account::EmailAddress;
use itu_account::storage::accounts as rows;
use itu_account::testing;

impl TestOp {
    async fn stored_hash(&self, email: &str) -> String {
        let key = EmailAddress::parse(email).unwrap().key();
        let found = rows::find_credentials(self.app.db.read(), &key).await.unwrap();
        found.expect("an account").1.expect("a hash")
    }

    async fn invite(&self, most: u64) -> u64 {
        invitations::mail_next(&self.app, &Context::operator(), most)
            .await
            .unwrap()
    }
}

#[tokio::test]
async fn each_kind_of_hash_is_replaced_at_the_first_login() {
    // PW-2
    let op = TestOp::start().await;
    let people: Vec<_> = one_of_each()
        .into_iter()
        .map(|vector| (format!("{}@example.org", vector.format), vector))
        .collect();
    let rows = people.iter().map(|(email, vector)| {
        let hash = vector.hash.replace('"', "\"\"");
        format!("{email},Old,Person,,\"{hash}\",\n")
    });
    let file = format!("{HEADER}\n{}", rows.collect::<String>());
    let report = op.import_csv(&file, Mode::All).await;
    assert_eq!((report.imported, report.problems.len()), (people.len(), 0));

    for (email, vector) in &people {
        // A copy of the database does not give the hash away, and an export gives it as it came.
        let sealed = op.stored_hash(email).await;
        assert!(!sealed.contains(&vector.hash), "{vector:?}");
        let wrong = op.attempt_login(email, "x-wrong-password").await;
        assert!(matches!(wrong, Err(Error::WrongCredentials)), "{vector:?}");
        assert_eq!(op.stored_hash(email).await, sealed, "{vector:?}");
    }
    let (exported, _) = accounts_import::export(&op.app, "", true).await.unwrap();
    let exported: BTreeSet<_> = exported.into_iter().map(|row| row.password_hash).collect();
    assert_eq!(exported, people.iter().map(|(_, it)| it.hash.clone()).collect());

    for (email, vector) in &people {
        let first = op.attempt_login(email, &vector.password).await;
        assert!(first.is_ok(), "{vector:?}: {:?}", first.err());
        let upgraded = op.stored_hash(email).await;
        assert!(
            upgraded.starts_with("$argon2id$v=19$m=19456,t=2,p=1,keyid="),
            "{upgraded}"
        );
        let hashes = op.app.passwords.count();
        assert!(
            op.attempt_login(email, &vector.password).await.is_ok(),
            "{vector:?}"
        );
        assert_eq!(op.app.passwords.count(), hashes + 1, "{vector:?}");
        assert_eq!(op.stored_hash(email).await, upgraded, "{vector:?}");
    }
}

#[tokio::test]
async fn a_dry_run_reports_what_would_come_and_writes_nothing() {
    let op = TestOp::start().await;
    let before = op.work().await;
    let file = format!("{HEADER}\ngood@example.org,A,B,,,\nnobody,A,B,,,\n");
    let report = op.import_csv(&file, Mode::DryRun).await;
    let lines: Vec<u64> = report.problems.iter().map(|it| it.line).collect();
    assert_eq!((report.imported, lines), (1, vec![3]));
    assert_eq!(difference(&before, &op.work().await), vec![0; before.len()]);
}

#[tokio::test]
async fn the_same_file_again_changes_nothing() {
    let op = TestOp::start().await;
    let file = format!("{HEADER}\na@example.org,A,B,,,\nb@example.org,A,B,,,\nnobody,A,B,,,\n");
    assert_eq!(op.import_csv(&file, Mode::Good).await.imported, 2);
    let before = op.work().await;
    let report = op.import_csv(&file, Mode::Good).await;
    assert_eq!(
        (report.imported, report.known, report.problems.len()),
        (0, vec![2, 3], 1)
    );
    assert_eq!(difference(&before, &op.work().await), vec![0; before.len()]);
}

#[tokio::test]
async fn people_are_invited_once_each_in_their_language_unless_they_were_here() {
    let op = TestOp::start().await;
    let hash = &one_of_each()[0];
    let file = format!(
        "email,last_name,language,password_hash\n\
         kept@example.org,Dupont,fr,{}\nnone@example.org,Иванов,ru,\nhere@example.org,Doe,en,\n\
         last@example.org,Last,es,\n",
        hash.hash
    );
    assert_eq!(op.import_csv(&file, Mode::All).await.imported, 4);
    op.sign_up_and_verify("other@example.org").await; // not taken over
    recovery::request(&op.app, &visitor(), recovery::Request::of("here@example.org"))
        .await
        .unwrap();
    let token = op.reset_token("here@example.org").await;
    recovery::complete(&op.app, &visitor(), &token, typed_twice(PASSWORD))
        .await
        .unwrap();
    let here = op.find_account("here@example.org").await;
    let label = terms::offer(&op.app, Language::En).label();
    terms::accept(&op.app, &visitor(), &here, &label, Language::En)
        .await
        .unwrap();

    assert_eq!(invitations::count_waiting(&op.app).await.unwrap(), 3);
    // A wave that ends goes on where it was: nobody is mailed twice, and nobody is left out.
    assert_eq!(
        (op.invite(2).await, op.invite(5).await, op.invite(5).await),
        (2, 1, 0)
    );
    assert_eq!(invitations::count_waiting(&op.app).await.unwrap(), 0);
    for to in ["here@example.org", "other@example.org"] {
        let mails = op.outbox().to(to).await;
        assert!(mails.iter().all(|it| it.kind != "account_taken_over"), "{to}");
    }
    for (to, path, words) in [
        ("kept@example.org", "/login", "reste valable"),
        ("none@example.org", "/forgot-password", "Забыли пароль?"),
        (
            "last@example.org",
            "/forgot-password",
            "¿Ha olvidado su contraseña?",
        ),
    ] {
        let mails = op.outbox().to(to).await;
        let [mail] = &mails[..] else {
            panic!("{to}: {mails:?}")
        };
        assert!(
            mail.text.contains(words) && mail.text.contains(path),
            "{}",
            mail.text
        );
    }
}

const PEOPLE: usize = 2_000;

/// Returns all accounts as lines, without what is made by chance.
async fn exported(settings: &Path) -> BTreeSet<String> {
    let text = std::fs::read_to_string(settings).unwrap();
    let value = |key: &str| {
        let rest = text.split_once(&format!("{key} = \"")).unwrap().1;
        rest.split_once('"').unwrap().0.to_owned()
    };
    let mut config = testing::empty_config().await;
    config.database = Database::at(value("url"));
    config.keys.directory = value("directory").into();
    config.keys.master_key_file = None;
    let app = App::open(config, Clock::System).await.expect("it starts");
    let (mut all, mut after) = (BTreeSet::new(), String::new());
    while let (rows, Some(last)) = accounts_import::export(&app, &after, true).await.unwrap() {
        all.extend(rows.iter().map(|it| serde_json::to_string(it).unwrap()));
        after = last;
    }
    all
}

#[tokio::test]
async fn an_import_that_is_killed_and_repeated_equals_a_whole_one() {
    let folder = tempfile::tempdir().unwrap();
    let hash = &one_of_each()[0].hash;
    let people: String = (0..PEOPLE)
        .map(|n| {
            format!(
                "{{\"email\":\"p{n}@example.org\",\"last_name\":\"N{n}\",\"password_hash\":\"{hash}\"}}\n"
            )
        })
        .collect();
    let file = folder.path().join("people.jsonl");
    std::fs::write(&file, people).unwrap();
    let settings = |name: &str| {
        let at = |what: &str| folder.path().join(format!("{name}-{what}")).display().to_string();
        let path = folder.path().join(format!("{name}.toml"));
        let text = format!(
            "issuer = \"http://localhost:8080\"\n[database]\nurl = \"sqlite://{}\"\n[keys]\ndirectory = \"{}\"\n",
            at("db"),
            at("keys")
        );
        std::fs::write(&path, text).unwrap();
        path
    };
    let command = |settings: &Path| {
        let mut command = Command::new(program());
        command
            .arg("--config")
            .arg(settings)
            .args(["--format", "json", "user", "import"]);
        command.arg(&file).stdout(Stdio::piped()).stderr(Stdio::null());
        command
    };
    let imports = |settings: &Path| {
        let done = command(settings).output().expect("it runs");
        assert!(done.status.success());
        let report: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
        (
            report["imported"].as_u64().unwrap(),
            report["known"].as_array().unwrap().len(),
        )
    };
    let (whole, killed) = (settings("whole"), settings("killed"));
    assert_eq!(imports(&whole), (PEOPLE as u64, 0));

    let mut process = command(&killed).spawn().expect("it runs");
    let db = folder.path().join("killed-db");
    while count(&db).await == 0 {
        assert!(
            process.try_wait().unwrap().is_none(),
            "it ended before it was killed"
        );
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    process.kill().unwrap();
    process.wait().unwrap();
    let before = count(&db).await;
    assert!((1..PEOPLE).contains(&before), "{before}");
    assert_eq!(imports(&killed), ((PEOPLE - before) as u64, before));
    assert_eq!(exported(&killed).await, exported(&whole).await);
    assert_eq!(imports(&killed), (0, PEOPLE));

    // The operator's waves go on where the last one ended.
    let invites = |settings: &Path| {
        let mut command = Command::new(program());
        command
            .arg("--config")
            .arg(settings)
            .args(["--format", "json", "user", "invite"]);
        let done = command
            .args(["--wave", "30", "--rate", "60000"])
            .output()
            .expect("it runs");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let counted: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
        (
            counted["mailed"].as_u64().unwrap(),
            counted["waiting"].as_u64().unwrap(),
        )
    };
    assert_eq!(invites(&killed), (30, PEOPLE as u64 - 30));
    assert_eq!(invites(&killed), (30, PEOPLE as u64 - 60));
}

#[tokio::test]
async fn the_report_says_what_became_of_each_record() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("people.csv"), "email,last_name\na@example.org,A\nnobody,B\n").unwrap();
    let settings = format!(
        "issuer = \"http://localhost:8080\"\n[database]\nurl = \"sqlite://{}\"\n[keys]\ndirectory = \"{}\"\n",
        at("db").display(),
        at("keys").display()
    );
    std::fs::write(at("it.toml"), settings).unwrap();
    let report = |option: &str| {
        let mut command = Command::new(program());
        command
            .arg("--config")
            .arg(at("it.toml"))
            .args(["user", "import", option, "--report"]);
        let done = command
            .arg(at("report"))
            .arg(at("people.csv"))
            .output()
            .expect("it runs");
        let lines = std::fs::read_to_string(at("report")).unwrap();
        let outcomes = lines.lines().map(|line| {
            let outcome: serde_json::Value = serde_json::from_str(line).unwrap();
            (
                outcome["line"].as_u64().unwrap(),
                outcome["outcome"].as_str().unwrap().to_owned(),
            )
        });
        (done.status.code(), outcomes.collect::<Vec<_>>())
    };
    let both = |first: &str| vec![(2, first.to_owned()), (3, "refused".to_owned())];
    assert_eq!(report("--dry-run"), (Some(1), both("imported")));
    assert_eq!(report("--continue"), (Some(0), both("imported")));
    assert_eq!(report("--continue"), (Some(0), both("known")));
}

/// Returns the number of accounts, or none as long as there is no table.
async fn count(db: &Path) -> usize {
    use sea_orm::{ConnectionTrait, Database, Statement};
    if !db.exists() {
        return 0;
    }
    let Ok(connection) = Database::connect(format!("sqlite://{}?mode=ro", db.display())).await else {
        return 0;
    };
    let query = Statement::from_string(
        connection.get_database_backend(),
        "SELECT count(*) AS n FROM accounts",
    );
    let row = connection.query_one_raw(query).await;
    let _ = connection.close().await;
    match row {
        Ok(Some(row)) => usize::try_from(row.try_get::<i64>("", "n").unwrap()).unwrap(),
        _ => 0,
    }
}

#[tokio::test]
async fn a_file_of_lines_is_read_whatever_is_wrong_with_some() {
    let op = TestOp::start().await;
    let mut bytes = "\u{feff}{\"email\":\"a@example.org\",\"last_name\":\"A\"}\r\n"
        .as_bytes()
        .to_vec();
    bytes.extend(b"{\"email\":\"\xff\"}\n");
    bytes.extend(format!("{{\"email\":\"{}\"}}\n", "x".repeat(200_000)).as_bytes());
    bytes.extend(b"{\"email\":\"b@example.org\",\"last_name\":\"B\"}");
    let file = AccountsFile::of_bytes(Format::JsonLines, &bytes);
    let report = op.import(file, Mode::Good).await;
    let lines: Vec<u64> = report.problems.iter().map(|it| it.line).collect();
    assert_eq!((report.imported, lines), (2, vec![2, 3]));
}
