//! The page to which a login leads when no service waits: the one that was asked for, by its name in the table of
//! routes, never by an address of the visitor's making (security.md BR-6).
//!
//! `router` makes the table and carries it as an extension of each request; `extract::page_context` reads `next` with
//! it; `pages::errors` names the page that a login interrupts.

use std::sync::Arc;

use axum::extract::MatchedPath;
use axum::http::request::Parts;

use super::outcome;
use crate::paths;

/// The patterns of all pages that need a login.
#[derive(Clone, Debug)]
pub struct ReturnPaths(Arc<[&'static str]>);

impl ReturnPaths {
    pub fn new(patterns: impl Iterator<Item = &'static str>) -> Self {
        Self(patterns.collect())
    }

    /// Returns the page that a `next` names, with the outcome that it is to show; `None` if it is no page of the table.
    pub fn parse(&self, next: &str) -> Option<ReturnPath> {
        let (name, query) = next.split_once('?').unwrap_or((next, ""));
        let path = format!("/{name}");
        let path = self.0.iter().find_map(|pattern| fill(pattern, &path))?;
        let page = ReturnPath(path);
        let outcome = query
            .strip_prefix(outcome::PARAMETER)
            .and_then(|it| it.strip_prefix('='));
        Some(match outcome.filter(|it| is_identifier(it)) {
            Some(handle) => page.with_outcome(handle),
            None => page,
        })
    }
}

impl Default for ReturnPaths {
    fn default() -> Self {
        Self(Arc::new([]))
    }
}

/// The address of a page of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnPath(String);

impl ReturnPath {
    /// Returns the page that a request asked for.
    pub fn of(request: &Parts) -> Option<Self> {
        let matched = request.extensions.get::<MatchedPath>()?;
        fill(matched.as_str(), request.uri.path()).map(Self)
    }

    /// Returns the same page, which is to show this outcome.
    pub fn with_outcome(&self, handle: &str) -> Self {
        Self(paths::with_parameter(&self.0, outcome::PARAMETER, handle))
    }

    pub fn address(&self) -> &str {
        &self.0
    }

    /// Returns the value of `next`: `account/security`.
    pub fn as_next(&self) -> &str {
        self.0.trim_start_matches('/')
    }
}

/// Returns `path`, rebuilt from the pattern, if it follows it: words equal, holes of identifier characters.
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
    use super::*;

    #[test]
    fn only_pages_of_the_table_are_return_paths() {
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

    #[test]
    fn an_outcome_is_kept_and_nothing_else() {
        // BR-6
        let table = ReturnPaths::new([paths::ACCOUNT_SECURITY].into_iter());
        let address = |next| table.parse(next).map(|it| it.address().to_owned());
        assert_eq!(address("account/security").as_deref(), Some("/account/security"));
        assert_eq!(
            address("account/security?outcome=a-1").as_deref(),
            Some("/account/security?outcome=a-1")
        );
        for next in ["account/security?x=1", "account/security?outcome=a/b"] {
            assert_eq!(address(next).as_deref(), Some("/account/security"), "{next}");
        }
        for next in ["login", "/account/security", "https://evil.example", ""] {
            assert_eq!(address(next), None, "{next}");
        }
        let page = table.parse("account/security").expect("a page of the table");
        assert_eq!(page.with_outcome("a-1").as_next(), "account/security?outcome=a-1");
    }
}
