//! Tests that what is installed fits the program (`src/packaging`): the unit starts a command that there is, with settings that
//! are accepted and lie where the service may write; the package and the image are made of files that there are; the
//! operator's guide names commands that there are.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use itu_account::cli;
use itu_account::config::Config;
use toml::{Table, Value};

use crate::support::product::program;

/// Where the service keeps everything: `StateDirectory` of the unit.
const STATE: &str = "/var/lib/itu-account";
const SETTINGS: &str = "/etc/itu-account/itu-account.toml";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|it| panic!("{path}: {it}"))
}

/// Returns the values of a directive of the unit.
fn directive(name: &str) -> Vec<String> {
    let unit = read("src/packaging/itu-account.service");
    let values = unit
        .lines()
        .filter_map(|it| it.strip_prefix(name)?.strip_prefix('='));
    values.map(str::to_owned).collect()
}

/// Asks for the help of the command that would run, which is printed if its words are right.
fn helps(words: &[&str]) -> Output {
    let output = Command::new(program()).args(words).arg("--help").output();
    output.expect("it runs")
}

/// Returns the settings that are installed, with everything that they write below a folder.
fn settings_in(folder: &Path) -> (PathBuf, String) {
    let text = read("src/packaging/itu-account.toml");
    let moved = text.replace(STATE, &folder.display().to_string());
    assert_ne!(moved, text);
    let file = folder.join("settings.toml");
    std::fs::write(&file, &moved).expect("written");
    (file, moved)
}

#[test]
fn the_unit_starts_what_there_is_where_it_may_write() {
    let start = directive("ExecStart").pop().expect("a command");
    let words: Vec<&str> = start.split(' ').collect();
    assert_eq!(words[..3], ["/usr/bin/itu-account", "--config", SETTINGS]);
    let output = helps(&words[1..]);
    assert!(output.status.success(), "{output:?}");
    assert!(
        String::from_utf8_lossy(&output.stdout).contains("Run the provider"),
        "{output:?}"
    );

    assert_eq!(directive("WorkingDirectory"), [STATE]);
    assert_eq!(
        directive("StateDirectory"),
        [STATE.trim_start_matches("/var/lib/")]
    );
    assert_eq!(directive("StateDirectoryMode"), ["0700"]);
    let user = directive("User").pop().expect("a user");
    let postinst = read("src/packaging/debian/postinst");
    assert!(
        postinst.contains(&format!("-o {user} -g {user} -m 0700 {STATE}")),
        "{postinst}"
    );
    // It has the time to leave that the settings allow, and four seconds for what is under way.
    let seconds: u64 = directive("TimeoutStopSec")[0].parse().expect("seconds");
    assert!(seconds >= 5 * 60 + 4 && directive("Type") == ["notify"]);
    for (name, value) in [
        ("NoNewPrivileges", "yes"),
        ("ProtectSystem", "strict"),
        ("CapabilityBoundingSet", ""),
        ("UMask", "0077"),
        ("LimitCORE", "0"),
    ] {
        assert_eq!(directive(name), [value], "{name}");
    }
}

#[test]
fn the_settings_that_are_installed_pass_the_check_and_stay_in_their_directory() {
    let folder = tempfile::tempdir().expect("a folder");
    let (file, text) = settings_in(folder.path());
    let config = Config::load(Some(&file)).expect("settings");
    for path in [&config.keys.directory, &config.mail.directory] {
        assert!(path.starts_with(folder.path()), "{}", path.display());
    }
    assert!(
        config
            .database
            .url()
            .starts_with(&format!("sqlite://{}/", folder.path().display()))
    );
    assert!(!text.contains("password@"), "everybody reads it");
    // Those of the image, where other containers reach it.
    let image = read("src/packaging/Containerfile");
    let variables: Vec<(&str, &str)> = image
        .split_whitespace()
        .filter(|it| it.starts_with("ITU_ACCOUNT__"))
        .filter_map(|it| it.split_once('='))
        .collect();
    assert_eq!(variables.len(), 2, "{variables:?}");
    for environment in [Vec::new(), variables] {
        let mut command = Command::new(program());
        command
            .arg("--config")
            .arg(&file)
            .args(["--format", "json", "check"]);
        let output = command.envs(environment).output().expect("it runs");
        assert!(output.status.success(), "{output:?}");
    }
}

