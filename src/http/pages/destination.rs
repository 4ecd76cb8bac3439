//! Where a login leads when no service waits: the page that was asked for, by its name in the table of
//! routes, never by an address of the visitor's making (security.md BR-6).

use std::sync::OnceLock;

use axum::extract::MatchedPath;
use axum::http::request::Parts;

use crate::http::outcome;
use crate::http::routes::Audience;

/// The patterns of all pages that need a login, as the router has them.
static PAGES: OnceLock<Vec<&'static str>> = OnceLock::new();

/// Called once, by the router.
pub(in crate::http) fn know(table: &[(&'static str, Audience)]) {
    PAGES.get_or_init(|| {
        let guarded = |it: &&(&str, Audience)| !matches!(it.1, Audience::Public | Audience::Client);
        table.iter().filter(guarded).map(|(path, _)| *path).collect()
    });
}

/// The name of the page that a request asked for: `account/security`.
pub fn name_of(request: &Parts) -> Option<String> {
    let matched = request.extensions.get::<MatchedPath>()?;
    let path = fill(matched.as_str(), request.uri.path())?;
    Some(path.trim_start_matches('/').to_owned())
}

/// The address that a `next` names, if it is one of our pages: its path, and the outcome that it is to show.
pub fn path(next: &str) -> Option<String> {
    let (name, query) = next.split_once('?').unwrap_or((next, ""));
    let path = format!("/{name}");
    let path = PAGES.get()?.iter().find_map(|pattern| fill(pattern, &path))?;
    let outcome = query
        .strip_prefix(outcome::PARAMETER)
        .and_then(|it| it.strip_prefix('='));
    match outcome.filter(|it| is_identifier(it)) {
        Some(handle) => Some(format!("{path}?{}={handle}", outcome::PARAMETER)),
        None => Some(path),
    }
}

/// `path`, rebuilt from the pattern, if it follows it: words equal, holes of identifier characters.
fn fill(pattern: &str, path: &str) -> Option<String> {
    let (mut words, mut parts) = (pattern.split('/'), path.split('/'));
    let mut built = Vec::new();
    loop {
        match (words.next(), parts.next()) {
            (None, None) => return Some(built.join("/")),
            (Some(word), Some(part)) if word == part => built.push(word),
            (Some(word), Some(part)) if word.starts_with('{') && is_identifier(part) => built.push(part),
            _ => return None,
        }
    }
}

fn is_identifier(part: &str) -> bool {
    (1..=64).contains(&part.len())
        && part != ".."
        && part != "."
        && part
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::fill;

    #[test]
    fn only_pages_of_the_table_are_destinations() {
        // BR-6
        let pattern = "/focal-point/requests/{id}";
        assert_eq!(
            fill(pattern, "/focal-point/requests/a-1"),
            Some("/focal-point/requests/a-1".into())
        );
        for path in [
            "/focal-point/requests/",
            "/focal-point/requests/..",
            "/focal-point/requests/a/b",
            "/focal-point/requests/%2e",
            "//evil.example",
            "/focal-point/requests/a?x",
        ] {
            assert_eq!(fill(pattern, path), None, "{path}");
        }
    }
}
