//! A mismatch between what a client sent and what it is registered with. The owner of a service finds it in the log
//! and on the administrators' page of the client (security.md LG-1); it is never sent to anybody.
//!
//! Values come from outside: they are shortened, what is not printable ASCII is escaped, and what may be a secret is
//! left out (security.md G-14, LG-3).

use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::domain::ClientId;

/// The longest value that is shown.
const LONGEST: usize = 200;
/// The most registered values that are named.
const MOST: usize = 64;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mismatch {
    pub parameter: String,
    pub received: String,
    pub registered: Vec<String>,
}

impl Mismatch {
    /// Makes the mismatch of words that are no secrets: scopes, grants, methods.
    pub fn new<T: ToString>(
        parameter: &str,
        received: impl AsRef<str>,
        registered: impl IntoIterator<Item = T>,
    ) -> Self {
        Self {
            parameter: parameter.to_owned(),
            received: printable(received.as_ref()),
            registered: registered
                .into_iter()
                .take(MOST)
                .map(|it| printable(&it.to_string()))
                .collect(),
        }
    }

    /// Makes the mismatch of an address; `None` if it did not come, or not once.
    pub fn of_uri(parameter: &str, received: Option<&str>, registered: &[String]) -> Self {
        let received = received.map_or_else(
            || "(not exactly one)".to_owned(),
            |it| without_secrets(it, registered),
        );
        Self::new(parameter, received, registered)
    }

    /// Logs a value that was ignored because it did not fit; nothing else was refused.
    pub fn log(&self, client: &ClientId) {
        let registered = self.registered.join(" ");
        let (parameter, received) = (self.parameter.as_str(), self.received.as_str());
        let client = client.as_str();
        tracing::info!(client, parameter, received, registered, "ignored");
    }

    /// Returns the reason why an identifier names no client that may act, in words for the operator, with the
    /// mismatch.
    pub fn of_client_id(app: &App, received: &str) -> (&'static str, Self) {
        let reason = if app.registry.is_disabled(received) {
            "a disabled client"
        } else {
            "an unknown client"
        };
        // A client that mixes the two up has sent its secret in place of its identifier.
        let recorded = if app.registry.is_secret(received) {
            "[redacted: the secret of a client]"
        } else {
            received
        };
        (reason, Self::new::<&str>("client_id", recorded, []))
    }
}

/// Returns a text of limited length in printable ASCII: a character that looks like another letter shows that it is
/// not.
pub fn printable(text: &str) -> String {
    let mut plain = String::new();
    for (position, character) in text.chars().enumerate() {
        if position == LONGEST {
            plain.push_str("[...]");
            break;
        }
        match character {
            ' '..='~' => plain.push(character),
            _ => plain.extend(character.escape_unicode()),
        }
    }
    plain
}

/// Returns an address without the parts that may be secret: credentials before the host, the fragment, and values of
/// a query that no registered address has.
fn without_secrets(uri: &str, registered: &[String]) -> String {
    let (rest, fragment) = match uri.split_once('#') {
        Some((rest, _)) => (rest, "#[...]"),
        None => (uri, ""),
    };
    let (base, query) = match rest.split_once('?') {
        Some((base, query)) => (base, Some(query)),
        None => (rest, None),
    };
    let base = match base.split_once("://") {
        Some((scheme, after)) => {
            let (authority, path) = after.split_at(after.find('/').unwrap_or(after.len()));
            match authority.rsplit_once('@') {
                Some((_, host)) => format!("{scheme}://[...]@{host}{path}"),
                None => base.to_owned(),
            }
        }
        None => base.to_owned(),
    };
    let is_registered = |pair: &str| {
        let queries = registered.iter().filter_map(|it| it.split_once('?'));
        queries
            .into_iter()
            .any(|(_, query)| query.split('&').any(|it| it == pair))
    };
    let pairs = query.map(|query| {
        let redacted = query.split('&').map(|pair| match pair.split_once('=') {
            _ if is_registered(pair) => pair.to_owned(),
            Some((name, _)) => format!("{name}=[...]"),
            None if pair.is_empty() => String::new(),
            None => "[...]".to_owned(),
        });
        format!("?{}", redacted.collect::<Vec<_>>().join("&"))
    });
    format!("{base}{}{fragment}", pairs.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_recorded_without_what_may_be_a_secret() {
        // LG-3
        let registered = ["https://a.example/cb?tenant=1".to_owned()];
        for (received, recorded) in [
            ("https://a.example/cb/", "https://a.example/cb/"),
            (
                "https://a.example/cb?tenant=1&x=s3cret",
                "https://a.example/cb?tenant=1&x=[...]",
            ),
            ("https://a.example/cb?s3cret", "https://a.example/cb?[...]"),
            ("https://a.example/cb?", "https://a.example/cb?"),
            ("https://me:s3cret@a.example/cb", "https://[...]@a.example/cb"),
            ("https://me@s3cret@a.example", "https://[...]@a.example"),
            ("https://a.example/cb#token=s3cret", "https://a.example/cb#[...]"),
            ("app.example:/cb", "app.example:/cb"),
        ] {
            let mismatch = Mismatch::of_uri("redirect_uri", Some(received), &registered);
            assert_eq!(mismatch.received, recorded);
        }
    }

    #[test]
    fn what_is_recorded_is_short_and_plain() {
        // G-14
        assert_eq!(
            printable("a\u{430}\n\u{202e}\u{0}"),
            "a\\u{430}\\u{a}\\u{202e}\\u{0}"
        );
        assert_eq!(printable(&"x".repeat(5000)).len(), LONGEST + 5);
    }
}
