//! A service's request, kept for a sign-up or a recovery beyond the life of its interaction (security.md AZ-6): first
//! while the form is filled in, then in the database row of what was begun.

use std::time::Duration;

use super::interaction::{Interaction, key};
use crate::app::App;
use crate::domain::authorization::AuthorizationRequest;
use crate::oidc::{Error, Result};
use crate::storage::ephemeral::Kind;

/// As long as a sign-up may stay pending (security.md SU-5).
const LIFETIME: Duration = Duration::from_hours(24);

/// Keeps the request for a sign-up or a recovery that may begin from it, for as long as these may take: whoever
/// fills in a form for an hour still returns to the service.
pub async fn keep(app: &App, handle: &str, interaction: &Interaction) -> Result<()> {
    let content = serde_json::to_vec(interaction).map_err(Error::internal)?;
    app.ephemeral
        .put(Kind::RequestOfSignup, &key(handle), &content, LIFETIME)
        .await
        .map_err(Error::internal)
}

/// Returns the request that was kept for a sign-up of this browser.
pub async fn find(app: &App, handle: &str, browser: &str) -> Result<Option<AuthorizationRequest>> {
    let stored = app.ephemeral.get(Kind::RequestOfSignup, &key(handle)).await;
    let Some(stored) = stored.map_err(Error::internal)? else {
        return Ok(None);
    };
    let interaction: Interaction = serde_json::from_slice(&stored).map_err(Error::internal)?;
    Ok(Some(interaction.request).filter(|_| interaction.browser.matches(browser)))
}

/// The languages that a kept request asks for.
pub fn ui_locales_of(resume: &str) -> Option<String> {
    serde_json::from_str::<AuthorizationRequest>(resume)
        .ok()?
        .ui_locales
}
