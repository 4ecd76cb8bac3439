//! Tests `user import` and `user invite` as processes that are killed and started again, on either database: what is left
//! equals a whole run, with affiliations, rights, the trail, and the report.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use crate::foreign_hashes::one_of_each;
use crate::support::product::program;
use itu_account::affiliations::accounts_export::{self, Hashes};
use itu_account::app::App;
use itu_account::clock::Clock;
use itu_account::config::Config;
use itu_account::testing;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, Statement};
use serde_json::Value;

const PEOPLE: u64 = 2_000;

/// An installation of its own, whose commands are processes.
struct Installation {
    config: Config,
    folder: tempfile::TempDir,
    db: DatabaseConnection,
}

impl Installation {
    async fn make() -> Self {
        let config = testing::empty_config().await;
        let folder = tempfile::tempdir().unwrap();
        let settings = format!(
            "issuer = \"http://localhost:8080\"\n[database]\nurl = \"{}\"\n[keys]\ndirectory = \"{}\"\n",
            config.database.url(),
            config.keys.directory.display()
        );
        std::fs::write(folder.path().join("it.toml"), settings).unwrap();
        let directory = "id,name,membership_type,status\ntelco,Telco,sector_member,active\n";
        std::fs::write(folder.path().join("directory.csv"), directory).unwrap();
        let made = command(&folder.path().join("it.toml"))
            .args(["org", "import"])
            .arg(folder.path().join("directory.csv"))
            .output()
            .expect("it runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let db = Database::connect(config.database.url()).await.unwrap();
        Self { config, folder, db }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self) -> Command {
        command(&self.at("it.toml"))
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        std::fs::write(self.at(name), text).unwrap();
        self.at(name)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.at(name)).unwrap()
    }

    fn import(&self, file: &Path, options: &[&str]) -> Command {
        let mut command = self.command();
        command.args(["user", "import"]).arg(file).args(options);
        command.arg("--report").arg(self.at("report"));
        command
    }

    async fn count(&self, what: &str) -> u64 {
        let sql = format!("SELECT count(*) AS n FROM {what}");
        let row = self.query(&sql).await;
        u64::try_from(row[0].try_get::<i64>("", "n").unwrap()).unwrap()
    }

    async fn query(&self, sql: &str) -> Vec<sea_orm::QueryResult> {
        let statement = Statement::from_string(self.db.get_database_backend(), sql);
        self.db.query_all_raw(statement).await.unwrap()
    }

