//! Problem details (RFC 9457): how interfaces for programs answer a refusal, unless their own standard has a form for it.
//! Each kind has a type that stays; what a room refused is put into one of them here. The cause is logged once, and never
//! shown (security.md G-11).

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::error::{Challenge, PageError, retry_after};
use crate::affiliations::directory::csv::ImportError;
use crate::affiliations::directory::edit::EditError;
use crate::domain::authentication::Acr;
use crate::domain::message::FieldErrors;
use crate::domain::session;
use crate::i18n::{self, Locale};
use crate::oidc::clients::ClientError;
use crate::oidc::shared_signals::ReceiverError;
use crate::oidc::{self, Code};
use crate::{accounts, affiliations, audit, paths};

/// The problems of a table that are named.
const SHOWN_LINES: usize = 100;

/// The protection space of the administration, as challenges name it.
pub const REALM: &str = "administration";

macro_rules! kinds {
    ($($(#[doc = $text:literal])+ $name:ident = $slug:literal $status:ident $title:literal),+ $(,)?) => {
        /// The kind of a problem.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Kind { $($(#[doc = $text])+ $name),+ }

        impl Kind {
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// Returns the name at the end of the type.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $slug),+ }
            }

            pub const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status),+ }
            }

            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title),+ }
            }

            /// Returns what it means, and what to do.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$name => concat!($($text),+)),+ }
            }
        }
    };
}

kinds! {
    /// A parameter, a header or the body cannot be read, or has a value that is not allowed. Mend the request.
    BadRequest = "bad-request" BAD_REQUEST "The request cannot be read",
    /// There is no access token, or one that is not valid here. Get one for this resource.
    Unauthorized = "unauthorized" UNAUTHORIZED "An access token is needed",
    /// The act needs a recent login of the person, or one with a second factor. Send them through a login that meets what
    /// `WWW-Authenticate` asks for (RFC 9470).
    LoginNeeded = "login-needed" UNAUTHORIZED "Another login is needed",
    /// The token was not granted a scope that this needs, or the person lacks the role for it.
    InsufficientScope = "insufficient-scope" FORBIDDEN "The scope of the token does not allow this",
    /// Nobody acts on the own account or request in office, nor support on the account of somebody who holds a role.
    NotYours = "not-yours" FORBIDDEN "This is not the actor's to decide",
    /// There is no such thing, or it is not for the holder of this token.
    NotFound = "not-found" NOT_FOUND "There is no such thing",
    /// The address has other methods: see `Allow`.
    MethodNotAllowed = "method-not-allowed" METHOD_NOT_ALLOWED "The address does not have this method",
    /// The thing is not in a state for this act, or somebody was faster. Read it again.
    Conflict = "conflict" CONFLICT "It is not, or no longer, in a state for this",
    /// It was changed since it was read: `If-Match` does not name its version. Read it again.
    PreconditionFailed = "precondition-failed" PRECONDITION_FAILED "It was changed since it was read",
    /// The body is larger than what is taken here.
    TooLarge = "too-large" PAYLOAD_TOO_LARGE "The body is too large",
    /// The body is taken as `application/json` only; as `text/csv`, where an operation takes a table.
    UnsupportedMediaType = "unsupported-media-type" UNSUPPORTED_MEDIA_TYPE "The body is of another media type",
    /// Values of the body are refused: `errors` names each with the reason.
    Invalid = "invalid" UNPROCESSABLE_ENTITY "Some values are refused",
    /// The idempotency key was used for another request. Use a new one for each act.
    KeyReused = "idempotency-key-reused" UNPROCESSABLE_ENTITY "The idempotency key was used for another request",
    /// The change needs the header `If-Match` with the `ETag` of what was read.
    PreconditionRequired = "precondition-required" PRECONDITION_REQUIRED "If-Match is needed",
    /// There were too many requests. Wait for as long as `Retry-After` says.
    TooManyRequests = "too-many-requests" TOO_MANY_REQUESTS "Too many requests",
    /// The server failed. The failure is recorded under the id of the request.
    Internal = "internal" INTERNAL_SERVER_ERROR "The server failed",
    /// A part of the service is busy or away. Wait for as long as `Retry-After` says.
    Unavailable = "unavailable" SERVICE_UNAVAILABLE "The service is busy",
}

