//! The one mint: what was authorized becomes an access token and, with `openid`, an ID token
//! (OpenID Connect Core §2, §3.1.3.3, §3.2.2.5, §3.3.2.5). Writes nothing.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256, Sha512};

use super::audience::Audience;
use super::response::{ACCESS_TOKEN_TYPE, TokenResponse};
use crate::app::App;
use crate::domain::account::Account;
use crate::domain::authorization::Grant;
use crate::domain::authorization_details::AuthorizationDetails;
use crate::domain::claim::ClaimsRequest;
use crate::domain::client::{Client, ResponseType, SigningAlg};
use crate::domain::scope::{self, Scope};
use crate::domain::token::{AccessToken, Confirmation};
use crate::domain::{Sid, Time, TokenId};
use crate::jose::jwe::Content;
use crate::oidc::{Error, Result, access_token, claims, client_keys, subject};
use crate::random;

/// The result of every grant about a person.
pub struct Authorized {
    pub grant: Grant,
    pub account: Account,
    /// The scope: all that was granted, or less.
    pub scope: Scope,
    pub nonce: Option<String>,
    pub refresh_token: Option<String>,
    /// The key or certificate that the tokens are bound to.
    pub bound_to: Option<Confirmation>,
    /// The audience of the access token.
    pub audience: Audience,
}

/// The parts of an authorization response that its tokens depend on.
pub struct FrontChannel<'a> {
    pub response_type: ResponseType,
    pub code: Option<&'a str>,
    pub state: Option<&'a str>,
}

pub async fn tokens(app: &App, client: &Client, authorized: Authorized) -> Result<TokenResponse> {
    let mint = Mint::new(app, client, &authorized);
    // A token with `offline_access` may outlive the session; it ends with the refresh tokens.
    let sid = (!authorized.grant.is_offline()).then(|| authorized.grant.sid.clone());
    let (token, access_token) = mint.access_token(sid).await?;
    let id_token = if authorized.scope.contains(scope::OPENID) {
        let names = claims::for_id_token(client, &authorized.scope, &authorized.grant.claims);
        let hashes = Hashes {
            access_token: Some(&access_token),
            ..Hashes::default()
        };
        Some(mint.id_token(names, hashes).await?)
    } else {
        None
    };
    Ok(TokenResponse {
        grant_id: authorized.grant.grant_id,
        ..response(token, access_token, authorized.refresh_token, id_token)
    })
}

/// Returns the tokens of the implicit and hybrid flows, by the names of the response (Core §3.2.2.5, §3.3.2.5). There
/// is never a refresh token: what passes through a browser must not last.
pub async fn through_browser(
    app: &App,
    client: &Client,
    authorized: &Authorized,
    front: &FrontChannel<'_>,
) -> Result<Vec<(&'static str, String)>> {
    let mint = Mint::new(app, client, authorized);
    let mut parameters = Vec::new();
    if front.response_type.token {
        // The token comes with no refresh token by which it could be ended.
        let sid = Some(authorized.grant.sid.clone());
        let (token, access_token) = mint.access_token(sid).await?;
        parameters.push(("access_token", access_token));
        parameters.push(("token_type", token.token_type().to_owned()));
        parameters.push(("expires_in", (token.expires_at - token.issued_at).to_string()));
        parameters.push(("scope", token.scope.to_string()));
        if !token.details.is_empty() {
            let details = serde_json::to_string(&token.details).map_err(Error::internal)?;
            parameters.push(("authorization_details", details)); // RFC 9396 §7
        }
    }
    if front.response_type.id_token {
        let names = claims::for_front_channel(
            client,
            front.response_type,
            &authorized.scope,
            &authorized.grant.claims,
        );
        let hashes = Hashes {
            access_token: parameters.first().map(|it| it.1.as_str()),
            code: front.code,
            // FAPI 1.0 Advanced §5.1.1: one signature covers code and state alike.
            state: front.code.and(front.state),
        };
        let id_token = mint.id_token(names, hashes).await?;
        parameters.push(("id_token", id_token));
    }
    Ok(parameters)
}

/// Makes a token about the client itself (RFC 6749 §4.4.3).
pub fn client_token(
    app: &App,
    client: &Client,
    scope: Scope,
    audience: Audience,
    bound_to: Option<Confirmation>,
) -> Result<TokenResponse> {
    let lifetime = app.config.tokens.client_credentials;
    let token = AccessToken {
        audience: audience.resources,
        details: audience.details,
        confirmation: bound_to,
        ..blank(client, scope, app.clock.now(), lifetime)
    };
    let access_token = if is_signed(client, &token) {
        access_token::sign(app, client, &token, Map::new())?
    } else {
        access_token::seal(app, &token)?
    };
    Ok(response(token, access_token, None, None))
}

/// Makes a token about a person in exchange for another one (RFC 8693 §2.2.1). `kind` is the type that was asked for:
/// a JWT is one whatever the client's form.
pub async fn exchanged_token(
    app: &App,
    client: &Client,
    account: &Account,
    token: AccessToken,
    kind: &'static str,
) -> Result<TokenResponse> {
    let text = if is_signed(client, &token) || kind != ACCESS_TOKEN_TYPE {
        let names = claims::for_resources(&token.scope);
        let about = claims::values(app.db.read(), &names, account).await?;
        access_token::sign(app, client, &token, about)?
    } else {
        access_token::seal(app, &token)?
    };
    Ok(TokenResponse {
        issued_token_type: Some(kind),
        ..response(token, text, None, None)
    })
}

