//! Families of refresh tokens: how one begins, and until when it rests (security.md TK-5). `redeem` begins a family;
//! `refresh_token` rotates its tokens.

use sea_orm::DbErr;

use crate::app::App;
use crate::domain::authorization::Grant;
use crate::domain::client::Client;
use crate::domain::secret::Digest;
use crate::domain::token::{self, Confirmation, RefreshFamily};
use crate::domain::{RefreshFamilyId, Time};
use crate::oidc::{Error, Result};
use crate::random;
use crate::storage::refresh_tokens;

/// Starts a family and gives its first token. A public client's is bound to the key or certificate that was verified; a
/// confidential client authenticates, and may change its key or certificate (RFC 9449 §5, RFC 8705 §6.2).
pub async fn begin(
    app: &App,
    client: &Client,
    grant: &Grant,
    bound_to: Option<&Confirmation>,
) -> Result<String> {
    let now = app.clock.now();
    let id = RefreshFamilyId::new(random::id());
    let token = token::refresh_token(&id, &random::token());
    let expires_at = now + app.config.tokens.refresh_absolute;
    let family = RefreshFamily {
        id,
        authorization_id: grant.authorization_id.clone(),
        account: grant.account.clone(),
        client_id: grant.client_id.clone(),
        session: grant.session.clone(),
        current: Digest::of(token.as_bytes()),
        previous: None,
        rotated_at: None,
        idle_until: idle_end(app, now, expires_at),
        expires_at,
    };
    let grant = Grant {
        bound_to: bound_to.filter(|_| client.is_public()).cloned(),
        ..grant.clone()
    };
    let content = serde_json::to_string(&grant).map_err(Error::internal)?;
    let write = app.db.write(async |tx| {
        // The end of a session ends its refresh tokens afterwards: while it is held here, the session cannot end
        // between the look at it and the insertion.
        if !refresh_tokens::hold_session(tx, &grant.session).await? {
            return Ok(false);
        }
        refresh_tokens::insert(tx, &family, content.clone(), now).await?;
        Ok::<_, DbErr>(true)
    });
    if !write.await? {
        return Err(Error::unusable_grant("its session has ended"));
    }
    Ok(token)
}

/// Returns until when a family may rest that is used now.
pub fn idle_end(app: &App, now: Time, expires_at: Time) -> Time {
    (now + app.config.tokens.refresh_idle).min(expires_at)
}
