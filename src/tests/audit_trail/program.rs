//! Tests `itu-account audit` as it is typed: what it prints, and its exit status.

use std::process::Output;

use sea_orm::{ConnectionTrait, Database};
use serde_json::Value;

use crate::support::product::CommandLine;
use itu_account::app::App;
use itu_account::clock::Clock;
use itu_account::config::Config;
use itu_account::{jobs, testing};

struct Installation {
    config: Config,
    command_line: CommandLine,
    folder: tempfile::TempDir,
}

impl Installation {
    async fn make() -> Self {
        let config = testing::empty_config().await;
        let command_line = CommandLine::of(&config, "");
        let folder = tempfile::tempdir().unwrap();
        Self {
            config,
            command_line,
            folder,
        }
    }

    fn types(&self, words: &str) -> Output {
        let words: Vec<&str> = words.split(' ').collect();
        self.command_line.types(&words)
    }

    /// Runs a command that has to succeed, and returns what it prints.
    fn prints(&self, words: &str) -> String {
        let output = self.types(words);
        assert!(
            output.status.success(),
            "{words}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }
}

fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|it| serde_json::from_str(it).expect("JSON"))
        .collect()
}

#[tokio::test]
async fn the_trail_is_shown_exported_and_verified_by_the_command() {
    // LG-5
    let here = Installation::make().await;
    for name in ["shop", "events", "lists"] {
        here.prints(&format!(
            "client add --id {name} --name {name} --redirect-uri https://{name}.example.org/cb"
        ));
    }
    let newest = here.prints("audit tail -n 2");
    let newest: Vec<&str> = newest.lines().collect();
    assert_eq!(newest.len(), 2);
    assert!(
        newest[1].contains("operator -> client:lists") && newest[1].contains("not sealed yet"),
        "{newest:?}"
    );

    let app = App::open(here.config.clone(), Clock::System)
        .await
        .expect("it starts");
    jobs::seal_audit_trail(&app).await.unwrap();
    let verified = lines(&here.prints("--format json audit verify"));
    assert_eq!(verified[0]["findings"], 0);
    assert_eq!(verified[0]["pending"], 0);
    let head = verified[0]["head"].as_str().unwrap().to_owned();
    let position = verified[0]["to"].as_i64().unwrap();
    let log = here.folder.path().join("log");
    std::fs::write(
        &log,
        format!("{{\"audit_position\":{position},\"audit_head\":\"{head}\"}}\n"),
    )
    .unwrap();
    here.prints(&format!("audit verify --heads {}", log.display()));

    let all = lines(&here.prints("audit export"));
    assert!(
        all.len() > 3
            && all
                .iter()
                .all(|it| it["seal"]["digest"].is_string() || it["action"] == "audit.exported")
    );
    let of_shop = lines(&here.prints("audit export --subject client:shop --kind client.changed"));
    assert!(
        of_shop.iter().all(|it| it["object"] == "client:shop"),
        "{of_shop:?}"
    );
    assert_eq!(lines(&here.prints("audit export --subject shop")).len(), 1);
    let nobody = here.prints("audit export --actor nobody@example.org");
    assert!(nobody.is_empty(), "{nobody}");
    let syslog = here.prints("audit export --as syslog --subject client:shop");
    assert!(
        syslog.starts_with("<109>1 ") && syslog.contains(" localhost itu-account - client [origin "),
        "{syslog}"
    );
    let refused = here.types("audit export --since yesterday");
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("since is neither a date"));

    let db = Database::connect(here.config.database.url()).await.unwrap();
    let sql = "UPDATE events SET actor = 'system' WHERE object = 'client:shop'";
    db.execute_unprepared(sql).await.unwrap();
    let output = here.types("--format json audit verify");
    assert_eq!(output.status.code(), Some(1));
    let printed = lines(&String::from_utf8(output.stdout).unwrap());
    assert_eq!(printed[0]["finding"], "altered");
    let why = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(why.contains("the audit trail does not hold: 1 finding"), "{why}");
    // A log of something else proves nothing.
    std::fs::write(&log, "{}\n").unwrap();
    let output = here.types(&format!("audit verify --heads {}", log.display()));
    assert!(String::from_utf8_lossy(&output.stderr).contains("has no head"));
}
