//! An authorization on its way: the request as it was accepted, and the grant behind a code (OpenID Connect Core §3.1).
//! Both are immutable once made.

use super::authentication::{Authentication, WantedAcr};
use super::authorization_details::AuthorizationDetails;
use super::claim::{self, ClaimsRequest};
use super::client::ResponseType;
use super::grant_management::{GrantAction, GrantId};
use super::scope::Scope;
use super::session::Session;
use super::token::Confirmation;
use super::{AccountId, AuthorizationId, ClientId, SessionId, Sid, Subject, TestLoginId, Time};

/// The way in which the answer travels (OAuth 2.0 Multiple Response Types §2.1, Form Post Response Mode, JARM §2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseMode {
    Query,
    Fragment,
    FormPost,
    /// The answer is signed, in the place that the response type has by default.
    Jwt,
    QueryJwt,
    FragmentJwt,
    FormPostJwt,
}

impl ResponseMode {
    pub const ALL: [Self; 7] = [
        Self::Query,
        Self::Fragment,
        Self::FormPost,
        Self::Jwt,
        Self::QueryJwt,
        Self::FragmentJwt,
        Self::FormPostJwt,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Fragment => "fragment",
            Self::FormPost => "form_post",
            Self::Jwt => "jwt",
            Self::QueryJwt => "query.jwt",
            Self::FragmentJwt => "fragment.jwt",
            Self::FormPostJwt => "form_post.jwt",
        }
    }

    pub fn parse(value: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == value)
    }

    /// Returns `true` if the answer is one signed JWT (JARM §2.1).
    pub fn is_signed(self) -> bool {
        matches!(
            self,
            Self::Jwt | Self::QueryJwt | Self::FragmentJwt | Self::FormPostJwt
        )
    }

    /// Returns the mode with its place: `jwt` says nothing of it, so it is the one of the response type (JARM §2.3.4).
    pub fn placed_for(self, response_type: ResponseType) -> Self {
        match self {
            Self::Jwt if response_type.is_front_channel() => Self::FragmentJwt,
            Self::Jwt => Self::QueryJwt,
            other => other,
        }
    }

    /// Returns `true` if the answer ends in logs and in what the browser sends on: no place for tokens.
    pub fn is_in_query(self) -> bool {
        matches!(self, Self::Query | Self::QueryJwt)
    }

    /// Returns the mode of a response type when the request names none.
    pub fn default_for(response_type: ResponseType) -> Self {
        if response_type.is_front_channel() {
            Self::Fragment
        } else {
            Self::Query
        }
    }
}

/// `prompt` (OpenID Connect Core §3.1.2.1, Initiating User Registration §2): the steps that the person must do again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Prompt {
    /// The person may be asked nothing; excludes the others.
    pub none: bool,
    pub login: bool,
    pub consent: bool,
    pub select_account: bool,
    pub create: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("prompt is not a combination that the standard knows")]
pub struct BadPrompt;

impl Prompt {
    pub fn parse(value: &str) -> Result<Self, BadPrompt> {
        let mut prompt = Self::default();
        for word in value.split(' ').filter(|word| !word.is_empty()) {
            match word {
                "none" => prompt.none = true,
                "login" => prompt.login = true,
                "consent" => prompt.consent = true,
                "select_account" => prompt.select_account = true,
                "create" => prompt.create = true,
                _ => return Err(BadPrompt), // security.md AZ-10
            }
        }
        if prompt.none && (prompt.login || prompt.consent || prompt.select_account || prompt.create) {
            Err(BadPrompt)
        } else {
            Ok(prompt)
        }
    }
}

/// An authorization request after every check: kept as it is until it is answered (security.md AZ-6).
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct AuthorizationRequest {
    pub client_id: ClientId,
    pub redirect_uri: String,
    pub response_type: ResponseType,
    pub response_mode: ResponseMode,
    pub state: Option<String>,
    /// The scope, limited to what the client may have.
    pub scope: Scope,
    pub claims: ClaimsRequest,
    pub nonce: Option<String>,
    pub code_challenge: Option<String>,
    pub prompt: Prompt,
    /// The most seconds since the login that the client accepts.
    pub max_age: Option<u64>,
    /// The person that the answer must be about: from `id_token_hint` or the `sub` in `claims`.
    pub subject: Option<Subject>,
    pub acr_values: Vec<String>,
    pub login_hint: Option<String>,
    pub ui_locales: Option<String>,
    /// The resources that the tokens are to be for (RFC 8707 §2.1); none named: us.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
    /// The details of the request, beyond its scope (RFC 9396 §2).
    #[serde(default, skip_serializing_if = "AuthorizationDetails::is_empty")]
    pub details: AuthorizationDetails,
    /// What the request does to a grant that the client names (Grant Management §5.2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant_action: Option<GrantAction>,
    /// The key that the code, and what it buys, is to be bound to (RFC 9449 §10).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dpop_jkt: Option<String>,
    /// The key under which one answer is given, for a request by reference (RFC 9126 §4) or by POST, which can be
    /// opened again (security.md AZ-9, G-8).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pushed: Option<String>,
    /// The test login that this service itself made it for (security.md AD-11); no request that comes from outside has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_login: Option<TestLoginId>,
    pub accepted_at: Time,
}

