//! Userinfo (OpenID Connect Core §5.3): the claims of the scopes that were granted, as of now
//! (security.md UI-1, UI-2), as JSON, signed, encrypted, or both.

use serde_json::Value;

use super::resource::{self, Holder, PresentedToken};
use super::{Error, Result, claims, client_keys, subject};
use crate::app::App;
use crate::domain::scope;
use crate::jose::jwe::Content;

pub enum Userinfo {
    Json(Value),
    /// The body of an `application/jwt` answer.
    Jwt(String),
}

/// Answers with the claims. A refusal names the client of the token for the log, if the token can be read.
pub async fn answer(app: &App, presented: PresentedToken<'_>) -> Result<Userinfo> {
    let Holder {
        token,
        client,
        account,
    } = resource::admit(app, &presented, app.config.issuer.as_str(), &[]).await?;
    // Core §5.3.1: the token is one of an OpenID Connect authentication.
    let Some(account) = account.filter(|_| token.scope.contains(scope::OPENID)) else {
        return Err(Error::insufficient_scope(
            "The access token was not granted openid",
        ));
    };
    let names = claims::for_userinfo(&token.scope, &token.claims);
    let mut all = claims::values(app.db.read(), &names, &account).await?;
    let subject = subject::for_client(app, &client, &account.sub);
    all.insert("sub".into(), subject.as_str().into());
    let encryption = client.metadata.userinfo_encryption();
    let Some(alg) = client.metadata.userinfo_signed_response_alg else {
        let Some(how) = encryption else {
            return Ok(Userinfo::Json(Value::Object(all)));
        };
        let json = Value::Object(all).to_string();
        let content = Content::Claims(json.as_bytes());
        return Ok(Userinfo::Jwt(
            client_keys::encrypt(app, &client, content, how).await?,
        ));
    };
    // Core §5.3.2: a signed answer states who made it and for whom. It has no nonce.
    all.insert("iss".into(), app.config.issuer.as_str().into());
    all.insert("aud".into(), client.id.as_str().into());
    let signed = app
        .keys
        .sign(alg, "JWT", &Value::Object(all))
        .map_err(Error::internal)?;
    Ok(Userinfo::Jwt(match encryption {
        Some(how) => client_keys::encrypt(app, &client, Content::Jws(&signed), how).await?,
        None => signed,
    }))
}