#[test]
fn the_package_and_the_image_are_made_of_what_there_is() {
    let manifest: Table = toml::from_str(&read("Cargo.toml")).expect("a manifest");
    let package = &manifest["package"]["metadata"]["deb"];
    let assets = package["assets"].as_array().expect("assets");
    let mut installed = Vec::new();
    for asset in assets {
        let [from, to, mode] = [0, 1, 2].map(|it| asset[it].as_str().expect("text"));
        let built = from.starts_with("target/release/");
        assert!(built || root().join(from).is_file(), "{from}");
        assert_eq!(mode, if built { "755" } else { "644" }, "{from}");
        let name = Path::new(from).file_name().expect("a name").to_string_lossy();
        installed.push(format!("/{to}{name}"));
    }
    let kept = package["conf-files"].as_array().expect("a list");
    assert_eq!(
        kept.iter().filter_map(Value::as_str).collect::<Vec<_>>(),
        [SETTINGS]
    );
    assert!(installed.contains(&SETTINGS.to_owned()), "{installed:?}");
    assert!(installed.contains(&"/usr/bin/itu-account".to_owned()));
    let documented = directive("Documentation").pop().expect("a document");
    assert!(
        installed.iter().any(|it| documented.ends_with(it)),
        "{documented}"
    );
    let units = &package["systemd-units"];
    let scripts = units["unit-scripts"].as_str().expect("a folder");
    let unit = format!(
        "{scripts}/{}.service",
        units["unit-name"].as_str().expect("a name")
    );
    assert!(root().join(unit).is_file());
    // It cannot run before it knows its issuer.
    assert_eq!(
        (units["enable"].as_bool(), units["start"].as_bool()),
        (Some(false), Some(false))
    );
    for script in ["postinst", "postrm"] {
        let text = read(&format!(
            "{}/{script}",
            package["maintainer-scripts"].as_str().expect("a folder")
        ));
        assert!(
            text.starts_with("#!/bin/sh\n") && text.contains("\nset -e\n"),
            "{script}"
        );
        assert!(text.contains("\n#DEBHELPER#\n"), "{script}");
    }

    let image = read("src/packaging/Containerfile");
    let copied = image.lines().filter_map(|it| it.strip_prefix("COPY "));
    for line in copied.filter(|it| !it.starts_with("--from")) {
        let mut paths: Vec<&str> = line.split(' ').collect();
        paths.pop();
        for path in paths {
            assert!(root().join(path).exists(), "{path}");
        }
    }
    let list = |name: &str| -> Vec<String> {
        let line = image.lines().find_map(|it| it.strip_prefix(name));
        serde_json::from_str(line.expect("a command")).expect("words in brackets: there is no shell")
    };
    let (entry, command) = (list("ENTRYPOINT "), list("CMD "));
    let words: Vec<&str> = entry[1..].iter().chain(&command).map(String::as_str).collect();
    assert!(helps(&words).status.success(), "{words:?}");
    let last_user = image.lines().rfind(|it| it.starts_with("USER "));
    assert_eq!(last_user, Some("USER 65532:65532"));
}

#[test]
fn the_guide_names_commands_settings_and_alerts_that_there_are() {
    let guide = read("src/packaging/OPERATIONS.md");
    let commands = cli::commands();
    let mut seen = 0;
    for (at, _) in guide.match_indices("itu-account ") {
        let mut words = guide[at..].split(|c: char| c.is_whitespace() || c == '`').skip(1);
        let mut word = words.next().unwrap_or_default();
        if word == "--config" {
            word = words.nth(1).unwrap_or_default();
        }
        let is_word = word.len() > 2 && word.chars().all(|c| c.is_ascii_lowercase() || c == '-');
        if !is_word || word.starts_with('-') || word == "help" {
            continue;
        }
        seen += 1;
        let begins = |it: &&String| it.split(' ').next() == Some(word);
        assert!(commands.iter().any(|it| begins(&it)), "itu-account {word}");
    }
    assert!(seen > 10, "{seen}");
    let alerts = read("src/telemetry/alerts.yaml");
    let named: Vec<&str> = guide
        .split('`')
        .filter(|it| it.starts_with("ItuAccount"))
        .collect();
    assert!(named.len() >= 5);
    for alert in named {
        assert!(alerts.contains(&format!("alert: {alert}\n")), "{alert}");
    }
    assert!(read("README.md").contains("(src/packaging/OPERATIONS.md)"));
}
