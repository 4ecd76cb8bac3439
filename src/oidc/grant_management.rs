//! The grant management endpoint (Grant Management for OAuth 2.0 §6): a client asks what a person has granted to it, and
//! gives it back. Grants begin and change by authorization requests (`consent`). The tokens of a grant are never shown.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::resource::Holder;
use super::{Error, Result, consent};
use crate::app::App;
use crate::domain::actor::Context;
use crate::domain::authorization::Consent;
use crate::domain::claim;
use crate::domain::grant_management::GrantId;
use crate::storage::consents;

/// The actions that metadata announces (Grant Management §7.1).
pub const ACTIONS: [&str; 5] = ["query", "revoke", "create", "merge", "replace"];

/// Returns what the person has granted, as of now. The token of `holder` has the scope for it.
pub async fn query(app: &App, holder: &Holder, id: &GrantId) -> Result<Value> {
    let consent = grant_of(app, holder, id).await?;
    let by_scope = claim::BY_SCOPE
        .iter()
        .filter(|(scope, _)| consent.scope.contains(scope))
        .flat_map(|(_, names)| names.iter().copied());
    let claims: BTreeSet<&str> = by_scope
        .chain(consent.claims.iter().map(String::as_str))
        .collect();
    // Details of requests (RFC 9396) are agreed to each time again: a grant has none.
    Ok(json!({
        "scopes": [{ "scope": consent.scope.to_string() }],
        "claims": claims,
        "created_at": consent.first_given_at.timestamp(),
        "last_updated": consent.given_at.timestamp(),
        "updated_by": "client",
    }))
}

/// Ends the grant with all its tokens, as its person would. Returns once that is stored. The token of `holder` has the scope
/// for it.
pub async fn revoke(app: &App, context: &Context, holder: &Holder, id: &GrantId) -> Result<()> {
    let consent = grant_of(app, holder, id).await?;
    if consent::withdraw(app, context, &consent.account, &consent.client_id).await? {
        Ok(())
    } else {
        Err(unknown()) // its person was faster
    }
}

/// Finds a grant of the client that presents the token. Another client's is unknown to it (security.md G-4).
async fn grant_of(app: &App, holder: &Holder, id: &GrantId) -> Result<Consent> {
    let client = &holder.client.id;
    // Grant Management §5.1: for confidential clients only.
    if holder.client.is_public() {
        return Err(Error::insufficient_scope("A public client manages no grants").of_client(client));
    }
    let found = consents::find_by_grant(app.db.read(), id).await?;
    found
        .filter(|it| it.client_id == *client)
        .ok_or_else(|| unknown().of_client(client))
}

fn unknown() -> Error {
    Error::invalid_grant_id("There is no such grant")
}
