//! The README's map is the tree.

use std::path::Path;

const ROOMS: [&str; 9] = [
    "domain",
    "storage",
    "accounts",
    "affiliations",
    "oidc",
    "http",
    "cli",
    "jobs",
    "demo",
];

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("the source");
    entries
        .map(|it| it.expect("an entry").file_name().into_string().expect("UTF-8"))
        .collect()
}

#[test]
fn the_map_names_what_there_is() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(root.join("README.md")).expect("the README");
    let map = readme
        .split("```text\nmigrations/")
        .nth(1)
        .and_then(|it| it.split("```").next())
        .expect("the map");
    let named: Vec<&str> = map
        .split_whitespace()
        .map(|it| it.trim_end_matches('/'))
        .collect();
    let source = root.join("src");
    let mut there = names(&source);
    for room in ROOMS {
        there.extend(names(&source.join(room)).into_iter().filter(|it| it != "mod.rs"));
    }
    // Data beside the code is not on the map.
    there.retain(|it| it.ends_with(".rs") || !it.contains('.'));
    for name in &there {
        // A file stands for the folder of the same name beside it, and the other way round.
        let stem = name.strip_suffix(".rs").unwrap_or(name);
        let in_map = named
            .iter()
            .any(|it| it.strip_suffix(".rs").unwrap_or(it) == stem);
        assert!(in_map, "{name} is missing in the README's map");
    }
    for name in named.iter().filter(|it| it.ends_with(".rs")) {
        assert!(
            there.iter().any(|it| it == name),
            "{name} is in the README's map and nowhere else"
        );
    }
}
