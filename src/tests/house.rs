//! Guards the tree (ARCHITECTURE.md, "The arrow"): the arrow, the banned names, the size of files, their heads, and
//! citations.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The rooms in the order of the arrow: each may use those before it.
const ROOMS: [&str; 7] = [
    "domain",
    "storage",
    "accounts",
    "affiliations",
    "oidc",
    "deployment",
    "http",
];

/// Doors: they may use every room; no room may use them.
const DOORS: [&str; 4] = ["cli", "jobs", "demo", "testing"];

/// Tools serve every room and use none but `domain`; beside each are the rooms that it may use as well.
const TOOLS: [(&str, &[&str]); 24] = [
    ("app", &["storage"]),
    ("audit", &["storage"]),
    ("breach_service", &[]),
    ("certificates", &[]),
    ("clock", &[]),
    ("config", &[]),
    ("documents", &[]),
    ("fetch", &[]),
    ("passwords", &[]),
    ("i18n", &[]),
    ("jose", &[]),
    ("keys", &["storage"]),
    ("limits", &["storage"]),
    ("mail", &["storage"]),
    ("paths", &[]),
    ("places", &[]),
    ("proof_of_work", &["storage"]),
    ("random", &[]),
    ("sealed", &["storage"]),
    ("signals", &["storage"]),
    ("tables", &[]),
    ("telemetry", &[]),
    ("templates", &[]),
    ("webauthn", &[]),
];

/// The sources of the workspace.
const CRATES: [&str; 3] = ["src", "migrations/src", "conformance/src"];

struct Source {
    /// `accounts/login.rs`
    name: String,
    text: String,
}

impl Source {
    fn room(&self) -> &str {
        self.name.split(['/', '.']).next().unwrap_or_default()
    }

    /// Returns the first names after `crate::`, whether imported, grouped or written out, tests left aside.
    fn uses(&self) -> BTreeSet<String> {
        let code = self
            .text
            .split("\n#[cfg(test)]\nmod tests {")
            .next()
            .unwrap_or_default();
        let code: String = code
            .lines()
            .filter(|it| !it.trim_start().starts_with("//"))
            .collect::<Vec<_>>()
            .join("\n");
        let mut names = BTreeSet::new();
        for (at, _) in code.match_indices("crate::") {
            let before = code[..at].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '$') {
                continue;
            }
            let rest = &code[at + "crate::".len()..];
            match rest.strip_prefix('{') {
                Some(group) => names.extend(first_names(group)),
                None => names.extend(first_name(rest)),
            }
        }
        names
    }
}

fn first_name(path: &str) -> Option<String> {
    let name: String = path
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect();
    (!name.is_empty()).then_some(name)
}

/// Returns the members of a group `{a, b::{c, d}, e}`, without what is inside inner braces.
fn first_names(group: &str) -> Vec<String> {
    let mut depth = 0;
    let mut names = Vec::new();
    let mut part = String::new();
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.extend(first_name(std::mem::take(&mut part).trim_start())),
            _ if depth == 0 => part.push(c),
            _ => {}
        }
    }
    names.extend(first_name(part.trim_start()));
    names
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn sources(below: &str) -> Vec<Source> {
    let base = root().join(below);
    let mut found = Vec::new();
    let mut folders = vec![base.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder of the repository") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "rs") {
                let name = path
                    .strip_prefix(&base)
                    .expect("below")
                    .to_string_lossy()
                    .into_owned();
                found.push(Source {
                    name,
                    text: std::fs::read_to_string(&path).expect("a source"),
                });
            }
        }
    }
    assert!(!found.is_empty(), "{below} has sources");
    found
}

fn product() -> Vec<Source> {
    let is_test = |it: &Source| it.room() == "tests" || it.name.ends_with("/tests.rs");
    sources("src").into_iter().filter(|it| !is_test(it)).collect()
}

#[test]
fn the_arrow_is_never_turned() {
    let mut wrong = Vec::new();
    for source in product() {
        let room = source.room().to_owned();
        let place = ROOMS.iter().position(|it| *it == room);
        for used in source.uses() {
            let used_place = ROOMS.iter().position(|it| *it == used);
            let allowed = match (place, used_place) {
                (Some(here), Some(there)) => there <= here,
                // `domain` is pure: it uses nothing else of the product.
                (Some(0), None) => used == room,
                (Some(_), None) => !DOORS.contains(&used.as_str()),
                (None, _) => match TOOLS.iter().find(|(tool, _)| *tool == room) {
                    Some((_, exceptions)) => {
                        used == "domain"
                            || exceptions.contains(&used.as_str())
                            || TOOLS.iter().any(|(tool, _)| *tool == used)
                    }
                    None => true,
                },
            };
            if !allowed {
                wrong.push(format!("{} uses {used}", source.name));
            }
        }
    }
    assert!(wrong.is_empty(), "against the arrow:\n{}", wrong.join("\n"));
}

