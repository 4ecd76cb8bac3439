//! The error of the whole protocol: every code of the specifications, with its status. Every module of `oidc` returns
//! it.
//!
//! `http/error.rs` alone decides how it travels (JSON, redirect, `WWW-Authenticate`, page). The description is safe to
//! show and to send by construction; the source is for the operator, logged once at the edge.
//! RFC 6749 §4.1.2.1 and §5.2, RFC 6750 §3.1, OpenID Connect Core §3.1.2.6, RFC 7591 §3.2.2.

use std::sync::Arc;

use sea_orm::DbErr;

use super::mismatch::Mismatch;
use crate::domain::ClientId;
use crate::limits::Refused;
use crate::mail;
use crate::storage::{IsBusy, ephemeral::EphemeralError, is_away};

/// The result of a function of the protocol.
pub type Result<T, E = Error> = std::result::Result<T, E>;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal $make:ident),+ $(,)?) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[$doc])* $name),+ }

        impl Code {
            /// Returns the code as the specifications write it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),+ }
            }

            pub const ALL: &'static [Self] = &[$(Self::$name),+];
        }

        impl Error {
            $(
                $(#[$doc])*
                pub fn $make(description: impl AsRef<str>) -> Self {
                    Self::new(Code::$name, description)
                }
            )+
        }
    };
}

codes! {
    // RFC 6749
    InvalidRequest = "invalid_request" invalid_request,
    InvalidClient = "invalid_client" invalid_client,
    /// See [`Error::unusable_grant`]: what a grant endpoint answers is always alike.
    InvalidGrant = "invalid_grant" invalid_grant,
    UnauthorizedClient = "unauthorized_client" unauthorized_client,
    UnsupportedGrantType = "unsupported_grant_type" unsupported_grant_type,
    UnsupportedResponseType = "unsupported_response_type" unsupported_response_type,
    InvalidScope = "invalid_scope" invalid_scope,
    AccessDenied = "access_denied" access_denied,
    ServerError = "server_error" server_error,
    TemporarilyUnavailable = "temporarily_unavailable" temporarily_unavailable,
    // RFC 6750
    InvalidToken = "invalid_token" invalid_token,
    InsufficientScope = "insufficient_scope" insufficient_scope,
    // RFC 7009
    UnsupportedTokenType = "unsupported_token_type" unsupported_token_type,
    // RFC 8707, RFC 9396
    InvalidTarget = "invalid_target" invalid_target,
    InvalidAuthorizationDetails = "invalid_authorization_details" invalid_authorization_details,
    // OpenID Connect Core, and Unmet Authentication Requirements
    InteractionRequired = "interaction_required" interaction_required,
    LoginRequired = "login_required" login_required,
    AccountSelectionRequired = "account_selection_required" account_selection_required,
    ConsentRequired = "consent_required" consent_required,
    InvalidRequestUri = "invalid_request_uri" invalid_request_uri,
    InvalidRequestObject = "invalid_request_object" invalid_request_object,
    RequestNotSupported = "request_not_supported" request_not_supported,
    RequestUriNotSupported = "request_uri_not_supported" request_uri_not_supported,
    RegistrationNotSupported = "registration_not_supported" registration_not_supported,
    UnmetAuthenticationRequirements = "unmet_authentication_requirements" unmet_authentication_requirements,
    // RFC 7591
    InvalidRedirectUri = "invalid_redirect_uri" invalid_redirect_uri,
    InvalidClientMetadata = "invalid_client_metadata" invalid_client_metadata,
    // RFC 8628, CIBA
    AuthorizationPending = "authorization_pending" authorization_pending,
    SlowDown = "slow_down" slow_down,
    ExpiredToken = "expired_token" expired_token,
    // CIBA
    UnknownUserId = "unknown_user_id" unknown_user_id,
    InvalidBindingMessage = "invalid_binding_message" invalid_binding_message,
    // Grant Management for OAuth 2.0
    InvalidGrantId = "invalid_grant_id" invalid_grant_id,
    // RFC 9449
    InvalidDpopProof = "invalid_dpop_proof" invalid_dpop_proof,
    UseDpopNonce = "use_dpop_nonce" use_dpop_nonce,
    // RFC 9470
    InsufficientUserAuthentication = "insufficient_user_authentication" insufficient_user_authentication,
}

