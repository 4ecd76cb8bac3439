//! Checks the sector of a client with pairwise subjects, and the list behind its `sector_identifier_uri` (OpenID Connect
//! Core §8.1, Dynamic Client Registration §5).

use super::problem::Problems;
use crate::app::App;
use crate::domain::client::{Metadata, SubjectType};

pub(super) fn check(problems: &mut Problems, metadata: &Metadata) {
    problems.unless(
        metadata.subject_type == SubjectType::Public || metadata.sector().is_some(),
        "sector_identifier_uri",
        "is missing; pairwise names need it when the redirect URIs have several hosts, or none",
    );
}

/// Fetches the list. §5: the owner of the address says which redirect URIs are of its sector.
pub(super) async fn lists_all(app: &App, address: &str, redirect_uris: &[String]) -> Result<(), String> {
    let fetched = app.fetch.get(address, "application/json").await;
    let fetched = fetched.map_err(|it| it.to_string())?;
    let listed: Vec<String> = serde_json::from_slice(&fetched.body)
        .map_err(|_| "what is there is not a JSON array of strings".to_owned())?;
    match redirect_uris.iter().find(|it| !listed.contains(it)) {
        Some(missing) => Err(format!("what is there does not list {missing}")),
        None => Ok(()),
    }
}
