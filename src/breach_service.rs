//! Asks a breach service of the operator's choice whether a password is in its lists, by the k-anonymity range
//! interface that *Have I Been Pwned* made common: the service learns the first five hexadecimal digits of the SHA-1, and
//! answers with the rest of every entry that begins so. It pads the answer, so that its length tells no eavesdropper
//! which digits were asked for. Off by default.
//!
//! A service that fails or is slow lets every password pass, for the list that the program contains was asked before.
//! Each such case is logged with the number of those since the start.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use reqwest::header::HeaderName;
use sha1::{Digest as _, Sha1};

use crate::domain::password::Password;
use crate::fetch::{Bounds, Fetch};

/// A range of the largest public service has some 2,000 entries of 40 bytes.
const BOUNDS: Bounds = Bounds {
    time: Duration::from_millis(500),
    bytes: 512 * 1024,
};

/// The digits that leave the house.
const PREFIX: usize = 5;

#[derive(Clone, Debug)]
pub struct BreachService(Option<Arc<Service>>);

#[derive(Debug)]
struct Service {
    fetch: Fetch,
    url: String,
    outages: AtomicU64,
}

impl BreachService {
    /// Without an address nothing is asked.
    pub fn new(fetch: Fetch, url: Option<&str>) -> Self {
        Self(url.map(|it| {
            Arc::new(Service {
                fetch,
                url: it.to_owned(),
                outages: AtomicU64::new(0),
            })
        }))
    }

    /// Returns `true` if the service has the password. An outage is counted, and is no reason to refuse one.
    pub async fn has(&self, password: &Password) -> bool {
        let Some(service) = &self.0 else {
            return false;
        };
        let digest = base16ct::upper::encode_string(&Sha1::digest(password.expose().as_bytes()));
        let (prefix, rest) = digest.split_at(PREFIX);
        let headers = [
            (HeaderName::from_static("add-padding"), "true"),
            (reqwest::header::ACCEPT, "text/plain"),
        ];
        let address = format!("{}{prefix}", service.url);
        match service.fetch.get_within(&address, &headers, BOUNDS).await {
            Ok(answer) => lists(&answer.body, rest),
            Err(error) => {
                let outages = service.outages.fetch_add(1, Ordering::Relaxed) + 1;
                tracing::warn!(outages, %error, "the breach service was not asked about a new password");
                false
            }
        }
    }

    /// Returns how often the service did not answer since the start.
    pub fn outages(&self) -> u64 {
        self.0.as_ref().map_or(0, |it| it.outages.load(Ordering::Relaxed))
    }
}

/// Returns `true` if a line of the answer, `REST:COUNT`, has the rest of the digest. Padding has a count of 0.
fn lists(answer: &[u8], rest: &str) -> bool {
    answer.split(|it| *it == b'\n').any(|line| {
        let line = line.trim_ascii();
        let found = line.split_at_checked(rest.len());
        found.is_some_and(|(entry, count)| {
            entry.eq_ignore_ascii_case(rest.as_bytes()) && count.starts_with(b":") && count != b":0"
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_the_whole_rest_with_a_count() {
        let rest = &base16ct::upper::encode_string(&Sha1::digest(b"abc"))[PREFIX..];
        assert_eq!(rest, "E364706816ABA3E25717850C26C9CD0D89D"); // FIPS 180-4, the example "abc"
        let answer = |line: &str| format!("0018A45C4D1DEF81644B54AB7F969B88D65:10\r\n{line}\r\n");
        for hit in [format!("{rest}:1"), format!("{}:120", rest.to_lowercase())] {
            assert!(lists(answer(&hit).as_bytes(), rest), "{hit}");
        }
        for miss in [
            format!("{rest}:0"),
            rest.to_owned(),
            format!("{}1:1", &rest[..34]),
            "<html>".into(),
        ] {
            assert!(!lists(answer(&miss).as_bytes(), rest), "{miss}");
        }
    }
}
