//! Makes and reads the cookie of a browser that logged in before (security.md PW-4, LG-4). The cookie grants nothing:
//! it chooses the counter of failures, and spares its owner the mail about a new browser.

use serde::{Deserialize, Serialize};

use super::{Error, Result};
use crate::app::App;
use crate::domain::Time;
use crate::domain::account::EmailKey;
use crate::random;

const KIND: &str = "known-browser";
/// The most accounts for which one browser is remembered: the cookie stays far below 4096 bytes.
const MOST: usize = 10;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct KnownBrowser {
    id: String,
    /// Labels of account keys, each with the second until which it holds; the newest first.
    accounts: Vec<(String, i64)>,
}

impl KnownBrowser {
    /// Opens the cookie. Returns `None` if it is not one of ours.
    pub(super) fn open(app: &App, cookie: Option<&str>) -> Option<Self> {
        let cookie = cookie.filter(|it| it.len() <= 4096)?;
        serde_json::from_slice(&app.keys.open(KIND, cookie)?).ok()
    }

    /// Returns the browser's name in counters, if it logged in to this account within 90 days.
    pub(super) fn id_for(&self, app: &App, label: &str) -> Option<&str> {
        let now = app.clock.now().timestamp();
        let known = self
            .accounts
            .iter()
            .any(|(it, until)| it == label && *until > now);
        known.then_some(self.id.as_str())
    }

    /// Returns the time at which this browser logged in to the account last, if it is known to it.
    pub(super) fn last_login(&self, app: &App, label: &str) -> Option<Time> {
        self.id_for(app, label)?;
        let (_, until) = self.accounts.iter().find(|(it, _)| it == label)?;
        chrono::DateTime::from_timestamp(until - lifetime(app), 0)
    }
}

fn lifetime(app: &App) -> i64 {
    i64::try_from(app.config.sessions.known_browser.as_secs()).unwrap_or(0)
}

/// Returns the name of an account key in cookies and counters.
pub(super) fn label(app: &App, key: &EmailKey) -> String {
    base16ct::lower::encode_string(&app.keys.hmac("login", key.as_str().as_bytes())[..16])
}

/// Makes the cookie of a browser after a login or a sign-up of `key`, for the door to set.
pub fn cookie(app: &App, key: &EmailKey, current: Option<&str>) -> Result<String> {
    let label = label(app, key);
    let now = app.clock.now().timestamp();
    let lifetime = lifetime(app);
    let mut browser = KnownBrowser::open(app, current).unwrap_or_else(|| KnownBrowser {
        id: random::id(),
        accounts: Vec::new(),
    });
    browser
        .accounts
        .retain(|(other, until)| *other != label && *until > now);
    browser.accounts.insert(0, (label, now + lifetime));
    browser.accounts.truncate(MOST);
    let text = serde_json::to_vec(&browser).map_err(Error::failed)?;
    app.keys.seal(KIND, &text).map_err(Error::failed)
}