    /// Waits until there is an account, while the process runs.
    async fn until_there_is_an_account(&self, process: &mut Child) {
        while self.count("accounts").await == 0 {
            let ended = process.try_wait().unwrap();
            assert!(ended.is_none(), "it ended before it was killed");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Returns all accounts as lines, without what is made by chance, and the sums of what the trail says.
    async fn content(&self) -> (BTreeSet<String>, BTreeMap<String, u64>) {
        let app = App::open(self.config.clone(), Clock::System)
            .await
            .expect("it starts");
        let (mut all, mut after) = (BTreeSet::new(), String::new());
        let page = async |after: &str| {
            accounts_export::page(&app, after, Hashes::Unsealed)
                .await
                .unwrap()
        };
        while let accounts_export::Page {
            rows,
            last: Some(last),
            ..
        } = page(&after).await
        {
            all.extend(rows.iter().map(|it| serde_json::to_string(it).unwrap()));
            after = last;
        }
        let mut sums = BTreeMap::new();
        for row in self
            .query("SELECT after FROM events WHERE action = 'account.imported'")
            .await
        {
            let counted: BTreeMap<String, u64> =
                serde_json::from_str(&row.try_get::<String>("", "after").unwrap()).unwrap();
            for (what, number) in counted {
                *sums.entry(what).or_default() += number;
            }
        }
        for what in [
            "accounts WHERE email_verified",
            "accounts WHERE imported_at IS NOT NULL",
            "affiliations WHERE NOT asked_by_person",
            "ties_rights",
            "imported_addresses",
        ] {
            sums.insert(what.to_owned(), self.count(what).await);
        }
        (all, sums)
    }
}

fn command(settings: &Path) -> Command {
    let mut command = Command::new(program());
    command.arg("--config").arg(settings).args(["--format", "json"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[track_caller]
fn json(done: &Output) -> Value {
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    serde_json::from_slice(&done.stdout).unwrap()
}

/// Returns people of whom every second has an approved affiliation with a TIES right; one line in a hundred is wrong.
fn people() -> String {
    let hash = &one_of_each()[0].hash;
    let line = |n: u64| {
        let place = match n % 2 {
            0 => r#","organization_id":"telco","affiliation_status":"approved","ties_rights":["documents"]"#,
            _ => "",
        };
        let hash = if n % 100 == 7 { "no hash" } else { hash };
        format!(
            "{{\"email\":\"p{n}@example.org\",\"last_name\":\"N{n}\",\"password_hash\":\"{hash}\"{place}}}\n"
        )
    };
    (0..PEOPLE).map(line).collect()
}

#[tokio::test]
async fn an_import_that_is_killed_and_repeated_equals_a_whole_one() {
    let (whole, killed) = (Installation::make().await, Installation::make().await);
    let options = ["--continue", "--addresses-verified"];
    let file = whole.write("people.jsonl", &people());
    let import = |at: &Installation| at.import(&file, &options).output().expect("it runs");
    let counted = json(&import(&whole));
    let valid = PEOPLE - PEOPLE / 100;
    assert_eq!(
        (&counted["imported"], &counted["refused"]),
        (&Value::from(valid), &Value::from(PEOPLE / 100))
    );

    let mut process = killed.import(&file, &options).spawn().expect("it runs");
    killed.until_there_is_an_account(&mut process).await;
    process.kill().unwrap();
    process.wait().unwrap();
    let before = killed.count("accounts").await;
    assert!((1..valid).contains(&before), "{before}");
    // What was committed last may be missing in the report, and its last line may be half there.
    let report = killed.read("report");
    let first = report.find('\n').map_or(0, |it| it + 1);
    assert!(first > 0, "{report}");
    killed.write("report", &report[..(first + (report.len() - first) / 2)]);

    assert_eq!(json(&import(&killed)), counted);
    assert_eq!(killed.content().await, whole.content().await);
    let lines = |at: &Installation| {
        at.read("report")
            .lines()
            .skip(1)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(lines(&killed).len() as u64, PEOPLE + 1);
    assert_eq!(lines(&killed), lines(&whole));

    // The report is whole; a run with another says that all exist.
    let again = import(&killed);
    assert!(!again.status.success() && String::from_utf8_lossy(&again.stderr).contains("name another file"));
    std::fs::remove_file(killed.at("report")).unwrap();
    let again = json(&import(&killed));
    assert_eq!(
        (&again["imported"], &again["exists"]),
        (&Value::from(0), &Value::from(valid))
    );
    assert_eq!(killed.content().await, whole.content().await);
}

#[tokio::test]
async fn the_report_says_what_became_of_each_record() {
    let at = Installation::make().await;
    let file = at.write("people.csv", "email,last_name\na@example.org,A\nnobody,B\n");
    let run = |option: &str| {
        let _ = std::fs::remove_file(at.at("report"));
        let done = at.import(&file, &[option]).output().expect("it runs");
        let report = at.read("report");
        let outcomes = report.lines().filter_map(|line| {
            let outcome: Value = serde_json::from_str(line).unwrap();
            Some((outcome["line"].as_u64()?, outcome["outcome"].as_str()?.to_owned()))
        });
        (done.status.code(), outcomes.collect::<Vec<_>>())
    };
    let both = |first: &str| vec![(2, first.to_owned()), (3, "refused".to_owned())];
    assert_eq!(run("--dry-run"), (Some(1), both("imported")));
    assert_eq!(run("--continue"), (Some(0), both("imported")));
    assert_eq!(run("--continue"), (Some(0), both("exists")));
    // A file that is refused as a whole: nothing became of the others.
    assert_eq!(
        run("--addresses-verified"),
        (Some(1), vec![(3, "refused".to_owned())])
    );
}

#[tokio::test]
async fn waves_of_invitations_go_on_where_the_last_one_ended() {
    let at = Installation::make().await;
    let people: String = (0..90).map(|n| format!("p{n}@example.org,N{n}\n")).collect();
    let file = at.write("people.csv", &format!("email,last_name\n{people}"));
    json(&at.import(&file, &[]).output().expect("it runs"));
    let wave = |most: &str| {
        let mut command = at.command();
        command.args(["user", "invite", "--rate", "60000", "--wave", most]);
        command
            .spawn()
            .expect("it runs")
            .wait_with_output()
            .map(|it| json(&it))
    };
    assert_eq!(
        wave("30").unwrap(),
        serde_json::json!({"mailed": 30, "waiting": 60})
    );
    // Two operators at once: neither ends because the other has mailed the people whom it had found.
    let (one, other) = std::thread::scope(|threads| {
        let one = threads.spawn(|| wave("90").unwrap());
        let other = threads.spawn(|| wave("90").unwrap());
        (one.join().unwrap(), other.join().unwrap())
    });
    let mailed = |it: &Value| it["mailed"].as_u64().unwrap();
    assert_eq!(mailed(&one) + mailed(&other), 60);
    assert_eq!(
        (&one["waiting"], &other["waiting"]),
        (&Value::from(0), &Value::from(0))
    );
}
