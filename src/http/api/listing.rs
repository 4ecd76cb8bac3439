//! The list of operations with the page, the operation of the API and the command of each
//! (conformance/requirements/operations.md). It is made from the table; a test compares it with the file, with the router
//! and with the command line.

use super::elsewhere::ELSEWHERE;
use super::operation::Door;
use super::operations;

const HEAD: &str = "\
# Operations

Everything that administrators and Focal Points can do, and the door through which: the page, the REST API, the command
line. What a door lacks stands there with the reason. This file is made from the table of operations in `src/http/api/`:
`ITU_WRITE_LISTS=1 cargo test --test integration -- api::doors` writes it again.

";

/// Returns the whole file.
pub fn markdown() -> String {
    let mut text = HEAD.to_owned();
    text.push_str("| what | page | API | command |\n| --- | --- | --- | --- |\n");
    for operation in operations::all() {
        let api = format!(
            "`{} {}` ({})",
            operation.verb.as_str(),
            operation.path,
            operation.id
        );
        line(
            &mut text,
            operation.summary,
            operation.page,
            &api,
            operation.command,
        );
    }
    for one in ELSEWHERE {
        line(
            &mut text,
            one.what,
            one.page,
            &format!("– {}", one.reason),
            one.command,
        );
    }
    text
}

fn line(text: &mut String, what: &str, page: Door, api: &str, command: Door) {
    let (page, command) = (cell(page, ""), cell(command, "itu-account "));
    text.push_str(&format!("| {what} | {page} | {api} | {command} |\n"));
}

fn cell(door: Door, prefix: &str) -> String {
    match door {
        Door::Lacking(reason) => format!("– {reason}"),
        at => {
            let names: Vec<String> = names(at).iter().map(|it| format!("`{prefix}{it}`")).collect();
            names.join(", ")
        }
    }
}

/// Returns the patterns of all pages of the list.
pub fn pages() -> impl Iterator<Item = &'static str> {
    let pages = operations::all().map(|it| it.page);
    pages.chain(ELSEWHERE.iter().map(|it| it.page)).flat_map(names)
}

/// Returns all commands of the list.
pub fn commands() -> impl Iterator<Item = &'static str> {
    let commands = operations::all().map(|it| it.command);
    commands
        .chain(ELSEWHERE.iter().map(|it| it.command))
        .flat_map(names)
}

fn names(door: Door) -> Vec<&'static str> {
    match door {
        Door::At(name) => vec![name],
        Door::Each(names) => names.to_vec(),
        Door::Lacking(_) => Vec::new(),
    }
}