/// A value that is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidMember {
    /// The member of the body or the parameter.
    pub member: String,
    pub reason: String,
}

/// A refusal, as it is answered.
#[derive(Debug)]
pub struct Problem {
    kind: Kind,
    detail: Option<String>,
    errors: Vec<InvalidMember>,
    retry_after: Option<u64>,
    challenge: Option<Box<Challenge>>,
}

impl Problem {
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            detail: None,
            errors: Vec::new(),
            retry_after: None,
            challenge: None,
        }
    }

    /// Says more of this one case, in English, and nothing that reveals too much.
    pub fn detailed(self, detail: impl Into<String>) -> Self {
        let detail = Some(detail.into());
        Self { detail, ..self }
    }

    /// Refuses one value.
    pub fn of_member(member: impl Into<String>, reason: impl Into<String>) -> Self {
        let (member, reason) = (member.into(), reason.into());
        Self {
            errors: vec![InvalidMember { member, reason }],
            ..Self::new(Kind::Invalid)
        }
    }

    /// Logs a failure of ours.
    pub fn internal(error: impl std::fmt::Display) -> Self {
        tracing::error!(cause = %error, "a request of a program failed");
        Self::new(Kind::Internal)
    }

    fn after(kind: Kind, seconds: u64) -> Self {
        Self {
            retry_after: Some(seconds),
            ..Self::new(kind)
        }
    }

    pub fn too_many(seconds: u64) -> Self {
        Self::after(Kind::TooManyRequests, seconds.max(1))
    }

    pub fn unavailable() -> Self {
        Self::after(Kind::Unavailable, 5)
    }

    /// Refuses a token, with the challenge of the resource `realm`.
    pub fn challenged(realm: &'static str, error: oidc::Error) -> Self {
        let kind = match error.code() {
            Code::InvalidToken | Code::InvalidDpopProof | Code::UseDpopNonce => Kind::Unauthorized,
            Code::InsufficientUserAuthentication => Kind::LoginNeeded,
            Code::InsufficientScope => Kind::InsufficientScope,
            Code::TemporarilyUnavailable => return Self::from(error),
            Code::ServerError => return Self::from(error),
            _ => Kind::BadRequest,
        };
        super::error::log(&error);
        Self {
            detail: Some(error.description().to_owned()),
            challenge: Some(Box::new(Challenge::at_resource(realm, error))),
            ..Self::new(kind)
        }
    }

    pub const fn kind(&self) -> Kind {
        self.kind
    }

    fn body(&self) -> Value {
        let mut members = Map::new();
        members.insert("type".into(), paths::api_problem(self.kind.name()).into());
        members.insert("title".into(), self.kind.title().into());
        members.insert("status".into(), self.kind.status().as_u16().into());
        if let Some(detail) = &self.detail {
            members.insert("detail".into(), detail.as_str().into());
        }
        if !self.errors.is_empty() {
            let errors = self.errors.iter();
            let errors = errors.map(|it| json!({"member": it.member, "reason": it.reason}));
            members.insert("errors".into(), errors.collect());
        }
        Value::Object(members)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.kind.status(), Json(self.body())).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(challenge) = &self.challenge {
            challenge.write(&mut response);
        }
        retry_after(&mut response, self.retry_after);
        response
    }
}

/// Puts the messages about fields into English; without a hole they say what is wrong as the pages do.
fn invalid(errors: &FieldErrors) -> Problem {
    let errors = errors.iter().map(|(member, message)| InvalidMember {
        member: (*member).to_owned(),
        reason: i18n::plain(Locale::En, message),
    });
    Problem {
        errors: errors.collect(),
        ..Problem::new(Kind::Invalid)
    }
}

impl From<oidc::Error> for Problem {
    fn from(error: oidc::Error) -> Self {
        super::error::log(&error);
        match error.code() {
            Code::TemporarilyUnavailable => Self::unavailable(),
            Code::ServerError => Self::new(Kind::Internal),
            _ => Self::new(Kind::BadRequest).detailed(error.description()),
        }
    }
}

/// Returns the refusal of an act that needs a recent login (SE-4): RFC 9470 §3 says so to the program.
fn stale() -> Problem {
    let age = session::RECENT.num_seconds().to_string();
    let error = oidc::Error::insufficient_user_authentication("The act needs a recent login");
    Problem::challenged(REALM, error.needing("max_age", age))
}

