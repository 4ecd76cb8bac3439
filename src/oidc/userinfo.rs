//! Userinfo (OpenID Connect Core §5.3): the claims of the scopes that were granted, as of now
//! (security.md UI-1, UI-2), as JSON, signed, encrypted, or both.

use serde_json::Value;

use super::access_token::{self, Holder};
use super::client_authentication::scheme_of;
use super::sender_constraint::{self, PresentedProof};
use super::{Error, Result, claims, client_keys, dpop, subject};
use crate::app::App;
use crate::domain::scope;
use crate::jose::jwe::Content;

/// The places where a request may present its token (RFC 6750 §2).
#[derive(Clone, Debug, Default)]
pub struct PresentedToken<'a> {
    /// The `Authorization` header as it came.
    pub authorization: Option<&'a str>,
    /// The `access_token` of a form body.
    pub body: Option<&'a str>,
    /// `true` if the query has an `access_token`.
    pub in_query: bool,
    /// Proves that a bound token is presented by its holder (RFC 9449 §7, RFC 8705 §3).
    pub proof: PresentedProof,
}

impl<'a> PresentedToken<'a> {
    /// Returns the scheme in lower case and the token. UI-1: a token comes in one place, and never in the query,
    /// where logs would keep it.
    pub fn token(&self) -> Result<(String, &'a str)> {
        if self.in_query {
            return Err(Error::invalid_request(
                "An access token must not be sent in the query",
            ));
        }
        let header = self.authorization.and_then(scheme_of);
        let header =
            header.filter(|(scheme, _)| scheme == "bearer" || scheme.eq_ignore_ascii_case(dpop::SCHEME));
        match (header, self.body) {
            (Some(_), Some(_)) => Err(Error::invalid_request("An access token is sent in one place")),
            (Some(found), None) => Ok(found),
            (None, Some(token)) => Ok(("bearer".to_owned(), token)),
            (None, None) => Err(Error::missing_token()),
        }
    }
}

pub enum Userinfo {
    Json(Value),
    /// The body of an `application/jwt` answer.
    Jwt(String),
}

/// Answers with the claims. A refusal names the client of the token for the log, if the token can be read.
pub async fn answer(app: &App, presented: PresentedToken<'_>) -> Result<Userinfo> {
    let token = presented.token().ok().map(|(_, token)| token.to_owned());
    let answer = claims_for(app, presented).await;
    answer.map_err(|error| match token.and_then(|it| access_token::read(app, &it)) {
        Some(token) => error.of_client(&token.client_id),
        None => error,
    })
}

async fn claims_for(app: &App, presented: PresentedToken<'_>) -> Result<Userinfo> {
    let Holder {
        token,
        client,
        account,
    } = {
        let (scheme, presented_token) = presented.token()?;
        let validity = access_token::validate(app, presented_token).await?;
        let holder = validity.holder_or(Error::unusable_token)?;
        if !holder.token.is_for(app.config.issuer.as_str()) {
            return Err(Error::unusable_token("an access token for another resource"));
        }
        let confirmation = holder.token.confirmation.as_ref();
        sender_constraint::admit(app, &presented.proof, &scheme, presented_token, confirmation).await?;
        holder
    };
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oidc::Code;

    #[test]
    fn a_token_comes_in_one_place() {
        let token = |authorization, body, in_query| {
            PresentedToken {
                authorization,
                body,
                in_query,
                proof: PresentedProof::default(),
            }
            .token()
            .map(|(_, token)| token)
            .map_err(|it| (it.code(), it.is_bare()))
        };
        assert_eq!(token(Some("Bearer x"), None, false), Ok("x"));
        assert_eq!(token(Some("bEARER x"), None, false), Ok("x")); // RFC 9110 §11.1
        assert_eq!(token(Some("dPoP x"), None, false), Ok("x"));
        assert_eq!(token(None, Some("x"), false), Ok("x"));
        assert_eq!(
            token(Some("Bearer x"), Some("x"), false),
            Err((Code::InvalidRequest, false))
        ); // UI-1
        assert_eq!(
            token(Some("Bearer x"), None, true),
            Err((Code::InvalidRequest, false))
        );
        assert_eq!(token(None, None, false), Err((Code::InvalidToken, true))); // RFC 6750 §3.1
        assert_eq!(
            token(Some("Basic x"), None, false),
            Err((Code::InvalidToken, true))
        );
    }
}
