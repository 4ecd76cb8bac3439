//! The answer to an authorization request, good or bad: one type, whatever way it travels
//! (RFC 6749 §4.1.2, RFC 9207, OAuth 2.0 Form Post Response Mode, JARM).

use chrono::Duration;
use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::app::App;
use crate::domain::authorization::{AuthorizationRequest, ResponseMode};
use crate::domain::client::SigningAlg;
use crate::domain::{ClientId, TestLoginId};
use crate::jose::jwe::Content;
use crate::oidc::{Error, Result, client_keys, session_state};
use crate::random;

/// The lifetime of the JWT. JARM §2.1: at most ten minutes; longer than a code needs for its way.
const LIFETIME: Duration = Duration::minutes(5);

/// The target of the answer: settled as soon as client and redirect URI are.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    pub client_id: ClientId,
    pub redirect_uri: String,
    pub mode: ResponseMode,
    pub state: Option<String>,
    pub test_login: Option<TestLoginId>,
}

/// The response that the browser carries to the service. `http` decides how.
#[derive(Clone, Debug)]
pub struct AuthorizationResponse {
    pub client_id: ClientId,
    pub redirect_uri: String,
    pub mode: ResponseMode,
    pub parameters: Vec<(&'static str, String)>,
    /// The error of a refusal, for the log.
    pub error: Option<Error>,
    /// The test login that it ends: the browser carries none of it (security.md AD-11).
    pub test_login: Option<TestLoginId>,
    /// `true` if it states a login by OpenID Connect, whose end the service may watch for in the browser.
    is_watched: bool,
}

/// The refusal of a request: its reason, and the party that it is shown to.
#[derive(Debug)]
pub enum Rejection {
    /// No client can be answered: a page of ours shows the error to the person.
    Page(Error),
    Answer(Box<AuthorizationResponse>),
}

impl Rejection {
    /// Returns the error, whomever it is shown to.
    pub fn error(&self) -> Option<&Error> {
        match self {
            Self::Page(error) => Some(error),
            Self::Answer(answer) => answer.error.as_ref(),
        }
    }

