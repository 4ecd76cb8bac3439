//! Notifies services of a logout: by a call from here (OpenID Connect Back-Channel Logout 1.0) or through the person's
//! browser (OpenID Connect Front-Channel Logout 1.0). A client's part in a session is written when it gets its first
//! tokens of it; the end of the session itself makes those rows due (`storage::sessions::end`), whoever ends it
//! (security.md LO-3).

pub mod backchannel;
pub mod frontchannel;

use sea_orm::DbErr;

use super::{Error, Result};
use crate::app::App;
use crate::domain::authorization::Grant;
use crate::domain::client::Client;
use crate::domain::{Subject, scope};
use crate::storage::{refresh_tokens, session_clients};

/// Notes that a client, which is about to get tokens, takes part in the session of `grant`. It is notified of its end
/// if it registered an address for that. One write for each client and session.
pub async fn take_part(app: &App, client: &Client, grant: &Grant, subject: &Subject) -> Result<()> {
    let metadata = &client.metadata;
    let is_notified = metadata.backchannel_logout_uri.is_some() || metadata.frontchannel_logout_uri.is_some();
    if !is_notified || !grant.scope.contains(scope::OPENID) {
        return Ok(());
    }
    let (session, id) = (&grant.session, &client.id);
    if session_clients::exists(app.db.read(), session, id).await? {
        return Ok(());
    }
    let write = app.db.write(async |tx| {
        // The end of a session looks for the clients of the session afterwards: while it is held here, it cannot end
        // unnoticed.
        if !refresh_tokens::hold_session(tx, session).await? {
            return Ok(false);
        }
        session_clients::insert(tx, session, id, &grant.sid, subject).await?;
        Ok::<_, DbErr>(true)
    });
    if write.await? {
        Ok(())
    } else {
        Err(Error::unusable_grant("its session has ended"))
    }
}
