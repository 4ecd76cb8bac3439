//! What a client names beyond itself and we look at before it counts: the list behind its
//! `sector_identifier_uri`, and whether its keys can be fetched and its logouts told at all (OpenID Connect
//! Dynamic Client Registration §5; security.md DR-3).

use super::{ClientError, Problem};
use crate::app::App;
use crate::domain::client::Metadata;

/// `before`: as it was; what has not changed since is not asked again.
pub async fn check(app: &App, it: &Metadata, before: Option<&Metadata>) -> Result<(), ClientError> {
    let mut problems = Vec::new();
    let mut wrong = |member: &str, reason: String| {
        problems.push(Problem {
            member: member.to_owned(),
            reason,
        });
    };
    for (member, address, known) in [
        ("jwks_uri", &it.jwks_uri, before.map(|it| &it.jwks_uri)),
        (
            "backchannel_logout_uri",
            &it.backchannel_logout_uri,
            before.map(|it| &it.backchannel_logout_uri),
        ),
    ] {
        if let Some(new) = address
            && known != Some(address)
            && let Err(error) = app.fetch.check(new)
        {
            wrong(member, error.to_string());
        }
    }
    let is_new = |before: &Metadata| {
        before.sector_identifier_uri != it.sector_identifier_uri || before.redirect_uris != it.redirect_uris
    };
    if let Some(address) = &it.sector_identifier_uri
        && before.is_none_or(is_new)
        && let Err(reason) = lists_all(app, address, &it.redirect_uris).await
    {
        wrong("sector_identifier_uri", reason);
    }
    match problems.is_empty() {
        true => Ok(()),
        false => Err(ClientError::Invalid(problems)),
    }
}

/// §5: whoever owns the address says which redirect URIs are of its sector.
async fn lists_all(app: &App, address: &str, redirect_uris: &[String]) -> Result<(), String> {
    let fetched = app.fetch.get(address, "application/json").await;
    let fetched = fetched.map_err(|it| it.to_string())?;
    let listed: Vec<String> = serde_json::from_slice(&fetched.body)
        .map_err(|_| "what is there is not a JSON array of strings".to_owned())?;
    match redirect_uris.iter().find(|it| !listed.contains(it)) {
        Some(missing) => Err(format!("what is there does not list {missing}")),
        None => Ok(()),
    }
}
