//! Access tokens: sealed, so that only we can read them, or signed for a client whose resources read them (RFC 9068).
//! Each use returns the state as of now (security.md G-10, ST-1, UI-5).

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{Error, Result, access_policy, consent, subject};
use crate::app::App;
use crate::domain::account::Account;
use crate::domain::authentication::Authentication;
use crate::domain::authorization_details::AuthorizationDetails;
use crate::domain::claim::ClaimsRequest;
use crate::domain::client::Client;
use crate::domain::powers;
use crate::domain::scope::Scope;
use crate::domain::token::AccessToken;
use crate::domain::{AuthorizationId, ClientId, Sid, Subject, TokenId};
use crate::storage::revocations::{self, Descent};
use crate::storage::standings::{self, Behind};

/// The prefix of a sealed token, and the purpose for which its key is derived (security.md G-7).
const PREFIX: &str = "at_";
const KIND: &str = "access_token";

/// The claim that states the person to ourselves, and the purpose for which its key is derived.
const SUBJECT: &str = "sealed_sub";

/// The claim that states to ourselves whose consent an exchanged token rests on.
const GRANTED_TO: &str = "granted_to";

/// RFC 9068 §2.1
const TYPE: &str = "at+jwt";

pub fn seal(app: &App, token: &AccessToken) -> Result<String> {
    let content = serde_json::to_vec(token).map_err(Error::internal)?;
    let sealed = app.keys.seal(KIND, &content).map_err(Error::internal)?;
    Ok(format!("{PREFIX}{sealed}"))
}

/// Signs a token as a JWT (RFC 9068 §2.2); `sid`, `grant_id` and `claims` are for ourselves when it comes back to us.
pub fn sign(app: &App, client: &Client, token: &AccessToken, more: Map<String, Value>) -> Result<String> {
    let issuer = app.config.issuer.as_str();
    let audience: Value = match token.audience.as_slice() {
        [] => issuer.into(),
        [one] => one.as_str().into(),
        many => many.into(),
    };
    let mut all = more;
    all.insert("iss".into(), issuer.into());
    // RFC 9068 §2.2: a token about a client itself names the client.
    let stated = token
        .subject
        .as_ref()
        .map(|it| subject::for_client(app, client, it));
    if let Some(own) = token.subject.as_ref().filter(|it| stated.as_ref() != Some(*it)) {
        // A pairwise name says nothing even to us: the person's own name travels sealed.
        let sealed = app.keys.seal(SUBJECT, own.as_str().as_bytes());
        all.insert(SUBJECT.into(), sealed.map_err(Error::internal)?.into());
    }
    let subject = stated.as_ref().map_or(token.client_id.as_str(), Subject::as_str);
    all.insert("sub".into(), subject.into());
    all.insert("aud".into(), audience);
    all.insert("client_id".into(), token.client_id.as_str().into());
    all.insert("scope".into(), token.scope.to_string().into());
    all.insert("jti".into(), token.id.as_str().into());
    all.insert("iat".into(), token.issued_at.into());
    all.insert("exp".into(), token.expires_at.into());
    if let Some(sid) = &token.sid {
        all.insert("sid".into(), sid.as_str().into());
    }
    if let Some(id) = &token.authorization_id {
        all.insert("grant_id".into(), id.as_str().into());
    }
    if let Some(authentication) = &token.authentication {
        state_authentication(&mut all, authentication); // RFC 9068 §2.2.1
    }
    if let Some(confirmation) = &token.confirmation {
        all.insert("cnf".into(), json!(confirmation)); // RFC 9449 §6.1, RFC 8705 §3.1
    }
    if !token.details.is_empty() {
        all.insert("authorization_details".into(), json!(token.details)); // RFC 9396 §9.1
    }
    if let Some(actor) = &token.actor {
        all.insert("act".into(), json!(actor)); // RFC 8693 §4.1
    }
    if let Some(client) = &token.granted_to {
        all.insert(GRANTED_TO.into(), client.as_str().into());
    }
    if !token.claims.is_empty() {
        all.insert("claims".into(), json!(token.claims));
    }
    app.keys
        .sign(client.id_token_alg(), TYPE, &Value::Object(all))
        .map_err(Error::internal)
}

