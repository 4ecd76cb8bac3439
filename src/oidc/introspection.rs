//! Introspection (RFC 7662): states the value of a token now, for the clients that it concerns; about every other token
//! the answer is the same `active: false` (security.md UI-3).

use serde_json::{Map, Value, json};

use super::access_token::{self, Holder, Validity};
use super::{Error, Parameters, Result, claims, consent, subject};
use crate::app::App;
use crate::domain::Subject;
use crate::domain::authorization::Grant;
use crate::domain::client::Client;
use crate::domain::secret::Digest;
use crate::domain::token::{self, RefreshTokenState};
use crate::oidc::token::standing_of_grant;
use crate::storage::refresh_tokens;

/// Returns the JSON of the answer.
pub async fn answer(app: &App, client: &Client, parameters: &Parameters) -> Result<Value> {
    if client.is_public() {
        // RFC 7662 §4: without this, anybody could try tokens out.
        return Err(Error::unauthenticated("a public client at introspection"));
    }
    let presented = parameters
        .get("token")
        .ok_or_else(|| Error::invalid_request("token is missing"))?;
    let found = match token::family_of(presented) {
        Some(_) => refresh_token(app, client, presented).await?,
        None => access_token(app, client, presented).await?,
    };
    Ok(found.map_or_else(|| json!({"active": false}), Value::Object))
}

async fn access_token(app: &App, client: &Client, presented: &str) -> Result<Option<Map<String, Value>>> {
    let Validity::Valid(holder) = access_token::validate(app, presented).await? else {
        return Ok(None);
    };
    let Holder {
        token,
        account,
        client: holder,
    } = *holder;
    let itself = &client.settings.protected_resources;
    let concerned = token.client_id == client.id
        || token.audience.iter().any(|it| itself.contains(it))
        || client.settings.introspect_all;
    if !concerned {
        return Ok(None);
    }
    let mut all = match &account {
        Some(account) => claims::values(app.db.read(), &claims::for_resources(&token.scope), account).await?,
        None => Map::new(),
    };
    let issuer = app.config.issuer.as_str();
    all.insert("active".into(), true.into());
    all.insert("token_type".into(), token.token_type().into());
    if let Some(authentication) = &token.authentication {
        access_token::state_authentication(&mut all, authentication); // RFC 9470 §6.2
    }
    if let Some(confirmation) = &token.confirmation {
        all.insert("cnf".into(), json!(confirmation)); // RFC 9449 §6.2, RFC 8705 §3.2
    }
    all.insert("iss".into(), issuer.into());
    all.insert("client_id".into(), token.client_id.as_str().into());
    // Core §8.1: the answer names the person by the `sub` of the token's own client, so that nobody learns another
    // name.
    let subject = token
        .subject
        .as_ref()
        .map(|it| subject::for_client(app, &holder, it));
    let subject = subject.as_ref().map_or(token.client_id.as_str(), Subject::as_str);
    all.insert("sub".into(), subject.into());
    all.insert(
        "aud".into(),
        match token.audience.as_slice() {
            [] => issuer.into(),
            many => many.into(),
        },
    );
    all.insert("scope".into(), token.scope.to_string().into());
    if !token.details.is_empty() {
        // RFC 9396 §9.2: a resource that is one of several learns what concerns it.
        let details = if client.id == token.client_id || client.settings.introspect_all {
            token.details.clone()
        } else {
            token.details.at(itself)
        };
        all.insert("authorization_details".into(), json!(details));
    }
    if let Some(actor) = &token.actor {
        all.insert("act".into(), json!(actor)); // RFC 8693 §4.1
    }
    all.insert("jti".into(), token.id.as_str().into());
    all.insert("iat".into(), token.issued_at.into());
    all.insert("exp".into(), token.expires_at.into());
    Ok(Some(all))
}

/// Answers about a refresh token of the client itself, and about no other's.
async fn refresh_token(app: &App, client: &Client, presented: &str) -> Result<Option<Map<String, Value>>> {
    let (db, now) = (app.db.read(), app.clock.now());
    let Some(id) = token::family_of(presented) else {
        return Ok(None);
    };
    let Some((family, content)) = refresh_tokens::find(db, &id).await? else {
        return Ok(None);
    };
    let current = family.judge(&Digest::of(presented.as_bytes()), now) == RefreshTokenState::Current;
    if family.client_id != client.id || !current {
        return Ok(None);
    }
    let grant: Grant = serde_json::from_str(&content).map_err(Error::internal)?;
    let Some(account) = standing_of_grant(db, &grant).await? else {
        return Ok(None);
    };
    let asked = (&grant.scope, &grant.claims);
    let in_force = consent::claims_in_force(db, client, &account.id, asked, grant.granted_at).await?;
    if in_force.is_none() {
        return Ok(None);
    }
    let Value::Object(all) = json!({
        "active": true,
        "token_type": "refresh_token",
        "iss": app.config.issuer.as_str(),
        "client_id": client.id,
        "sub": subject::for_client(app, client, &account.sub),
        "scope": grant.scope.limited_to(client.scope()),
        "exp": family.idle_until.min(family.expires_at).timestamp(),
    }) else {
        return Ok(None);
    };
    Ok(Some(all))
}
