//! Tests `itu-account revoke` as it is typed: what it prints, and its exit status.

use std::process::{Command, Output};

use serde_json::Value;

use crate::support::product::program;
use itu_account::testing;

struct Installation {
    folder: tempfile::TempDir,
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
        Self { folder }
    }

    fn types(&self, words: &[&str]) -> Output {
        let output = Command::new(program())
            .arg("--config")
            .arg(self.folder.path().join("it.toml"))
            .args(words)
            .output();
        output.expect("it runs")
    }
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|it| panic!("{it}: {output:?}"))
}

#[tokio::test]
async fn the_command_counts_ends_and_says_what_ended() {
    let place = Installation::make().await;
    let added = place.types(&[
        "client",
        "add",
        "--id",
        "shop",
        "--redirect-uri",
        "https://shop.example/cb",
        "--name",
        "Shop",
    ]);
    assert!(added.status.success(), "{added:?}");

    let counted = place.types(&["--format", "json", "revoke", "client", "shop", "--dry-run"]);
    let counted = json(&counted);
    assert_eq!(counted["dry_run"], true);
    assert_eq!(counted["ended"]["grants"], 0);

    let done = place.types(&[
        "--format",
        "json",
        "revoke",
        "everything",
        "--sessions",
        "--reason",
        "Incident 7",
    ]);
    let done = json(&done);
    assert_eq!(done["target"], "provider:everything");
    assert!(
        done["completed_at"].is_string() && done["ends_sessions"] == true,
        "{done}"
    );

    // contract.md: refused is 1, wrong usage is 2.
    for (words, status) in [
        (&["revoke", "client", "none", "--reason", "x"][..], 1),
        (&["revoke", "account", "nobody@example.org", "--reason", "x"], 1),
        (&["revoke", "client", "shop", "--reason", ""], 1),
        (
            &[
                "revoke",
                "client",
                "shop",
                "--reason",
                "x",
                "--issued-until",
                "2999-01-01T00:00:00Z",
            ],
            1,
        ),
        (&["revoke", "client", "shop"], 2),
        (&["revoke", "client", "shop", "--reason", "x", "--sessions"], 2),
        (
            &[
                "revoke",
                "client",
                "shop",
                "--reason",
                "x",
                "--issued-until",
                "yesterday",
            ],
            2,
        ),
        (&["revoke"], 2),
    ] {
        let output = place.types(words);
        assert_eq!(output.status.code(), Some(status), "{words:?}: {output:?}");
        let lines = String::from_utf8_lossy(&output.stderr).lines().count();
        assert!(status == 2 || lines == 1, "{words:?}: {output:?}");
    }
}
