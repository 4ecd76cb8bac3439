//! `refresh_token` (RFC 6749 §6, RFC 9700 §4.14.2): rotated at every use, but for clients whose profile keeps it; a
//! rotated one that is presented again gets the same successor within seconds, and later ends its family (security.md
//! TK-5). The rights of the person are read again each time (G-10).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::audience::Audience;
use super::issue::Authorized;
use super::{refresh_family, scope, subject};
use crate::app::App;
use crate::domain::RefreshFamilyId;
use crate::domain::actor::Context;
use crate::domain::authorization::Grant;
use crate::domain::client::Client;
use crate::domain::event::{Action, Event};
use crate::domain::secret::Digest;
use crate::domain::token::{self, Confirmation, LONGEST_ACCESS_TOKEN, RefreshFamily, RefreshTokenState};
use crate::oidc::{Error, Parameters, Result};
use crate::storage::refresh_tokens::{self, Rotation};

/// Redeems a refresh token and replaces it by its successor. A FAPI client keeps the token that it has (TK-5).
pub async fn rotate(
    app: &App,
    context: &Context,
    client: &Client,
    parameters: &Parameters,
    bound_to: Option<Confirmation>,
) -> Result<Authorized> {
    let presented = parameters.required("refresh_token")?;
    let id = token::family_of(presented).ok_or_else(|| Error::unusable_grant("not a refresh token"))?;
    let found = refresh_tokens::find(app.db.read(), &id).await?;
    let (family, content) = found.ok_or_else(|| Error::unusable_grant("an unknown or ended family"))?;
    if family.client_id != client.id {
        return Err(Error::unusable_grant("another client's refresh token"));
    }
    let (now, digest) = (app.clock.now(), Digest::of(presented.as_bytes()));
    let successor = client
        .rotates_refresh_tokens()
        .then(|| successor_of(app, &family.id, presented));
    let to = successor.as_deref().map(|it| Digest::of(it.as_bytes()));
    let is_repeated = match family.judge(&digest, now) {
        RefreshTokenState::Current => false,
        RefreshTokenState::JustRotated => true,
        RefreshTokenState::Expired => return Err(Error::unusable_grant("an expired refresh token")),
        RefreshTokenState::Reused => return Err(reused(app, context, &family).await?),
    };
    let grant: Grant = serde_json::from_str(&content).map_err(Error::internal)?;
    if grant.bound_to.is_some() && grant.bound_to != bound_to {
        return Err(Error::unusable_grant(
            "another key or certificate than the refresh token is bound to",
        ));
    }
    let audience = Audience::requested(app, client, &grant, parameters)?;
    // RFC 9700 §2.2.2: what is stolen from a public client, anybody could present again.
    let may_ask_again = !client.is_public() || grant.bound_to.is_some();
    // contract.md: the policy is checked before the rotation, so that a person whom it refuses now keeps the token for
    // later.
    let (account, grant) = subject::of_grant(app, client, grant, subject::Session::Optional).await?;
    let scope = scope::in_force(client, &grant, &account)?;
    let scope = scope::narrowed(&scope, parameters.get("scope"))?;

    let idle_until = refresh_family::idle_end(app, now, family.expires_at);
    let won = match &to {
        _ if is_repeated => false,
        Some(to) => {
            let rotation = Rotation {
                family: &family.id,
                from: &digest,
                to,
                at: now,
                idle_until,
            };
            refresh_tokens::rotate(&app.db, &rotation).await?
        }
        None => refresh_tokens::keep(&app.db, &family.id, &digest, idle_until).await?,
    };
    if !won {
        // security.md G-8: the token was rotated a moment ago, in parallel with this use or before it, or has ended.
        let found = refresh_tokens::find(app.db.read(), &family.id).await?;
        let is_answered_again = found.is_some_and(|(family, _)| {
            family.judge(&digest, now) == RefreshTokenState::JustRotated && Some(family.current) == to
        });
        if !may_ask_again || !is_answered_again {
            return Err(Error::unusable_grant(
                "a refresh token that is not the current one any more",
            ));
        }
    }
    Ok(Authorized {
        scope,
        // OpenID Connect Core §12.2: an ID token of a refresh should have none.
        nonce: None,
        grant,
        account,
        refresh_token: successor,
        bound_to,
        audience,
    })
}

/// Returns the token that replaces this one. It follows from it, by a key that nobody else has: a client whose answer was
/// lost asks again within seconds, and gets the same one, from whichever process of ours, though no token is stored (TK-5).
fn successor_of(app: &App, family: &RefreshFamilyId, presented: &str) -> String {
    let secret = app.keys.hmac("refresh token", presented.as_bytes());
    token::refresh_token(family, &URL_SAFE_NO_PAD.encode(secret))
}

/// Ends the family, and every token of it: two parties hold the token, whichever is the thief.
async fn reused(app: &App, context: &Context, family: &RefreshFamily) -> Result<Error> {
    let id = &family.authorization_id;
    let ended = app.write(context, async |tx| {
        let until = tx.now() + LONGEST_ACCESS_TOKEN;
        refresh_tokens::end_authorization(tx, id, tx.now(), until).await?;
        let event = Event::new(Action::RefreshTokenReused, format!("account:{}", family.account))
            .failed(format!("authorization {id} of client {}", family.client_id));
        tx.record(event).await
    });
    ended.await?;
    Ok(Error::unusable_grant("a refresh token that was used before"))
}