/// Returns the refusal of a person whose office needs a second factor (PW-9).
fn without_second_factor() -> Problem {
    let error = oidc::Error::insufficient_user_authentication("The office needs a second factor");
    Problem::challenged(REALM, error.needing("acr_values", Acr::SecondFactor.as_str()))
}

impl From<accounts::Error> for Problem {
    fn from(error: accounts::Error) -> Self {
        use accounts::Error;
        match error {
            Error::Fields(errors) => invalid(&errors),
            Error::Throttled { retry_after } => {
                Self::too_many(retry_after.num_seconds().max(1).unsigned_abs())
            }
            Error::Busy => Self::unavailable(),
            Error::NotFound => Self::new(Kind::NotFound),
            Error::NotTheirs => {
                Self::new(Kind::NotYours).detailed("This account is not the actor's to act on")
            }
            Error::SecondFactorRequired => without_second_factor(),
            Error::ReauthenticationNeeded | Error::SecondFactorNeeded { .. } => stale(),
            Error::LastAdministrator => {
                Self::new(Kind::Conflict).detailed("The account is that of the last administrator")
            }
            Error::AddressTaken => {
                Self::new(Kind::Conflict).detailed("The address is that of another account")
            }
            Error::Storage(source) => Self::from(oidc::Error::from(source)),
            failed @ Error::Failed(_) => Self::internal(failed),
            Error::WrongCredentials
            | Error::WrongCode
            | Error::PasswordFirst
            | Error::Conflict
            | Error::CodeVoid
            | Error::ChallengeExpired
            | Error::LinkVoid
            | Error::NoSignup
            | Error::StepMissing => Self::new(Kind::Conflict),
        }
    }
}

impl From<affiliations::Error> for Problem {
    fn from(error: affiliations::Error) -> Self {
        use affiliations::Error;
        match error {
            Error::NotFound | Error::NoLongerSeen => Self::new(Kind::NotFound),
            Error::OwnRequest => Self::new(Kind::NotYours).detailed("Nobody decides about themselves"),
            Error::DeputyMayNot => Self::new(Kind::NotYours).detailed(error.to_string()),
            Error::ReauthenticationNeeded => stale(),
            Error::SecondFactorRequired => without_second_factor(),
            Error::TooManyRequests => Self::too_many(86_400),
            Error::Throttled { seconds } => Self::too_many(seconds),
            Error::Uncounted => Self::unavailable(),
            Error::Invalid(errors) => invalid(&errors),
            Error::Storage(source) => Self::from(oidc::Error::from(source)),
            failed @ Error::Mail(_) => Self::internal(failed),
            refused @ (Error::LastFocalPoint
            | Error::OpenRequest
            | Error::InForce
            | Error::NotEntitled
            | Error::Refused(_)) => Self::new(Kind::Conflict).detailed(refused.to_string()),
            Error::Conflict => Self::new(Kind::Conflict),
        }
    }
}

impl From<ImportError> for Problem {
    fn from(error: ImportError) -> Self {
        match error {
            ImportError::Lines(problems) => {
                let lines = problems.len();
                let errors = problems.into_iter().take(SHOWN_LINES).map(|it| InvalidMember {
                    member: format!("line {}", it.line),
                    reason: it.reason,
                });
                Self {
                    errors: errors.collect(),
                    detail: Some(format!(
                        "The table has {lines} problems, and nothing of it was applied"
                    )),
                    ..Self::new(Kind::Invalid)
                }
            }
            ImportError::Room(error) => error.into(),
        }
    }
}

impl From<EditError> for Problem {
    fn from(error: EditError) -> Self {
        match error {
            EditError::Changed => Self::new(Kind::PreconditionFailed),
            EditError::Value(refused) => {
                let (column, reason) = refused.reason.split_once(' ').unwrap_or(("", &refused.reason));
                Self::of_member(column, reason)
            }
            EditError::Room(error) => error.into(),
        }
    }
}

