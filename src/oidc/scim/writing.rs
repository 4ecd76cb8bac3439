//! Writes users: `active`, which suspends an account and lifts the suspension. The room that suspends decides whether the
//! client may, and records it.

use serde_json::Value;

use super::error::{Error, Result};
use super::patch;
use super::reader::Reader;
use super::users;
use crate::accounts::{self, suspension};
use crate::app::App;
use crate::domain::actor::Context;
use crate::oidc;

/// What a request to write carries.
pub struct Change<'a> {
    pub id: &'a str,
    pub body: &'a Value,
    /// `true` for a whole resource (PUT).
    pub is_whole: bool,
    /// The versions of which the resource must be one (RFC 7644 §3.14).
    pub if_match: Option<&'a str>,
}

/// Changes a user and returns the resource as it is then.
pub async fn change(app: &App, context: &Context, reader: &Reader, change: &Change<'_>) -> Result<Value> {
    if !reader.writes {
        return Err(Error::new(
            403,
            "The access token is not for writing: its scope lacks scim",
        ));
    }
    let (user, account) = users::find(app, reader, change.id).await?;
    if change.if_match.is_some_and(|it| !is_among(it, &user)) {
        return Err(Error::new(412, "The resource has changed since it was read"));
    }
    let wanted = if change.is_whole {
        patch::of_put(change.body)?
    } else {
        patch::of_patch(change.body)?
    };
    let is_active = user["active"].as_bool() == Some(true);
    let Some(wanted) = wanted.filter(|it| *it != is_active) else {
        return Ok(user);
    };
    if !reader.suspends {
        let detail = "active is changed by clients with the power over accounts (scope admin:accounts) alone";
        return Err(Error::new(403, detail));
    }
    let done = if wanted {
        suspension::lift(app, context, &account.id).await
    } else {
        let reason = format!("{} (SCIM)", reader.client.name());
        suspension::suspend(app, context, &account.id, &reason).await
    };
    done.map_err(refused)?;
    let (user, _) = users::find(app, reader, change.id).await?;
    Ok(user)
}

/// Returns `true` if the header names the version of the resource, or any. Versions are weak, and compared so.
pub fn is_among(header: &str, resource: &Value) -> bool {
    let own = resource["meta"]["version"].as_str().unwrap_or_default();
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    header.trim() == "*" || header.split(',').any(|it| opaque(it) == opaque(own))
}

fn refused(error: accounts::Error) -> Error {
    use accounts::Error as Refused;
    match error {
        Refused::NotFound
        | Refused::NotTheirs
        | Refused::ReauthenticationNeeded
        | Refused::SecondFactorRequired => Error::new(403, "The client may not do that with this account"),
        Refused::LastAdministrator => Error::new(403, "The account is that of the last administrator"),
        Refused::Conflict => Error::new(409, "The account has changed meanwhile, or its person deletes it"),
        Refused::Storage(error) => error.into(),
        Refused::Busy | Refused::Throttled { .. } => {
            oidc::Error::temporarily_unavailable("The server is busy; try again").into()
        }
        other => oidc::Error::internal(std::io::Error::other(other.to_string())).into(),
    }
}