impl Code {
    /// Returns the HTTP status of an answer that is not a redirect.
    pub const fn status(self) -> u16 {
        match self {
            // RFC 6749 §5.2, RFC 6750 §3.1, RFC 9470 §3
            Self::InvalidClient | Self::InvalidToken | Self::InsufficientUserAuthentication => 401,
            Self::InsufficientScope => 403,
            Self::InvalidGrantId => 404, // Grant Management §6.6
            Self::ServerError => 500,
            Self::TemporarilyUnavailable => 503,
            _ => 400,
        }
    }
}

/// An error in the words of the protocol.
#[derive(Clone, Debug)]
pub struct Error {
    code: Code,
    description: Description,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
    /// `true` if no credentials at all came: the challenge names no error (RFC 6750 §3.1).
    bare: bool,
    /// The wait in seconds after a limit was exceeded (security.md DS-2).
    retry_after: Option<u64>,
    /// `true` if it was decided on a state that is over: 409 (security.md G-9).
    conflict: bool,
    /// The client whose mistake it is. It is for the log and for administrators, as the mismatch is, never for an
    /// answer (security.md LG-1).
    client: Option<ClientId>,
    mismatch: Option<Arc<Mismatch>>,
    /// What a challenge says beside the error: a scope that would do, an age, a class (RFC 6750 §3, RFC 9470 §3).
    needs: Vec<(&'static str, String)>,
}

/// The wait in seconds that an answer 503 asks for (security.md ST-1).
const UNAVAILABLE: u64 = 5;

impl Error {
    pub fn new(code: Code, description: impl AsRef<str>) -> Self {
        Self {
            code,
            description: Description::new(description.as_ref()),
            source: None,
            bare: false,
            retry_after: None,
            conflict: false,
            client: None,
            mismatch: None,
            needs: Vec::new(),
        }
    }

    /// Returns `invalid_grant`, always in the same words (security.md TK-11); the reason is for the operator alone.
    pub fn unusable_grant(reason: &'static str) -> Self {
        Self::invalid_grant("The grant is unknown, expired, used, revoked or not meant for this client")
            .caused_by(Reason(reason))
    }

    /// Returns `invalid_client`, always in the same words; the reason is for the operator alone.
    pub fn unauthenticated(reason: &'static str) -> Self {
        Self::invalid_client("The client could not be authenticated").caused_by(Reason(reason))
    }

    /// Replaces the description.
    pub fn described(mut self, description: &str) -> Self {
        self.description = Description::new(description);
        self
    }

    /// Returns `invalid_token`, always in the same words; the reason is for the operator alone.
    pub fn unusable_token(reason: &'static str) -> Self {
        Self::invalid_token("The access token is unknown, expired or revoked").caused_by(Reason(reason))
    }

    /// Returns `invalid_request` for a token to be exchanged (RFC 8693 §2.2.2), always in the same words; the reason is
    /// for the operator alone.
    pub fn unacceptable_token(reason: &'static str) -> Self {
        Self::invalid_request("A token is unknown, expired, revoked or not one that this client may exchange")
            .caused_by(Reason(reason))
    }

    /// Returns `invalid_token` for a request without a token.
    pub fn missing_token() -> Self {
        Self {
            bare: true,
            ..Self::invalid_token("An access token is needed")
        }
    }

    /// Returns the error of too many requests: status 429 with `Retry-After`.
    pub fn throttled(seconds: u64) -> Self {
        Self {
            retry_after: Some(seconds),
            ..Self::temporarily_unavailable("Too many requests; try again later")
        }
    }

    /// Returns `invalid_request` with status 409: the registration changed after the change was decided.
    pub fn changed_meanwhile() -> Self {
        Self {
            conflict: true,
            ..Self::invalid_request("The client was changed meanwhile; read it again")
        }
    }

    /// Returns `server_error` for a failure of our own. Its cause is logged, never shown.
    pub fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self {
            source: Some(Arc::from(source.into())),
            ..Self::server_error("The server failed to answer; the failure is recorded")
        }
    }

