//! Tests `itu-account revoke` as it is typed: what it prints, and its exit status.

use std::process::Output;

use serde_json::Value;

use crate::support::product::CommandLine;
use itu_account::testing;

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|it| panic!("{it}: {output:?}"))
}

#[tokio::test]
async fn the_command_counts_ends_and_says_what_ended() {
    let place = CommandLine::of(&testing::empty_config().await, "");
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
