//! Access tokens, which we seal and only we can read, and families of refresh tokens with their
//! rules of rotation (RFC 6749 §6, RFC 9700 §4.14.2; security.md TK-5, ST-1).

use chrono::Duration;

use super::authentication::Authentication;
use super::authorization_details::AuthorizationDetails;
use super::claim::ClaimsRequest;
use super::scope::Scope;
use super::secret::Digest;
use super::{AccountId, AuthorizationId, ClientId, RefreshFamilyId, SessionId, Sid, Subject, Time, TokenId};

/// The longest lifetime of an access token, whatever the configuration (security.md TK-4).
pub const LONGEST_ACCESS_TOKEN: Duration = Duration::minutes(60);

/// The longest lifetime of a family of refresh tokens, however often it is used (security.md TK-5).
pub const LONGEST_REFRESH_TOKEN: Duration = Duration::days(90);

/// The time within which the token before the current one is refused without further consequence: two tabs may use it,
/// or an answer was lost on its way (security.md TK-5).
pub const ROTATION_GRACE: Duration = Duration::seconds(10);

/// The key or certificate that a token is bound to, by its thumbprint; written as the claim `cnf` (RFC 7800 §3.1).
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Confirmation {
    /// The thumbprint of a key (RFC 9449 §6.1).
    #[serde(rename = "jkt")]
    Key(String),
    /// The thumbprint of a certificate (RFC 8705 §3.1).
    #[serde(rename = "x5t#S256")]
    Certificate(String),
}

/// The actor for the person of a token, and the actors before (RFC 8693 §4.1).
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Actor {
    /// The identifier of a client, or the `sub` of a person for the client.
    pub sub: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<Box<Actor>>,
}

impl Actor {
    /// The most actors that act one for another.
    const MOST: usize = 8;

    /// Returns `None` if there were too many before.
    pub fn after(sub: String, before: Option<Self>) -> Option<Self> {
        let mut count = 1;
        let mut one = before.as_ref();
        while let Some(actor) = one {
            count += 1;
            one = actor.act.as_deref();
        }
        (count <= Self::MOST).then(|| Self {
            sub,
            act: before.map(Box::new),
        })
    }
}

/// The content of an access token. Nothing of it is trusted about rights: the state of the moment is read at each use
/// (security.md G-10).
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct AccessToken {
    #[serde(rename = "i")]
    pub id: TokenId,
    #[serde(rename = "c")]
    pub client_id: ClientId,
    /// The person that it is about; `None` if it is about the client itself (RFC 6749 §4.4).
    #[serde(rename = "u", default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Subject>,
    /// The session that it ends with; `None` if it may outlive it.
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<Sid>,
    #[serde(rename = "g", default, skip_serializing_if = "Option::is_none")]
    pub authorization_id: Option<AuthorizationId>,
    #[serde(rename = "o")]
    pub scope: Scope,
    /// The resources it is for; none named: ours.
    #[serde(rename = "r", default, skip_serializing_if = "Vec::is_empty")]
    pub audience: Vec<String>,
    /// The details that it allows, beyond the scope (RFC 9396 §9).
    #[serde(rename = "d", default, skip_serializing_if = "AuthorizationDetails::is_empty")]
    pub details: AuthorizationDetails,
    /// The actor that uses it for the person, if another than the client that they gave it to.
    #[serde(rename = "x", default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<Actor>,
    /// The client to which the person granted what this token came of by exchanges; `None`: its own client.
    #[serde(rename = "f", default, skip_serializing_if = "Option::is_none")]
    pub granted_to: Option<ClientId>,
    /// The single claims requested at userinfo (OpenID Connect Core §5.5).
    #[serde(rename = "w", default, skip_serializing_if = "ClaimsRequest::is_empty")]
    pub claims: ClaimsRequest,
    /// The key or certificate that its holder must prove to have; a bearer token has none.
    #[serde(rename = "k", default, skip_serializing_if = "Option::is_none")]
    pub confirmation: Option<Confirmation>,
    /// The login of the person, for resources that ask for more (RFC 9470 §6); the client's own tokens have none.
    #[serde(rename = "h", default, skip_serializing_if = "Option::is_none")]
    pub authentication: Option<Authentication>,
    /// The time of issuance in seconds since 1970, as the protocol counts.
    #[serde(rename = "t")]
    pub issued_at: i64,
    #[serde(rename = "e")]
    pub expires_at: i64,
}

impl AccessToken {
    pub fn is_expired(&self, now: Time) -> bool {
        now.timestamp() >= self.expires_at
    }