/// Names that must never occur in a room.
const BANS: [(&str, &[&str]); 7] = [
    ("domain", &["sea_orm", "axum", "tokio", "reqwest", "std::fs"]),
    ("storage", &["axum"]),
    ("accounts", &["axum", "sea_orm::entity"]),
    ("affiliations", &["axum"]),
    ("oidc", &["axum", "crate::templates", "entities"]),
    ("http", &["crate::storage", "sea_orm", "josekit"]),
    // A job calls a room, which has the rule.
    ("jobs", &["crate::storage", "sea_orm"]),
];

#[test]
fn no_room_names_what_is_banned_in_it() {
    let mut wrong = Vec::new();
    for source in product() {
        let (code, _) = source
            .text
            .split_once("\n#[cfg(test)]\nmod tests {")
            .unwrap_or((&source.text, ""));
        let code: Vec<&str> = code
            .lines()
            .filter(|it| !it.trim_start().starts_with("//"))
            .collect();
        let code = code.join("\n");
        for (room, banned) in BANS {
            if source.room() == room {
                wrong.extend(
                    banned
                        .iter()
                        .filter(|it| code.contains(*it))
                        .map(|it| format!("{}: {it}", source.name)),
                );
            }
        }
        // Each of these has one home; a client's secret may be named by its variable (contract.md).
        for (word, homes) in [
            ("josekit", &["jose"][..]),
            ("Utc::now", &["clock"]),
            ("SystemTime::now", &["clock"]),
            ("getrandom::", &["random"]),
            ("env::var", &["config", "cli", "testing"]),
        ] {
            if !homes.contains(&source.room()) && code.contains(word) {
                wrong.push(format!("{}: {word}", source.name));
            }
        }
        for word in ["todo!(", "unimplemented!(", "dbg!(", "#[allow("] {
            if code.contains(word) {
                wrong.push(format!("{}: {word}", source.name));
            }
        }
    }
    assert!(wrong.is_empty(), "banned:\n{}", wrong.join("\n"));
}

#[test]
fn no_file_is_longer_than_500_lines() {
    let long: Vec<String> = CRATES
        .into_iter()
        .flat_map(sources)
        .map(|it| (it.text.lines().count(), it.name))
        .filter(|(lines, _)| *lines > 500)
        .map(|(lines, name)| format!("{name}: {lines}"))
        .collect();
    assert!(long.is_empty(), "too long:\n{}", long.join("\n"));
}

#[test]
fn every_file_opens_with_what_lives_in_it() {
    let silent: Vec<String> = CRATES
        .into_iter()
        .flat_map(sources)
        // Rows of tables are introduced by the folder that they are in.
        .filter(|source| {
            !source.name.contains("entities/")
                && !source.name.starts_with("tests/")
                && !source.text.starts_with("//!")
        })
        .map(|it| it.name)
        .collect();
    assert!(silent.is_empty(), "without a head: {silent:?}");
}

/// Returns `true` if the line cites a trap by its number, from a list that no file of the repository has.
fn cites_a_private_list(line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().collect();
    let is_item = |it: &&str| it.starts_with(|c: char| c.is_ascii_digit());
    words.windows(2).any(|it| {
        let word = it[0].trim_start_matches(['(', '/', '`']);
        matches!(word, "trap" | "traps") && is_item(&it[1])
    })
}

#[test]
fn what_is_cited_can_be_opened() {
    let mut wrong = Vec::new();
    for source in CRATES.into_iter().flat_map(sources) {
        let lines = source.text.lines().filter(|it| cites_a_private_list(it));
        wrong.extend(lines.map(|it| format!("{}: {}", source.name, it.trim())));
    }
    assert!(wrong.is_empty(), "cited, and in no file:\n{}", wrong.join("\n"));
    let number = 5;
    for cited in [
        format!("x(); // trap {number}: 400"),
        format!("// may change (trap {number})."),
    ] {
        assert!(cites_a_private_list(&cited), "{cited}");
    }
    assert!(!cites_a_private_list("// a trap is set"));
}

#[test]
fn the_reader_of_imports_sees_all_of_them() {
    let source = Source {
        name: "oidc/x.rs".into(),
        text: "use crate::{a, b::{c, d}, e};\nuse crate::f::g;\nfn x() { crate::h::i() }\n// crate::no\n"
            .into(),
    };
    let names: Vec<String> = source.uses().into_iter().collect();
    assert_eq!(names, ["a", "b", "e", "f", "h"]);
}
