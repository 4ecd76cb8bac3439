//! Answers refusals. A protocol error is JSON, a `WWW-Authenticate` challenge or a page, by the endpoint; a refusal of
//! a page is a page. The cause is logged here, once, and never shown (security.md G-11; RFC 6749 §5.2, RFC 6750 §3).

use std::sync::Arc;

use axum::Json;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::extract::form::FormError;
use crate::domain::ClientId;
use crate::domain::client::SigningAlg;
use crate::i18n::Locale;
use crate::oidc::{self, Code, dpop};
use crate::{accounts, affiliations, sealed};

/// Answers in JSON, as the token endpoint and its like do (RFC 6749 §5.2).
impl IntoResponse for oidc::Error {
    fn into_response(self) -> Response {
        log(&self);
        let body = json!({ "error": self.code().as_str(), "error_description": self.description() });
        let mut response = (status(&self), Json(body)).into_response();
        if self.code() == Code::InvalidClient {
            // RFC 6749 §5.2: a 401 names the scheme to authenticate with.
            response.headers_mut().insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Basic realm=\"client\", charset=\"UTF-8\""),
            );
        }
        retry_after(&mut response, self.retry_after());
        response
    }
}

/// The challenge with which a protected resource answers (RFC 6750 §3).
#[derive(Debug)]
pub struct Challenge {
    error: oidc::Error,
    realm: &'static str,
    /// `true` if the resource takes bound tokens, too.
    with_proofs: bool,
}

impl Challenge {
    pub fn new(realm: &'static str, error: oidc::Error) -> Self {
        Self {
            error,
            realm,
            with_proofs: false,
        }
    }

    /// Returns the challenge of a resource that takes bound tokens, too.
    pub fn at_resource(realm: &'static str, error: oidc::Error) -> Self {
        Self {
            with_proofs: true,
            ..Self::new(realm, error)
        }
    }

    pub const fn error(&self) -> &oidc::Error {
        &self.error
    }

    /// Returns the status of the answer.
    pub fn status(&self) -> StatusCode {
        if self.is_of_proof() {
            StatusCode::UNAUTHORIZED // RFC 9449 §7.1
        } else {
            status(&self.error)
        }
    }

    fn is_of_proof(&self) -> bool {
        matches!(self.error.code(), Code::InvalidDpopProof | Code::UseDpopNonce)
    }

    /// Writes the challenge into an answer, whatever its body.
    pub fn write(&self, response: &mut Response) {
        let Self { error, realm, .. } = self;
        // The description's characters are those of a quoted string: `oidc::Error` sees to it.
        let mut parameters = if error.is_bare() {
            String::new()
        } else {
            format!(
                ", error=\"{}\", error_description=\"{}\"",
                error.code().as_str(),
                error.description()
            )
        };
        for (name, value) in error.needs() {
            parameters.push_str(&format!(", {name}=\"{value}\""));
        }
        let bearer = format!("Bearer realm=\"{realm}\"");
        let algs = dpop::ALGS.map(SigningAlg::as_str).join(" ");
        let dpop = format!("{} realm=\"{realm}\", algs=\"{algs}\"", dpop::SCHEME);
        // RFC 9449 §7.2: a resource that takes both schemes names both; the error goes with its own.
        let challenges = match (self.is_of_proof(), self.with_proofs) {
            (true, _) => vec![dpop + &parameters],
            (false, true) => vec![bearer + &parameters, dpop],
            (false, false) => vec![bearer + &parameters],
        };
        for challenge in challenges.iter().filter_map(|it| HeaderValue::from_str(it).ok()) {
            response.headers_mut().append(header::WWW_AUTHENTICATE, challenge);
        }
    }
}

impl IntoResponse for Challenge {
    fn into_response(self) -> Response {
        let mut response = self.error.clone().into_response();
        *response.status_mut() = self.status();
        self.write(&mut response);
        response
    }
}

impl From<oidc::Error> for Challenge {
    fn from(error: oidc::Error) -> Self {
        Self::at_resource("userinfo", error)
    }
}

impl From<FormError> for oidc::Error {
    fn from(error: FormError) -> Self {
        Self::invalid_request(error.to_string())
    }
}

