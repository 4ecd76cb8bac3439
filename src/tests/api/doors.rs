//! Tests that pages, API and commands do the same: each page of a console and each command stands in the list of
//! operations, and what stands there exists (conformance/requirements/operations.md).

use std::collections::BTreeSet;
use std::path::Path;

use itu_account::cli;
use itu_account::http::api::{listing, operations};
use itu_account::http::router;
use itu_account::http::routes::Audience;

use crate::support::TestOp;

const FILE: &str = "conformance/requirements/operations.md";

#[test]
fn the_file_is_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    let made = listing::markdown();
    if std::env::var_os("ITU_WRITE_LISTS").is_some() {
        std::fs::write(&path, &made).expect("written");
    }
    let file = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        file == made,
        "{FILE} is not the table of operations: see its head for how to write it again"
    );
}

#[tokio::test]
async fn each_page_of_a_console_stands_in_the_list() {
    let op = TestOp::start().await;
    let routes = router::routes(&op.app);
    let of_consoles = [
        Audience::FocalPoint,
        Audience::Staff,
        Audience::Support,
        Audience::Auditor,
        Audience::ClientOwner,
        Audience::Administrator,
    ];
    let consoles = routes
        .table()
        .iter()
        .filter(|(_, audience)| of_consoles.contains(audience));
    let consoles: BTreeSet<&str> = consoles.map(|(path, _)| *path).collect();
    let listed: BTreeSet<&str> = listing::pages().collect();
    let missing: Vec<_> = consoles.difference(&listed).collect();
    assert!(missing.is_empty(), "not in src/http/api: {missing:?}");
    let gone: Vec<_> = listed.difference(&consoles).collect();
    assert!(gone.is_empty(), "no pages of a console: {gone:?}");
}

#[test]
fn each_command_stands_in_the_list() {
    let commands = cli::commands();
    let commands: BTreeSet<&str> = commands.iter().map(String::as_str).collect();
    // What only reads the trail is one operation with two commands.
    let listed: BTreeSet<&str> = listing::commands().collect();
    let missing: Vec<_> = commands.difference(&listed).collect();
    assert!(missing.is_empty(), "not in src/http/api: {missing:?}");
    let gone: Vec<_> = listed.difference(&commands).collect();
    assert!(gone.is_empty(), "no commands: {gone:?}");
}

#[tokio::test]
async fn each_operation_stands_in_the_router() {
    let op = TestOp::start().await;
    let routes = router::routes(&op.app);
    for operation in operations::all() {
        let found = routes.table().iter().find(|(path, _)| *path == operation.path);
        assert_eq!(found.map(|it| it.1), Some(Audience::Client), "{operation:?}");
    }
}