    /// Returns `true` if it is for this resource (RFC 8707 §2). A token that names none is for the issuer alone.
    pub fn is_for(&self, resource: &str, issuer: &str) -> bool {
        if self.audience.is_empty() {
            resource == issuer
        } else {
            self.audience.iter().any(|it| it == resource)
        }
    }

    /// Returns the scheme by which it is presented (RFC 6750, RFC 9449 §5).
    pub fn token_type(&self) -> &'static str {
        match &self.confirmation {
            Some(Confirmation::Key(_)) => "DPoP",
            // RFC 8705 §3: the token is presented like any other, over mutual TLS.
            Some(Confirmation::Certificate(_)) | None => "Bearer",
        }
    }
}

/// Every refresh token that descends from one authorization. Only the last one issued is valid. Since `offline_access`
/// was granted, it outlives the logout of the session it came from.
#[derive(Clone, Debug, PartialEq)]
pub struct RefreshFamily {
    pub id: RefreshFamilyId,
    pub authorization_id: AuthorizationId,
    pub account: AccountId,
    pub client_id: ClientId,
    pub session: SessionId,
    pub current: Digest,
    pub previous: Option<Digest>,
    pub rotated_at: Option<Time>,
    pub idle_until: Time,
    pub expires_at: Time,
}

/// The state of a presented refresh token in its family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshTokenState {
    Current,
    Expired,
    /// The token was rotated a moment ago, and its successor was not used yet.
    JustRotated,
    /// Two parties hold the token: the family ends.
    Reused,
}

impl RefreshFamily {
    pub fn judge(&self, presented: &Digest, now: Time) -> RefreshTokenState {
        // Digests of random values may be compared in variable time: it reveals nothing of the values.
        if now >= self.idle_until || now >= self.expires_at {
            RefreshTokenState::Expired
        } else if *presented == self.current {
            RefreshTokenState::Current
        } else if self.previous.as_ref() == Some(presented)
            && self.rotated_at.is_some_and(|at| now <= at + ROTATION_GRACE)
        {
            RefreshTokenState::JustRotated
        } else {
            RefreshTokenState::Reused
        }
    }
}

/// The prefix of a refresh token as its holder has it: the family in the clear, then the secret.
const REFRESH_PREFIX: &str = "rt_";
const FAMILY_LENGTH: usize = 22;
const SECRET_LENGTH: usize = 43;

pub fn refresh_token(family: &RefreshFamilyId, secret: &str) -> String {
    format!("{REFRESH_PREFIX}{family}{secret}")
}

/// Returns the family that a presented token names; `None` if it is no refresh token at all.
pub fn family_of(presented: &str) -> Option<RefreshFamilyId> {
    let rest = presented.strip_prefix(REFRESH_PREFIX)?;
    let base64url = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    (rest.len() == FAMILY_LENGTH + SECRET_LENGTH && rest.bytes().all(base64url))
        .then(|| RefreshFamilyId::new(&rest[..FAMILY_LENGTH]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rotated_token_is_forgiven_once_and_shortly() {
        let now = chrono::DateTime::from_timestamp(1_800_000_000, 0).expect("a time");
        let digest = |value: &str| Digest::of(value.as_bytes());
        let family = RefreshFamily {
            id: RefreshFamilyId::new("f"),
            authorization_id: AuthorizationId::new("a"),
            account: AccountId::new("p"),
            client_id: ClientId::new("c"),
            session: SessionId::new("s"),
            current: digest("third"),
            previous: Some(digest("second")),
            rotated_at: Some(now),
            idle_until: now + Duration::days(14),
            expires_at: now + Duration::days(30),
        };
        let judge = |value, at| family.judge(&digest(value), at);
        assert_eq!(judge("third", now), RefreshTokenState::Current);
        assert_eq!(
            judge("second", now + Duration::seconds(10)),
            RefreshTokenState::JustRotated
        ); // TK-5
        assert_eq!(
            judge("second", now + Duration::seconds(11)),
            RefreshTokenState::Reused
        );
        assert_eq!(judge("first", now), RefreshTokenState::Reused); // its successor was used
        assert_eq!(
            judge("third", now + Duration::days(14)),
            RefreshTokenState::Expired
        );
    }

    #[test]
    fn a_refresh_token_names_its_family() {
        let family = RefreshFamilyId::new("f".repeat(22));
        let token = refresh_token(&family, &"s".repeat(43));
        assert_eq!(family_of(&token), Some(family));
        for bad in [
            "",
            "rt_",
            "at_x",
            &token[..67],
            &format!("{token}x"),
            &token.replace('s', "é"),
        ] {
            assert_eq!(family_of(bad), None, "{bad}"); // G-7
        }
    }
}