/// The reasons why there is no page, or not the one asked for. `pages::errors` shows it in the visitor's language.
#[derive(Clone, Debug)]
pub enum PageError {
    NotFound,
    MethodNotAllowed,
    Form(FormError),
    /// The token of the form is not this browser's: cookies were cleared, or the page is old.
    FormExpired,
    /// The form was sent from a page of somebody else (security.md BR-1).
    ForeignForm,
    SignedOut,
    /// The login is too old for this page (security.md SE-2, SE-4).
    StaleLogin,
    /// The deployment demands a second factor of the person's office, which the account lacks.
    SecondFactorRequired,
    /// The account has one, and this session was begun without it.
    SecondFactorMissing,
    /// The address of the account is to be verified first.
    EmailUnverified,
    /// A new version of the Terms of Use is to be accepted first.
    TermsDue,
    /// The account is to be deleted: the person keeps it first.
    Leaving,
    /// The person sees the account pages of somebody else, and this is none of them (security.md AD-12).
    Viewing,
    /// The view of somebody's account is over, and whoever looked has yet to read it.
    ViewOver,
    /// The request of a service that this page was part of, by its handle, is answered or too old; without a handle
    /// the page was opened outside of any request.
    RequestOver(Option<String>),
    /// The language menu sent the form, which is no error. The page comes again in that language, with everything that
    /// was typed.
    LanguageChosen(Locale),
    /// The page's handle is not this browser's; if it is another's, the request starts over here.
    OtherBrowser(String),
    /// Fields were refused, and the form that they came from is not at hand to be shown again (security.md G-11).
    Invalid,
    /// Somebody else was faster (security.md G-9).
    Conflict,
    /// The thing was visible and is so no more: 409 to a person who acts on it, 404 to one who only looks. The layer
    /// that draws the page decides which of the two it is (security.md G-9).
    NoLongerSeen,
    /// The person would decide about themselves (security.md AF-2).
    Forbidden,
    TooMany {
        seconds: u64,
    },
    Busy,
    /// A request of a service that cannot be answered with a redirect (security.md AZ-1).
    Protocol(oidc::Error),
    Internal(Arc<dyn std::error::Error + Send + Sync>),
}

impl PageError {
    pub fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(Arc::from(source.into()))
    }

    pub fn status(&self) -> StatusCode {
        match self {
            Self::NotFound | Self::NoLongerSeen => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Form(error) => error.status(),
            Self::FormExpired | Self::ForeignForm | Self::Forbidden | Self::Viewing => StatusCode::FORBIDDEN,
            Self::SignedOut
            | Self::StaleLogin
            | Self::SecondFactorRequired
            | Self::SecondFactorMissing
            | Self::EmailUnverified
            | Self::TermsDue
            | Self::Leaving
            | Self::ViewOver => StatusCode::UNAUTHORIZED,
            Self::RequestOver(_) => StatusCode::GONE,
            Self::OtherBrowser(_) => StatusCode::BAD_REQUEST,
            Self::LanguageChosen(_) => StatusCode::SEE_OTHER,
            Self::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Conflict => StatusCode::CONFLICT,
            Self::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Protocol(error) => status(error),
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Returns the error as an answer to a request of this method.
    pub fn to_method(self, method: &Method) -> Self {
        match self {
            Self::NoLongerSeen if method.is_safe() => Self::NotFound,
            Self::NoLongerSeen => Self::Conflict,
            other => other,
        }
    }

    pub fn retry_after(&self) -> Option<u64> {
        match self {
            Self::TooMany { seconds } => Some(*seconds),
            Self::Busy => Some(5),
            Self::Protocol(error) => error.retry_after(),
            _ => None,
        }
    }
}

/// Answers without a page yet: the layer `pages::errors::show` draws it.
impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        match &self {
            Self::Internal(source) => {
                tracing::error!(cause = %chain(source.as_ref()), "a page failed")
            }
            Self::Protocol(error) => log(error),
            Self::Form(error) => tracing::info!(%error, "refused"),
            _ => {}
        }
        let mut response = self.status().into_response();
        retry_after(&mut response, self.retry_after());
        response.extensions_mut().insert(self);
        response
    }
}

impl From<FormError> for PageError {
    fn from(error: FormError) -> Self {
        Self::Form(error)
    }
}

impl From<accounts::Error> for PageError {
    fn from(error: accounts::Error) -> Self {
        match error {
            accounts::Error::Throttled { retry_after } => Self::TooMany {
                seconds: retry_after.num_seconds().max(1).unsigned_abs(),
            },
            accounts::Error::Busy => Self::Busy,
            accounts::Error::Conflict
            | accounts::Error::AddressTaken
            | accounts::Error::LastAdministrator => Self::Conflict,
            accounts::Error::NotFound => Self::NotFound,
            accounts::Error::NotTheirs => Self::Forbidden,
            accounts::Error::SecondFactorRequired => Self::SecondFactorRequired,
            accounts::Error::ReauthenticationNeeded | accounts::Error::SecondFactorNeeded { .. } => {
                Self::StaleLogin
            }
            accounts::Error::Storage(source) => Self::from_store(source.into()),
            accounts::Error::Fields(_)
            | accounts::Error::WrongCredentials
            | accounts::Error::WrongCode
            | accounts::Error::PasswordFirst => Self::Invalid,
            // The code or ticket behind the form has ended meanwhile.
            accounts::Error::CodeVoid
            | accounts::Error::ChallengeExpired
            | accounts::Error::LinkVoid
            | accounts::Error::NoSignup
            | accounts::Error::StepMissing => Self::Conflict,
            failed @ accounts::Error::Failed(_) => Self::internal(failed),
        }
    }
}