impl From<ClientError> for Problem {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Invalid(problems) => {
                let errors = problems.into_iter().map(|it| InvalidMember {
                    member: it.member,
                    reason: it.reason,
                });
                Self {
                    errors: errors.collect(),
                    ..Self::new(Kind::Invalid)
                }
            }
            ClientError::Unknown(_) => Self::new(Kind::NotFound),
            ClientError::Conflict(_) => Self::new(Kind::PreconditionFailed),
            ClientError::NotAnOwner => Self::new(Kind::NotFound),
            ClientError::NoMend => Self::of_member("topic", error.to_string()),
            ClientError::NoAccount => Self::of_member("email", error.to_string()),
            ClientError::ReauthenticationNeeded => stale(),
            failed @ (ClientError::Mail(_) | ClientError::Failed(_)) => Self::internal(failed),
            ClientError::Exists(_)
            | ClientError::NoSecret(..)
            | ClientError::OwnerAlready
            | ClientError::TooManyOwners => Self::new(Kind::Conflict).detailed(error.to_string()),
            ClientError::WeakSecret => Self::of_member("client_secret", error.to_string()),
            ClientError::MorePowerful(_, ref scope) => {
                let refused = oidc::Error::insufficient_scope(error.to_string());
                Self::challenged(REALM, refused.needing("scope", scope)) // RFC 6750 §3
            }
            ClientError::Storage(source) => Self::from(oidc::Error::from(source)),
        }
    }
}

impl From<ReceiverError> for Problem {
    fn from(error: ReceiverError) -> Self {
        match error {
            ReceiverError::Client(error) => error.into(),
            ReceiverError::NotFound => Self::new(Kind::NotFound),
            ReceiverError::Conflict
            | ReceiverError::NoSecret
            | ReceiverError::NoToken
            | ReceiverError::TooMany => Self::new(Kind::Conflict).detailed(error.to_string()),
            ReceiverError::Invalid(member, reason) => Self::of_member(member, reason),
            ReceiverError::Database(source) => Self::from(oidc::Error::from(source)),
            failed @ ReceiverError::Keys(_) => Self::internal(failed),
        }
    }
}

impl From<audit::QueryError> for Problem {
    fn from(error: audit::QueryError) -> Self {
        use audit::QueryError;
        match error {
            QueryError::Forbidden => Self::new(Kind::NotFound),
            QueryError::Date(name) => Self {
                errors: vec![InvalidMember {
                    member: name.to_owned(),
                    reason: error.to_string(),
                }],
                ..Self::new(Kind::BadRequest)
            },
            QueryError::Cursor => Self::new(Kind::BadRequest).detailed("The cursor is not one of this list"),
            QueryError::Database(source) => Self::from(oidc::Error::from(source)),
        }
    }
}

/// Puts the refusals that no handler of an interface for programs made into its form: an unknown address, another method,
/// a panic.
impl From<&PageError> for Problem {
    fn from(error: &PageError) -> Self {
        match error.status() {
            StatusCode::NOT_FOUND => Self::new(Kind::NotFound),
            StatusCode::METHOD_NOT_ALLOWED => Self::new(Kind::MethodNotAllowed),
            StatusCode::SERVICE_UNAVAILABLE => Self::unavailable(),
            status if status.is_client_error() => Self::new(Kind::BadRequest),
            _ => Self::new(Kind::Internal),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_kind_has_a_type_of_its_own() {
        let names: BTreeSet<&str> = Kind::ALL.iter().map(|it| it.name()).collect();
        assert_eq!(names.len(), Kind::ALL.len());
        for kind in Kind::ALL {
            let response = Problem::new(*kind).into_response();
            assert_eq!(response.status(), kind.status());
            assert!(!kind.status().is_success() && !kind.meaning().trim().is_empty());
        }
    }

    #[test]
    fn a_refusal_of_a_token_is_a_challenge_and_a_problem() {
        let error = oidc::Error::insufficient_scope("x").needing("scope", "admin:audit:read");
        let response = Problem::challenged(REALM, error).into_response();
        assert_eq!(response.status(), StatusCode::FORBIDDEN);
        let challenge = &response.headers()[header::WWW_AUTHENTICATE];
        let challenge = challenge.to_str().expect("ASCII");
        assert!(challenge.contains("error=\"insufficient_scope\"") && challenge.contains("admin:audit:read")); // RFC 6750 §3
        assert_eq!(
            response.headers()[header::CONTENT_TYPE],
            "application/problem+json"
        );
    }
}
