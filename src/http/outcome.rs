//! The outcome of a POST, kept on the server for the GET that follows it, so that Back and reload repeat
//! nothing: what was typed, what is wrong with it, a message that is shown once.
//!
//! Pages keep it through `pages::render` and `pages::errors`; the address carries an opaque handle alone. It is sealed,
//! and bound to the browser, to the page and to the account that typed it. Passwords and codes are never part of it:
//! `extract::page_form` leaves them out. A client secret that was just made is, for the one page that shows it.

use std::time::Duration;

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::error::PageError;
use crate::app::App;
use crate::domain::secret::Digest;
use crate::domain::{AccountId, Time};
use crate::random;
use crate::sealed::{self, Purpose};
use crate::templates::pages::Problem;
use crate::templates::{Flash, FormState};

/// The parameter of a page's address that names the outcome to show.
pub const PARAMETER: &str = "outcome";
/// The time for which an outcome is kept: enough to log in again, with a second factor, and to find the edits as they
/// were.
const LIFETIME: Duration = Duration::from_mins(30);

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Outcome {
    /// The form to show again.
    pub form: Option<FormState>,
    /// The status of the page that shows it: 422 where a form was refused.
    pub status: Option<u16>,
    /// The time from which the same may be tried again (security.md PW-4, DS-2).
    pub wait_until: Option<Time>,
    pub flash: Option<Flash>,
    /// The error, if the page to show is that of one.
    pub error: Option<OutcomeError>,
    /// The rest of what the page shows, by a struct of its own.
    pub content: Option<serde_json::Value>,
}

impl Outcome {
    /// Returns an outcome that a page shows by a struct of its own.
    pub fn of<T: Serialize>(content: &T) -> Result<Self, PageError> {
        Ok(Self {
            content: Some(serde_json::to_value(content).map_err(PageError::internal)?),
            ..Self::default()
        })
    }

    /// Returns the form to show again, with what is wrong with it.
    pub fn refused(status: StatusCode, form: FormState) -> Self {
        Self {
            form: Some(form),
            status: Some(status.as_u16()),
            ..Self::default()
        }
    }

    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.status = Some(status.as_u16());
        self
    }
}

/// An error that a POST ended with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OutcomeError {
    pub problem: Problem,
    pub retry_after: Option<u64>,
    /// The id of the POST in logs, not of the GET that shows it.
    pub request_id: String,
}

/// The browser, page and account that an outcome is bound to.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The path of the page.
    pub path: &'a str,
    /// The value of the browser's cookie.
    pub browser: &'a str,
    /// The account that typed it; `None` if nobody was signed in.
    pub owner: Option<&'a Owner>,
}

/// An account, as forms and outcomes name it: it says nothing to a reader who does not have the account's identifier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner(pub [u8; 8]);

impl Owner {
    pub fn of(app: &App, account: &AccountId) -> Self {
        let digest = app.keys.hmac("form-owner", account.as_str().as_bytes());
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&digest[..8]);
        Self(bytes)
    }
}

#[derive(Serialize, Deserialize)]
struct Kept {
    path: String,
    browser: Digest,
    owner: Option<Owner>,
    outcome: Outcome,
}

/// Keeps the outcome and returns its handle.
pub async fn keep(app: &App, place: Place<'_>, outcome: Outcome) -> Result<String, PageError> {
    let handle = random::token();
    let kept = Kept {
        path: place.path.to_owned(),
        browser: Digest::of(place.browser.as_bytes()),
        owner: place.owner.cloned(),
        outcome,
    };
    sealed::put(app, Purpose::PostOutcome, &handle, &kept, LIFETIME).await?;
    Ok(handle)
}

/// Returns the outcome of this handle, if it is shown at this place; nothing while the store is away, as the
/// page itself needs none of it (security.md ST-1).
pub async fn find(app: &App, handle: &str, place: Place<'_>) -> Option<Outcome> {
    let kept: Kept = match sealed::get(app, Purpose::PostOutcome, handle).await {
        Ok(kept) => kept?,
        Err(error) => {
            tracing::warn!(%error, "the outcome of a POST cannot be read");
            return None;
        }
    };
    let is_here = kept.path == place.path && kept.browser.matches(place.browser);
    let is_theirs = kept.owner.is_none() || kept.owner.as_ref() == place.owner;
    (is_here && is_theirs).then_some(kept.outcome)
}