impl From<affiliations::Error> for PageError {
    fn from(error: affiliations::Error) -> Self {
        use affiliations::Error;
        match error {
            Error::NotFound => Self::NotFound,
            Error::NoLongerSeen => Self::NoLongerSeen,
            Error::OwnRequest | Error::DeputyMayNot => Self::Forbidden,
            Error::ReauthenticationNeeded => Self::StaleLogin,
            Error::SecondFactorRequired => Self::SecondFactorRequired,
            Error::TooManyRequests => Self::TooMany { seconds: 86_400 },
            Error::Throttled { seconds } => Self::TooMany { seconds },
            Error::Uncounted => Self::Busy,
            Error::Storage(source) => Self::from_store(source.into()),
            Error::Conflict
            | Error::LastFocalPoint
            | Error::OpenRequest
            | Error::InForce
            | Error::NotEntitled
            | Error::Refused(_) => Self::Conflict,
            Error::Invalid(_) => Self::Invalid,
            failed @ Error::Mail(_) => Self::internal(failed),
        }
    }
}

impl PageError {
    /// Distinguishes a passing conflict from a failure, as the protocol's error does (security.md ST-3).
    pub fn from_store(error: oidc::Error) -> Self {
        match error.code() {
            Code::TemporarilyUnavailable => Self::Busy,
            _ => Self::internal(error),
        }
    }
}

impl From<sealed::Error> for PageError {
    fn from(error: sealed::Error) -> Self {
        match error {
            sealed::Error::Store(source) => Self::from_store(source.into()),
            failed @ sealed::Error::Seal(_) => Self::internal(failed),
        }
    }
}

impl From<oidc::Error> for PageError {
    fn from(error: oidc::Error) -> Self {
        Self::Protocol(error)
    }
}

fn status(error: &oidc::Error) -> StatusCode {
    StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST)
}

pub(super) fn retry_after(response: &mut Response, seconds: Option<u64>) {
    if let Some(seconds) = seconds {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
}

/// Logs an error with the data by which the owner of a service finds their mistake: the client, what came, what is
/// registered.
pub(super) fn log(error: &oidc::Error) {
    let cause = error.cause().unwrap_or_default();
    let client = error.client().map(ClientId::as_str);
    let mismatch = error.mismatch();
    let parameter = mismatch.map(|it| it.parameter.as_str());
    let received = mismatch.map(|it| it.received.as_str());
    let registered = mismatch.map(|it| it.registered.join(" "));
    match error.code() {
        Code::ServerError => tracing::error!(%error, cause, client, "a request failed"),
        _ => tracing::info!(%error, cause, client, parameter, received, registered, "refused"),
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text = format!("{text}: {source}");
        next = source.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::profile::FieldErrors;

    #[test]
    fn what_somebody_typed_is_no_failure_of_ours() {
        // G-11: a handler may forget to show its form again.
        let wrong = || FieldErrors::from([("reason", "error.too_long")]);
        let of_affiliations = [
            (affiliations::Error::Invalid(wrong()), 422),
            (affiliations::Error::NotFound, 404),
            (affiliations::Error::OwnRequest, 403),
            (affiliations::Error::DeputyMayNot, 403),
            (affiliations::Error::ReauthenticationNeeded, 401),
            (affiliations::Error::SecondFactorRequired, 401),
            (affiliations::Error::Conflict, 409),
            (affiliations::Error::LastFocalPoint, 409),
            (affiliations::Error::OpenRequest, 409),
            (affiliations::Error::InForce, 409),
            (affiliations::Error::NotEntitled, 409),
            (affiliations::Error::Refused("gone"), 409),
            (affiliations::Error::TooManyRequests, 429),
            (affiliations::Error::Throttled { seconds: 9 }, 429),
        ];
        let seen_no_more = || PageError::from(affiliations::Error::NoLongerSeen);
        assert_eq!(seen_no_more().to_method(&Method::GET).status(), 404);
        assert_eq!(seen_no_more().to_method(&Method::POST).status(), 409);
        for (error, status) in of_affiliations {
            let name = format!("{error:?}");
            assert_eq!(PageError::from(error).status(), status, "{name}");
        }
        let of_accounts = [
            (accounts::Error::Fields(wrong()), 422),
            (accounts::Error::WrongCredentials, 422),
            (accounts::Error::WrongCode, 422),
            (accounts::Error::PasswordFirst, 422),
            (accounts::Error::CodeVoid, 409),
            (accounts::Error::ChallengeExpired, 409),
            (accounts::Error::LinkVoid, 409),
            (accounts::Error::NoSignup, 409),
            (accounts::Error::StepMissing, 409),
            (accounts::Error::ReauthenticationNeeded, 401),
            (accounts::Error::SecondFactorRequired, 401),
        ];
        for (error, status) in of_accounts {
            let name = format!("{error:?}");
            assert_eq!(PageError::from(error).status(), status, "{name}");
        }
    }
}