    /// Returns the error for a client that is answered directly.
    pub fn into_error(self) -> Error {
        match self {
            Self::Page(error) => error,
            Self::Answer(answer) => answer
                .error
                .unwrap_or_else(|| Error::invalid_request("The request is refused")),
        }
    }
}

impl From<&AuthorizationRequest> for Target {
    fn from(request: &AuthorizationRequest) -> Self {
        Self {
            client_id: request.client_id.clone(),
            redirect_uri: request.redirect_uri.clone(),
            mode: request.response_mode,
            state: request.state.clone(),
            test_login: request.test_login.clone(),
        }
    }
}

impl Target {
    /// Makes the answer that succeeds. RFC 9207 §2: `issuer` in every answer lets a client of several providers
    /// identify the one that answered.
    pub fn success(
        self,
        issuer: &str,
        openid: bool,
        granted: Vec<(&'static str, String)>,
    ) -> AuthorizationResponse {
        let mut answer = self.answer(issuer, granted, None);
        answer.is_watched = openid;
        answer
    }

    pub fn refusal(self, issuer: &str, error: Error) -> AuthorizationResponse {
        let parameters = vec![
            ("error", error.code().as_str().to_owned()),
            ("error_description", error.description().to_owned()),
        ];
        self.answer(issuer, parameters, Some(error))
    }

    fn answer(
        self,
        issuer: &str,
        mut parameters: Vec<(&'static str, String)>,
        error: Option<Error>,
    ) -> AuthorizationResponse {
        parameters.extend(self.state.map(|it| ("state", it)));
        parameters.push(("iss", issuer.to_owned()));
        AuthorizationResponse {
            client_id: self.client_id,
            redirect_uri: self.redirect_uri,
            mode: self.mode,
            parameters,
            error,
            test_login: self.test_login,
            is_watched: false,
        }
    }
}

impl AuthorizationResponse {
    /// Returns the code, before the answer is sealed.
    pub fn code(&self) -> Option<&str> {
        let code = self.parameters.iter().find(|(name, _)| *name == "code");
        code.map(|(_, it)| it.as_str())
    }

    /// Adds `session_state` (OpenID Connect Session Management 1.0 §2), if the response states a login.
    pub fn watched(mut self, browser_state: Option<&str>) -> Self {
        let origin = session_state::origin(&self.redirect_uri);
        if let (true, Some(state), Some(origin)) = (self.is_watched, browser_state, origin) {
            let value = session_state::of(self.client_id.as_str(), &origin, state, &random::token());
            self.parameters.push(("session_state", value));
        }
        self
    }

    /// Seals the response, where the client asked for that: as one JWT that says who made it, for whom and until
    /// when, and nothing beside it (JARM §2.1, §2.3).
    pub async fn sealed(mut self, app: &App) -> Result<Self> {
        if !self.mode.is_signed() {
            return Ok(self);
        }
        let mut claims: Map<String, Value> = self
            .parameters
            .drain(..)
            .map(|(name, value)| (name.to_owned(), value.into()))
            .collect();
        claims.insert("iss".into(), app.config.issuer.as_str().into());
        claims.insert("aud".into(), self.client_id.as_str().into());
        claims.insert("exp".into(), (app.clock.now() + LIFETIME).timestamp().into());
        let client = app.registry.find(self.client_id.as_str());
        let alg = client.as_ref().map_or(SigningAlg::RS256, |it| it.response_alg()); // JARM §3: its default
        let jwt = app.keys.sign(alg, "JWT", &Value::Object(claims));
        let mut jwt = jwt.map_err(Error::internal)?;
        if let Some(client) = &client
            && let Some(how) = client.metadata.authorization_encryption()
        {
            jwt = client_keys::encrypt(app, client, Content::Jws(&jwt), how).await?;
        }
        self.parameters.push(("response", jwt));
        Ok(self)
    }

    /// Returns the address to redirect to; `None` if a page posts the response.
    pub fn location(&self) -> Option<String> {
        let separator = match self.mode {
            // RFC 6749 §3.1.2: the query of the registered address is kept.
            ResponseMode::FormPost | ResponseMode::FormPostJwt => return None,
            ResponseMode::Fragment | ResponseMode::FragmentJwt => "#",
            _ if self.redirect_uri.ends_with(['?', '&']) => "",
            _ if self.redirect_uri.contains('?') => "&",
            _ => "?",
        };
        let encoded = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&self.parameters)
            .finish();
        Some(format!("{}{separator}{encoded}", self.redirect_uri))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(redirect_uri: &str, mode: ResponseMode) -> Target {
        Target {
            client_id: ClientId::new("c"),
            redirect_uri: redirect_uri.to_owned(),
            mode,
            state: Some("a b&c=%20\u{e9}".to_owned()),
            test_login: None,
        }
    }

    #[test]
    fn an_answer_keeps_the_registered_query_and_carries_state_and_issuer() {
        let answer = target("https://a.example/cb?bar=foo", ResponseMode::Query).success(
            "https://op.example",
            true,
            vec![("code", "ac_1".to_owned())],
        );
        let location = answer.location().expect("a redirect");
        let url = url::Url::parse(&location).expect("a URL");
        let pairs: Vec<_> = url
            .query_pairs()
            .map(|(k, v)| (k.into_owned(), v.into_owned()))
            .collect();
        let expected = [
            ("bar", "foo"),
            ("code", "ac_1"),
            ("state", "a b&c=%20\u{e9}"), // AZ-11: byte for byte
            ("iss", "https://op.example"),
        ];
        assert_eq!(pairs, expected.map(|(k, v)| (k.to_owned(), v.to_owned())));
    }

    #[test]
    fn each_mode_has_its_place() {
        let refuse = |mode| {
            target("https://a.example/cb", mode)
                .refusal("https://op.example", Error::login_required("Log in"))
        };
        let fragment = refuse(ResponseMode::Fragment).location().expect("a redirect");
        assert!(fragment.starts_with("https://a.example/cb#error=login_required&"));
        assert!(
            refuse(ResponseMode::Query)
                .location()
                .expect("a redirect")
                .contains("?error=")
        );
        assert_eq!(refuse(ResponseMode::FormPost).location(), None);
    }
}