impl AuthorizationRequest {
    /// Returns the classes that the request wants. `claims` is more exact than `acr_values` (OpenID Connect Core
    /// §5.5.1.1).
    pub fn wanted_acr(&self) -> WantedAcr<'_> {
        self.claims.wanted_acr().unwrap_or_else(|| WantedAcr {
            values: self.acr_values.iter().map(String::as_str).collect(),
            essential: false,
        })
    }
}

/// The grant of a person: the content of a code, and the limit of every token that descends from it.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Grant {
    pub authorization_id: AuthorizationId,
    pub client_id: ClientId,
    pub account: AccountId,
    pub session: SessionId,
    pub sid: Sid,
    pub redirect_uri: String,
    pub scope: Scope,
    pub claims: ClaimsRequest,
    pub nonce: Option<String>,
    /// PKCE, S256 always (RFC 7636 §4.3).
    pub code_challenge: Option<String>,
    /// The resources that the tokens may be for (RFC 8707 §2.1); none named: us.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
    /// The details that were granted, beyond the scope (RFC 9396 §2).
    #[serde(default, skip_serializing_if = "AuthorizationDetails::is_empty")]
    pub details: AuthorizationDetails,
    /// The name by which the client manages it, if it asked for one (Grant Management §5.5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant_id: Option<GrantId>,
    /// The key that redeems it (RFC 9449 §10); in a public client's refresh tokens, the key (§5) or the
    /// certificate (RFC 8705 §4) that uses them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bound_to: Option<Confirmation>,
    /// `true` for a test login: this service alone redeems it, in the client's place (security.md AD-11).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_test: bool,
    /// The login of the person.
    #[serde(flatten)]
    pub authentication: Authentication,
    pub granted_at: Time,
}

impl Grant {
    /// Returns a grant made on a page of the account, for a service that waits elsewhere: no browser comes back to it.
    pub fn elsewhere(
        id: AuthorizationId,
        client_id: ClientId,
        session: &Session,
        scope: Scope,
        now: Time,
    ) -> Self {
        Self {
            authorization_id: id,
            client_id,
            account: session.account.clone(),
            session: session.id.clone(),
            sid: session.sid.clone(),
            redirect_uri: String::new(),
            scope,
            claims: ClaimsRequest::default(),
            nonce: None,
            code_challenge: None,
            resources: Vec::new(),
            details: AuthorizationDetails::default(),
            grant_id: None,
            bound_to: None,
            is_test: false,
            authentication: session.authentication(),
            granted_at: now,
        }
    }

    /// Returns `true` if it outlives the session that it was made in (OpenID Connect Core §11).
    pub fn is_offline(&self) -> bool {
        self.scope.contains(super::scope::OFFLINE_ACCESS)
    }
}

/// The consent of a person to a client, until it is withdrawn (security.md AZ-13).
#[derive(Clone, Debug, PartialEq)]
pub struct Consent {
    pub account: AccountId,
    pub client_id: ClientId,
    pub scope: Scope,
    /// The claims requested by name, beyond those of the scope.
    pub claims: Vec<String>,
    /// The hosts to which the person was sent after agreeing.
    pub redirect_hosts: Vec<String>,
    /// The name by which the client manages it; `None`: it never asked for one.
    pub grant_id: Option<GrantId>,
    pub first_given_at: Time,
    /// The time at which the person last agreed.
    pub given_at: Time,
}

/// A person logged in to a service: by consent, or because the service is one of the house.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceUse {
    pub account: AccountId,
    pub client_id: ClientId,
    /// The scope that it received at the last login.
    pub scope: Scope,
    /// The claims requested by name, beyond those of the scope.
    pub claims: Vec<String>,
    pub first_used_at: Time,
    pub last_used_at: Time,
}

impl Consent {
    /// Returns `true` if the person agreed to this claim: by its name, or by a scope that states it.
    pub fn covers(&self, claim: &str) -> bool {
        self.claims.iter().any(|it| it == claim)
            || claim::scope_of(claim).is_some_and(|scope| self.scope.contains(scope))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompt_none_stands_alone() {
        assert!(Prompt::parse("none").expect("good").none);
        let both = Prompt::parse("login consent").expect("good");
        assert!(both.login && both.consent && !both.none);
        for bad in ["none login", "login none", "maybe", "Login", "login,consent"] {
            assert_eq!(Prompt::parse(bad), Err(BadPrompt), "{bad}"); // AZ-10
        }
    }
}