    pub fn caused_by(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    /// Adds a parameter of the challenge, in characters of a quoted string.
    pub fn needing(mut self, parameter: &'static str, value: impl Into<String>) -> Self {
        self.needs.push((parameter, value.into()));
        self
    }

    pub fn needs(&self) -> &[(&'static str, String)] {
        &self.needs
    }

    /// Names the client for the log; the first one that was named stays.
    pub fn of_client(mut self, id: &ClientId) -> Self {
        self.client.get_or_insert_with(|| id.clone());
        self
    }

    /// Says for the log what came, and what is registered.
    pub fn about(mut self, mismatch: Mismatch) -> Self {
        self.mismatch = Some(Arc::new(mismatch));
        self
    }

    pub fn client(&self) -> Option<&ClientId> {
        self.client.as_ref()
    }

    pub fn mismatch(&self) -> Option<&Mismatch> {
        self.mismatch.as_deref()
    }

    /// Replaces `invalid_request_object`, for an endpoint that has no code for a bad signed request (CIBA §13).
    pub fn into_invalid_request(mut self) -> Self {
        if self.code == Code::InvalidRequestObject {
            self.code = Code::InvalidRequest;
        }
        self
    }

    pub const fn code(&self) -> Code {
        self.code
    }

    pub fn description(&self) -> &str {
        self.description.as_str()
    }

    pub const fn status(&self) -> u16 {
        if self.conflict {
            409
        } else if self.retry_after.is_some() {
            429
        } else {
            self.code.status()
        }
    }

    pub const fn retry_after(&self) -> Option<u64> {
        match self.code {
            Code::TemporarilyUnavailable if self.retry_after.is_none() => Some(UNAVAILABLE),
            _ => self.retry_after,
        }
    }

    /// Returns `true` if the challenge is sent without error and description (RFC 6750 §3.1).
    pub const fn is_bare(&self) -> bool {
        self.bare
    }

    /// Returns the chain of causes, for the operator.
    pub fn cause(&self) -> Option<String> {
        let first = self.source.as_deref()? as &dyn std::error::Error;
        let chain = std::iter::successors(Some(first), |it| it.source());
        // An error that says nothing of its own repeats its source.
        let mut words: Vec<String> = chain.map(ToString::to_string).collect();
        words.dedup();
        Some(words.join(": "))
    }

    /// Adds a reason for the operator alone.
    pub(super) fn reasoned(self, reason: &'static str) -> Self {
        self.caused_by(Reason(reason))
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.description.as_str())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|it| it as _)
    }
}

impl From<DbErr> for Error {
    fn from(source: DbErr) -> Self {
        // security.md ST-3: a busy database was tried three times, then the answer is 503. A wait for a connection has
        // lasted as long as was right, so it is not repeated; nor is what a database that left may have carried out.
        if source.is_busy() || is_away(&source) {
            Self::temporarily_unavailable("The server is busy; try again").caused_by(source)
        } else {
            Self::internal(source)
        }
    }
}

impl From<EphemeralError> for Error {
    fn from(source: EphemeralError) -> Self {
        Self::temporarily_unavailable("The server cannot answer now; try again")
            .caused_by(source.into_cause())
    }
}

impl From<mail::Error> for Error {
    fn from(error: mail::Error) -> Self {
        match error {
            mail::Error::Storage(error) => error.into(),
            mail::Error::Template(_) | mail::Error::Seal(_) => Self::internal(error),
        }
    }
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::TooMany { retry_after } => Self::throttled(retry_after.as_secs()),
            Refused::Store(source) => source.into(),
        }
    }
}

impl IsBusy for Error {
    fn is_busy(&self) -> bool {
        let source = self.source.as_deref().and_then(|it| it.downcast_ref::<DbErr>());
        source.is_some_and(IsBusy::is_busy)
    }
}

/// A refusal's own reason, where the answer must not reveal it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Reason(&'static str);

/// A text of the characters that RFC 6749 §5.2 allows: 0x20-21, 0x23-5B, 0x5D-7E; others become close relatives.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Description(String);

impl Description {
    fn new(text: &str) -> Self {
        Self(
            text.chars()
                .map(|c| match c {
                    '\x20'..='\x21' | '\x23'..='\x5B' | '\x5D'..='\x7E' => c,
                    '"' => '\'',
                    '\\' => '/',
                    '\t' | '\r' | '\n' => ' ',
                    _ => '?',
                })
                .take(300)
                .collect(),
        )
    }

    fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_never_leaves_its_characters() {
        let error = Error::invalid_request("a \"quoted\"\n back\\slash, é and \u{0}");
        assert_eq!(error.description(), "a 'quoted'  back/slash, ? and ?"); // RFC 6749 §5.2
    }

    #[test]
    fn each_code_has_a_name_and_a_status_of_its_own_kind() {
        for code in Code::ALL {
            assert!(code.as_str().bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
            assert!((400..=503).contains(&code.status()));
        }
        assert_eq!(Error::unauthenticated("x").status(), 401);
        assert_eq!(Error::throttled(3).status(), 429);
    }

    #[test]
    fn refusals_of_a_grant_are_alike() {
        let (one, other) = (Error::unusable_grant("spent"), Error::unusable_grant("expired"));
        assert_eq!(one.to_string(), other.to_string()); // TK-11
        assert_ne!(one.cause(), other.cause());
    }
}