/// States time, class and methods of the login. ID tokens, access tokens and introspection state them alike (OpenID
/// Connect Core §2, RFC 9470 §6).
pub fn state_authentication(all: &mut Map<String, Value>, authentication: &Authentication) {
    all.insert("auth_time".into(), authentication.auth_time.timestamp().into());
    all.insert("acr".into(), authentication.acr.as_str().into());
    if !authentication.amr.is_empty() {
        all.insert("amr".into(), json!(authentication.amr));
    }
}

/// Reads a presented token, if it is one of ours. It may be valid no longer: see [`validate`].
pub fn read(app: &App, presented: &str) -> Option<AccessToken> {
    if let Some(sealed) = presented.strip_prefix(PREFIX) {
        return serde_json::from_slice(&app.keys.open(KIND, sealed)?).ok();
    }
    if presented.split('.').count() != 3 {
        return None;
    }
    let claims = app.keys.verify_own(presented, TYPE)?;
    let mut token = from_claims(&claims, app.config.issuer.as_str())?;
    if let Some(sealed) = claims.get(SUBJECT) {
        let own = app.keys.open(SUBJECT, sealed.as_str()?)?;
        token.subject = Some(Subject::new(String::from_utf8(own).ok()?));
    }
    Some(token)
}

fn from_claims(claims: &Value, issuer: &str) -> Option<AccessToken> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let (client, subject) = (text("client_id")?, text("sub")?);
    Some(AccessToken {
        id: TokenId::new(text("jti")?),
        client_id: ClientId::new(client),
        // Disjoint namespaces: security.md TK-12.
        subject: (subject != client).then(|| Subject::new(subject)),
        sid: text("sid").map(Sid::new),
        authorization_id: text("grant_id").map(AuthorizationId::new),
        scope: Scope::parse(text("scope")?).ok()?,
        audience: match claims.get("aud")? {
            Value::String(one) if one == issuer => Vec::new(),
            Value::String(one) => vec![one.clone()],
            many => serde_json::from_value(many.clone()).ok()?,
        },
        details: match claims.get("authorization_details") {
            Some(value) => serde_json::from_value(value.clone()).ok()?,
            None => AuthorizationDetails::default(),
        },
        actor: match claims.get("act") {
            Some(value) => Some(serde_json::from_value(value.clone()).ok()?),
            None => None,
        },
        granted_to: text(GRANTED_TO).map(ClientId::new),
        claims: match claims.get("claims") {
            Some(value) => serde_json::from_value(value.clone()).ok()?,
            None => ClaimsRequest::default(),
        },
        confirmation: match claims.get("cnf") {
            Some(value) => Some(serde_json::from_value(value.clone()).ok()?),
            None => None,
        },
        authentication: match claims.get("auth_time") {
            Some(at) => Some(Authentication {
                auth_time: chrono::DateTime::from_timestamp(at.as_i64()?, 0)?,
                acr: text("acr")?.to_owned(),
                amr: match claims.get("amr") {
                    Some(value) => serde_json::from_value(value.clone()).ok()?,
                    None => Vec::new(),
                },
            }),
            None => None,
        },
        issued_at: claims.get("iat")?.as_i64()?,
        expires_at: claims.get("exp")?.as_i64()?,
    })
}

