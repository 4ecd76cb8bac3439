//! Tests the command that publishes versions of the documents, moves and withdraws them.

use std::process::Command;

use serde_json::Value;

use crate::support::product::CommandLine;
use itu_account::testing;

#[tokio::test]
async fn the_command_publishes_moves_and_withdraws() {
    let folder = tempfile::tempdir().unwrap();
    let config = testing::empty_config().await;
    let command_line = CommandLine::of(&config, "");
    let types = |words: &[&str]| command_line.types(words);
    // The program has the clock of the machine.
    let day = |days: i64| {
        let output = Command::new("date")
            .args(["-u", "-d", &format!("{days} days"), "+%F"])
            .output();
        String::from_utf8(output.expect("a date").stdout)
            .expect("ASCII")
            .trim()
            .to_owned()
    };
    let version = folder.path().join("next");
    std::fs::create_dir(&version).unwrap();
    let write = |effective: &str, changed: &str| {
        let text = format!("version: next\neffective: {effective}\n{changed}\nA text.\n");
        std::fs::write(version.join("en.md"), text).unwrap();
    };
    let publish = ["terms", "publish", "privacy", version.to_str().expect("UTF-8")];
    let refused = |words: &[&str], reason: &str| {
        let output = types(words);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            !output.status.success() && told.contains(reason),
            "{words:?}: {told}"
        );
    };
    write(&day(7), "");
    refused(&publish, "en.md: does not say what changed");
    write(&day(-7), "changed: All.\n");
    refused(&publish, "effective: ");
    write(&day(7), "changed: All.\n");
    let dry = [&publish[..], &["--dry-run"]].concat();
    let output = types(&dry);
    assert!(output.status.success(), "{output:?}");
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        told.contains("lacks ar es fr ru zh") && told.contains("+ A text."),
        "{told}"
    );
    let output = types(&[&["--format", "json"][..], &publish].concat());
    let made: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|it| panic!("{it}: {output:?}"));
    assert_eq!(
        (&made["state"], &made["source"]),
        (&"scheduled".into(), &"published".into())
    );
    refused(&publish, "version: ");
    let later = day(9);
    let output = types(&["terms", "schedule", "privacy", "next", &later]);
    assert!(
        String::from_utf8_lossy(&output.stdout).contains(&later),
        "{output:?}"
    );
    refused(&["terms", "schedule", "privacy", "next", "soon"], "effective: ");
    refused(&["terms", "withdraw", "privacy", "2026-11"], "in force stays");
    refused(&["terms", "withdraw", "privacy", "none"], "no such version");
    refused(&["terms", "publish", "law", "."], "neither terms nor privacy");
    assert!(types(&["terms", "withdraw", "privacy", "next"]).status.success());
    refused(&["terms", "show", "privacy", "next"], "no such version");
}
