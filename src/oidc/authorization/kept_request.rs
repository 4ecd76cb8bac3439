//! Keeps a service's request for a sign-up or a recovery beyond the lifetime of its interaction (security.md AZ-6):
//! first while the form is filled in, then in the database row of what was begun.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::interaction::{self, Interaction, client_of, key};
use crate::app::App;
use crate::domain::authorization::AuthorizationRequest;
use crate::domain::secret::Digest;
use crate::oidc::{Error, Result};
use crate::storage::ephemeral::Kind;

/// The lifetime of a kept request: as long as a sign-up may stay pending (security.md SU-5).
const LIFETIME: Duration = Duration::from_hours(24);

/// Keeps the request for a sign-up or a recovery that may begin from it, for as long as these may take: whoever
/// fills in a form for an hour still returns to the service.
pub async fn keep(app: &App, handle: &str, interaction: &Interaction) -> Result<()> {
    let content = serde_json::to_vec(interaction).map_err(Error::internal)?;
    app.ephemeral
        .put(Kind::RequestOfSignup, &key(handle), &content, LIFETIME)
        .await
        .map_err(Error::from)
}

/// Returns the request that was kept for a sign-up of this browser.
pub async fn find(app: &App, handle: &str, browser: &str) -> Result<Option<Interaction>> {
    let stored = app.ephemeral.get(Kind::RequestOfSignup, &key(handle)).await;
    let Some(stored) = stored.map_err(Error::from)? else {
        return Ok(None);
    };
    let interaction: Interaction = serde_json::from_slice(&stored).map_err(Error::internal)?;
    Ok(Some(interaction).filter(|it| it.browser.matches(browser)))
}

/// The request in the row of a pending sign-up or recovery, with the browser that it began in.
#[derive(Serialize, Deserialize)]
struct Kept {
    #[serde(flatten)]
    request: AuthorizationRequest,
    /// The browser; `None` if a release kept the request that did not write it.
    #[serde(default)]
    browser: Option<Digest>,
}

pub fn to_resume(interaction: &Interaction) -> Result<String> {
    let kept = Kept {
        request: interaction.request.clone(),
        browser: Some(interaction.browser.clone()),
    };
    serde_json::to_string(&kept).map_err(Error::internal)
}

/// The outcome of taking up a kept request.
#[derive(Debug, PartialEq, Eq)]
pub enum Reopened {
    /// The request goes on under this handle.
    Here(String),
    /// The request began in another browser, where the person may go on; nothing of it goes on here.
    Elsewhere,
    Gone,
}

/// Takes up a kept request in the browser that it began in, and in no other: a stranger could otherwise have the
/// owner of an address continue the stranger's request (security.md AZ-6, DV-3).
pub async fn reopen(app: &App, resume: &str, browser: &str) -> Result<Reopened> {
    let Ok(kept) = serde_json::from_str::<Kept>(resume) else {
        return Ok(Reopened::Gone);
    };
    if client_of(app, &kept.request).is_none() {
        return Ok(Reopened::Gone);
    }
    if kept.browser.is_some_and(|it| it.matches(browser)) {
        Ok(Reopened::Here(
            interaction::keep(app, kept.request, browser).await?,
        ))
    } else {
        Ok(Reopened::Elsewhere)
    }
}

/// Returns the languages that a kept request asks for.
pub fn ui_locales_of(resume: &str) -> Option<String> {
    serde_json::from_str::<AuthorizationRequest>(resume)
        .ok()?
        .ui_locales
}