/// The outcome for a presented token.
pub enum Validity {
    /// The token is valid now.
    Valid(Box<Holder>),
    /// The reason why it is not, for the operator.
    Invalid(&'static str),
}

impl Validity {
    /// Returns the holder, or the error that the endpoint makes of the reason.
    pub fn holder_or(self, refuse: fn(&'static str) -> Error) -> Result<Holder> {
        match self {
            Self::Valid(holder) => Ok(*holder),
            Self::Invalid(reason) => Err(refuse(reason)),
        }
    }
}

/// A token that is valid now, its client, and the person as they are now.
#[derive(Debug)]
pub struct Holder {
    pub token: AccessToken,
    pub client: Arc<Client>,
    /// The person; `None` if the token is about the client itself.
    pub account: Option<Account>,
}

/// Reads a presented token and finds out whether it is still valid, and for whom.
pub async fn validate(app: &App, presented: &str) -> Result<Validity> {
    let now = app.clock.now();
    let Some(mut token) = read(app, presented) else {
        return Ok(Validity::Invalid("not an access token of ours"));
    };
    if token.is_expired(now) {
        return Ok(Validity::Invalid("an expired access token"));
    }
    let Some(client) = app.registry.find(token.client_id.as_str()) else {
        return Ok(Validity::Invalid("its client is gone")); // DR-6
    };
    let db = app.db.read();
    let had_scope = !token.scope.is_empty();
    // A time that cannot be is before every revocation (security.md G-11).
    let issued_at = chrono::DateTime::from_timestamp(token.issued_at, 0).unwrap_or_default();
    let descent = Descent {
        token: Some(&token.id),
        authorization: token.authorization_id.as_ref(),
        clients: [
            &token.client_id,
            token.granted_to.as_ref().unwrap_or(&token.client_id),
        ],
        issued_at,
    };
    let (account, is_revoked) = match &token.subject {
        None => (None, revocations::revoked(db, &descent).await?),
        Some(subject) => {
            let behind = token.sid.as_ref().map_or(Behind::Subject(subject), Behind::Sid);
            let found = standings::find(db, behind, &descent).await?.filter(|it| {
                it.session.as_ref().is_none_or(|session| session.is_alive(now))
                    && it.account.sub == *subject
                    && it.account.is_active()
            });
            let Some(found) = found else {
                return Ok(Validity::Invalid("its account or session has ended"));
            };
            (Some(found.account), found.is_revoked)
        }
    };
    if is_revoked {
        return Ok(Validity::Invalid("a revoked access token"));
    }
    let account = match account {
        None => None,
        Some(account) => {
            // RFC 8693 §5: a token that came of a grant by exchanges ends with it, whoever holds it now.
            let granted_to = match &token.granted_to {
                Some(id) => app.registry.find(id.as_str()),
                None => Some(Arc::clone(&client)),
            };
            let Some(granted_to) = granted_to else {
                return Ok(Validity::Invalid("the client that it was granted to is gone"));
            };
            let asked = (&token.scope, &token.claims);
            let in_force = consent::claims_in_force(db, &granted_to, &account.id, asked, issued_at).await?;
            let Some(claims) = in_force else {
                return Ok(Validity::Invalid("its consent was withdrawn"));
            };
            token.claims = claims;
            // The access policy counts here, too: a client learns nothing more of a person whom it would not let in
            // any more.
            let other = (client.id != granted_to.id).then_some(&client);
            for holder in std::iter::once(&granted_to).chain(other) {
                if access_policy::check(db, holder, &account.id).await?.is_some() {
                    return Ok(Validity::Invalid("the access policy of its client"));
                }
            }
            token.scope = powers::grantable(&token.scope.limited_to(granted_to.scope()), account.role);
            Some(account)
        }
    };
    // A scope that is registered no longer is not granted any more, either.
    token.scope = token.scope.limited_to(client.scope());
    if token.scope.is_empty() && had_scope {
        return Ok(Validity::Invalid(
            "nothing of its scope is registered any more, or the person's to grant",
        ));
    }
    Ok(Validity::Valid(Box::new(Holder {
        token,
        client,
        account,
    })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signed_token_says_what_a_sealed_one_says() {
        let claims = json!({"iss": "https://i", "sub": "s", "aud": "https://i", "client_id": "c", "jti": "t",
            "scope": "openid email", "iat": 1, "exp": 2, "sid": "x", "grant_id": "g",
            "claims": {"userinfo": {"name": null}}});
        let token = from_claims(&claims, "https://i").expect("complete");
        assert_eq!(token.subject, Some(Subject::new("s")));
        assert_eq!(token.sid, Some(Sid::new("x")));
        assert!(token.claims.userinfo.contains_key("name") && token.audience.is_empty());
        let stored = serde_json::to_vec(&token).expect("JSON");
        assert_eq!(
            serde_json::from_slice::<AccessToken>(&stored).expect("JSON"),
            token
        );

        let mut own = claims;
        own["sub"] = "c".into();
        assert_eq!(from_claims(&own, "https://i").expect("complete").subject, None);
        own["scope"] = 1.into();
        assert!(from_claims(&own, "https://i").is_none()); // JW-3
    }
}
