//! Tests that the README's table of rooms is the tree.

use std::collections::BTreeSet;
use std::path::Path;

/// Entry points of the crate, which are no rooms.
const ENTRY_POINTS: [&str; 2] = ["lib", "main"];

#[test]
fn the_tables_name_every_room_and_no_other() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(root.join("README.md")).expect("the README");
    let section = readme
        .split("## The rooms")
        .nth(1)
        .and_then(|rest| rest.split("\n## ").next())
        .expect("a section on the rooms");
    // A row begins with the names of rooms: "| `clock`, `random` | …".
    let named: BTreeSet<String> = section
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .filter_map(|line| line.split('|').next())
        .flat_map(|cell| {
            cell.split(',')
                .map(|name| name.trim().trim_matches('`').to_owned())
        })
        .collect();
    let entries = std::fs::read_dir(root.join("src")).expect("the source");
    let present: BTreeSet<String> = entries
        .map(|entry| entry.expect("an entry").path())
        .map(|path| path.file_stem().expect("a name").to_string_lossy().into_owned())
        .filter(|name| !ENTRY_POINTS.contains(&name.as_str()))
        .collect();
    assert_eq!(named, present);
}
