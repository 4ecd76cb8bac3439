//! Revocation (RFC 7009): a client gives back its own token. Revoking a refresh token ends its grant (security.md
//! UI-4). The answer is the same for tokens that do not exist or are another's.

use super::{Error, Parameters, Result, access_token};
use crate::app::App;
use crate::domain::actor::Context;
use crate::domain::client::Client;
use crate::domain::event::{Action, Event};
use crate::domain::token::{self, LONGEST_ACCESS_TOKEN, RefreshFamily};
use crate::storage::{refresh_tokens, revocations};

/// Revokes a token, and returns once that is stored: only then may the answer be 200.
pub async fn revoke(app: &App, context: &Context, client: &Client, parameters: &Parameters) -> Result<()> {
    let presented = parameters
        .get("token")
        .ok_or_else(|| Error::invalid_request("token is missing"))?;
    // RFC 7009 §2.1: token_type_hint may help to find it; here the prefix of the token is enough.
    let Some(id) = token::family_of(presented) else {
        return revoke_access_token(app, context, client, presented).await;
    };
    match refresh_tokens::find(app.db.read(), &id).await? {
        // An older token of the family ends it just as well: a client that holds one wants it to end.
        Some((family, _)) if family.client_id == client.id => end(app, context, client, &family).await,
        _ => Ok(()),
    }
}

async fn end(app: &App, context: &Context, client: &Client, family: &RefreshFamily) -> Result<()> {
    let id = &family.authorization_id;
    let ended = app.write(context, async |tx| {
        let until = tx.now() + LONGEST_ACCESS_TOKEN;
        refresh_tokens::end_authorization(tx, id, tx.now(), until).await?;
        let event = Event::new(Action::TokenRevoked, format!("authorization:{id}"))
            .because(format!("by client {}", client.id));
        tx.record(event).await
    });
    Ok(ended.await?)
}

async fn revoke_access_token(app: &App, context: &Context, client: &Client, presented: &str) -> Result<()> {
    let now = app.clock.now();
    let own =
        access_token::read(app, presented).filter(|it| it.client_id == client.id && !it.is_expired(now));
    let Some(token) = own else { return Ok(()) };
    let revoked = app.write(context, async |tx| {
        let until = tx.now() + LONGEST_ACCESS_TOKEN;
        revocations::insert_token(tx, &token.id, tx.now(), until).await?;
        let event = Event::new(Action::TokenRevoked, format!("token:{}", token.id))
            .because(format!("by client {}", client.id));
        tx.record(event).await
    });
    Ok(revoked.await?)
}