/// Returns `true` if others read the token: its client's resources, or those in its audience (RFC 9068).
fn is_signed(client: &Client, token: &AccessToken) -> bool {
    client.has_jwt_access_tokens() || !token.audience.is_empty()
}

pub fn blank(client: &Client, scope: Scope, now: Time, lifetime: Duration) -> AccessToken {
    AccessToken {
        id: TokenId::new(random::id()),
        client_id: client.id.clone(),
        subject: None,
        sid: None,
        authorization_id: None,
        scope,
        audience: Vec::new(),
        details: AuthorizationDetails::default(),
        actor: None,
        granted_to: None,
        claims: ClaimsRequest::default(),
        confirmation: None,
        authentication: None,
        issued_at: now.timestamp(),
        expires_at: (now + lifetime).timestamp(),
    }
}

fn response(
    token: AccessToken,
    access_token: String,
    refresh_token: Option<String>,
    id_token: Option<String>,
) -> TokenResponse {
    TokenResponse {
        access_token,
        token_type: token.token_type(),
        expires_in: token.expires_at - token.issued_at,
        refresh_token,
        id_token,
        scope: token.scope,
        authorization_details: token.details,
        grant_id: None,
        issued_token_type: None,
    }
}

/// The values beside an ID token that its hashes bind to it (Core §3.1.3.6, §3.3.2.11).
#[derive(Default)]
struct Hashes<'a> {
    access_token: Option<&'a str>,
    code: Option<&'a str>,
    state: Option<&'a str>,
}

/// The context that the tokens of one response share. All of them are made at one instant.
struct Mint<'a> {
    app: &'a App,
    client: &'a Client,
    authorized: &'a Authorized,
    now: Time,
}

impl<'a> Mint<'a> {
    fn new(app: &'a App, client: &'a Client, authorized: &'a Authorized) -> Self {
        Self {
            app,
            client,
            authorized,
            now: app.clock.now(),
        }
    }

    async fn access_token(&self, sid: Option<Sid>) -> Result<(AccessToken, String)> {
        let Mint {
            app,
            client,
            authorized,
            now,
        } = *self;
        let token = AccessToken {
            subject: Some(authorized.account.sub.clone()),
            sid,
            authorization_id: Some(authorized.grant.authorization_id.clone()),
            claims: ClaimsRequest {
                userinfo: authorized.grant.claims.userinfo.clone(),
                ..ClaimsRequest::default()
            },
            audience: authorized.audience.resources.clone(),
            details: authorized.audience.details.clone(),
            confirmation: authorized.bound_to.clone(),
            authentication: Some(authorized.grant.authentication.clone()),
            ..blank(
                client,
                authorized.scope.clone(),
                now,
                app.config.tokens.access_token,
            )
        };
        let text = if is_signed(client, &token) {
            let names = claims::for_resources(&authorized.scope);
            let more = claims::values(app.db.read(), &names, &authorized.account).await?;
            access_token::sign(app, client, &token, more)?
        } else {
            access_token::seal(app, &token)?
        };
        Ok((token, text))
    }

    async fn id_token(&self, names: claims::Names, hashes: Hashes<'_>) -> Result<String> {
        let Mint {
            app,
            client,
            authorized,
            now,
        } = *self;
        let alg = client.id_token_alg();
        // Core §2: there is one audience, hence no azp. The person's claims go first: they replace nothing.
        let mut all = claims::values(app.db.read(), &names, &authorized.account).await?;
        let mut put = |name: &str, value: Value| all.insert(name.to_owned(), value);
        put("iss", app.config.issuer.as_str().into());
        put(
            "sub",
            subject::for_client(app, client, &authorized.account.sub)
                .as_str()
                .into(),
        );
        put("aud", client.id.as_str().into());
        put("iat", now.timestamp().into());
        put("exp", (now + app.config.tokens.id_token).timestamp().into());
        put("sid", authorized.grant.sid.as_str().into());
        for (name, value) in [
            ("at_hash", hashes.access_token),
            ("c_hash", hashes.code),
            ("s_hash", hashes.state),
        ] {
            if let Some(value) = value {
                put(name, left_half(alg, value).into());
            }
        }
        if let Some(nonce) = &authorized.nonce {
            put("nonce", nonce.as_str().into());
        }
        access_token::state_authentication(&mut all, &authorized.grant.authentication);
        let signed = app
            .keys
            .sign(alg, "JWT", &Value::Object(all))
            .map_err(Error::internal)?;
        match client.metadata.id_token_encryption() {
            Some(how) => client_keys::encrypt(app, client, Content::Jws(&signed), how).await, // Core §10.2
            None => Ok(signed),
        }
    }
}

/// Returns the left half of the hash that the signature uses (Core §3.1.3.6); Ed25519 uses SHA-512.
pub(in crate::oidc) fn left_half(alg: SigningAlg, token: &str) -> String {
    match alg {
        SigningAlg::EdDSA => URL_SAFE_NO_PAD.encode(&Sha512::digest(token)[..32]),
        _ => URL_SAFE_NO_PAD.encode(&Sha256::digest(token)[..16]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_hashed_as_the_standard_shows_it() {
        // OpenID Connect Core, appendix A.3, has this example.
        let token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
        assert_eq!(left_half(SigningAlg::RS256, token), "77QmUPtjPfzWtF2AnpK9RQ");
        assert_eq!(left_half(SigningAlg::EdDSA, token).len(), 43);
    }
}
