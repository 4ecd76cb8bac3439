//! The steps of a test login after the person has answered: the response, the token request, userinfo. Each is done by the room
//! that does it for every client, and described without its credentials.

use super::decoding::{self, Expected, check, decode};
use super::proof::Proof;
use super::report::{CheckKind, Name, Parameter, Step, StepKind, Token};
use crate::app::App;
use crate::domain::client::Client;
use crate::oidc::authorization::response::AuthorizationResponse;
use crate::oidc::resource::PresentedToken;
use crate::oidc::token::{self, TokenResponse};
use crate::oidc::userinfo::{self, Userinfo};
use crate::oidc::{Error, RequestPairs, Result, dpop, endpoints};

/// The test as it goes on: who the client is, and what its request said.
pub struct Test<'a> {
    pub app: &'a App,
    pub client: &'a Client,
    pub redirect_uri: &'a str,
    pub state: &'a str,
    pub nonce: &'a str,
    pub verifier: &'a str,
}

/// What the client holds after the response, or after the token request.
#[derive(Default)]
pub struct Held {
    pub code: Option<String>,
    pub access_token: Option<String>,
    /// The `sub` of an ID token that can be read.
    pub sub: Option<String>,
}

impl Test<'_> {
    /// Describes the response, as the client would get it.
    pub async fn response(&self, answer: AuthorizationResponse) -> (Step, Held) {
        let mut step = Step::new(StepKind::Response).request("GET", self.redirect_uri.to_owned());
        let value = |name: &str| {
            let found = answer.parameters.iter().find(|it| it.0 == name);
            found.map(|it| it.1.clone())
        };
        let held = Held {
            code: value("code"),
            access_token: value("access_token"),
            sub: None,
        };
        if answer.mode.is_signed() {
            match answer.clone().sealed(self.app).await {
                Ok(sealed) => {
                    for (_, jwt) in sealed.parameters {
                        step.received.push(Parameter::hidden(Name::Response));
                        let (mut token, claims) = decode(self.app, Name::Response, &jwt, "JWT");
                        if let Some(claims) = claims {
                            token
                                .checks
                                .extend(decoding::of_us(self.app, self.client, &claims));
                        }
                        step.tokens.push(token);
                    }
                }
                Err(error) => return (failed(step, &error), held),
            }
        } else {
            let shown = answer
                .parameters
                .iter()
                .filter_map(|(name, value)| Some(shown(Name::parse(name)?, value)));
            step.received.extend(shown);
        }
        let issuer = self.app.config.issuer.as_str();
        step.checks = vec![
            check(CheckKind::State, value("state").as_deref() == Some(self.state)),
            check(CheckKind::Issuer, value("iss").as_deref() == Some(issuer)), // RFC 9207 §2.4
        ];
        if let Some(error) = &answer.error {
            return (step.refused(error), held);
        }
        let access_token = held.access_token.as_deref();
        let mut sub = None;
        if let Some(token) = access_token {
            step.tokens.push(self.access_token(token));
        }
        if let Some(token) = value("id_token") {
            let (token, said) = self.id_token(&token, (access_token, held.code.as_deref()));
            step.tokens.push(token);
            sub = said;
        }
        (step, Held { sub, ..held })
    }

    /// Redeems the code in the place of the client.
    pub async fn tokens(&self, code: &str, proof: &Proof) -> (Step, Option<TokenResponse>) {
        let url = self.app.config.issuer.at(endpoints::TOKEN);
        let mut step = Step::new(StepKind::Token).request("POST", url.clone());
        step.sent = vec![
            Parameter::new(Name::GrantType, "authorization_code"),
            Parameter::hidden(Name::Code),
            Parameter::new(Name::RedirectUri, self.redirect_uri),
            Parameter::hidden(Name::CodeVerifier),
        ];
        if proof.is_dpop() {
            step.sent.push(Parameter::hidden(Name::Dpop));
        }
        match self.redeemed(code, proof, &url).await {
            Ok(tokens) => {
                self.describe(&mut step, &tokens);
                (step, Some(tokens))
            }
            Err(error) => (failed(step, &error), None),
        }
    }

    async fn redeemed(&self, code: &str, proof: &Proof, url: &str) -> Result<TokenResponse> {
        let pairs = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", self.redirect_uri),
            ("code_verifier", self.verifier),
        ];
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let parameters = RequestPairs::of_query(pairs.into()).into_parameters()?;
        let presented = proof.of(self.app, ("POST", url), None)?;
        token::exchange_in_test(self.app, self.client, &parameters, &presented).await
    }

    fn describe(&self, step: &mut Step, tokens: &TokenResponse) {
        step.received = vec![
            Parameter::hidden(Name::AccessToken),
            Parameter::new(Name::TokenType, tokens.token_type),
            Parameter::new(Name::ExpiresIn, tokens.expires_in.to_string()),
            Parameter::new(Name::Scope, tokens.scope.to_string()),
        ];
        step.tokens.push(self.access_token(&tokens.access_token));
        if tokens.refresh_token.is_some() {
            step.received.push(Parameter::hidden(Name::RefreshToken));
        }
        if let Some(token) = &tokens.id_token {
            step.received.push(Parameter::hidden(Name::IdToken));
            let (token, _) = self.id_token(token, (Some(&tokens.access_token), None));
            step.tokens.push(token);
        }
    }

    /// Asks userinfo with the access token. The `sub` must be that of the ID token (OpenID Connect Core §5.3.2).
    pub async fn userinfo(&self, access_token: &str, sub: Option<&str>, proof: &Proof) -> Step {
        let url = self.app.config.issuer.at(endpoints::USERINFO);
        let mut step = Step::new(StepKind::Userinfo).request("GET", url.clone());
        step.sent = vec![Parameter::hidden(Name::Authorization)];
        if proof.is_dpop() {
            step.sent.push(Parameter::hidden(Name::Dpop));
        }
        let answer = match self.claims(access_token, proof, &url).await {
            Ok(answer) => answer,
            Err(error) => return failed(step, &error),
        };
        let claims = match answer {
            Userinfo::Json(claims) => {
                step.body = Some(decoding::pretty(&claims));
                Some(claims)
            }
            Userinfo::Jwt(jwt) => {
                let (mut token, claims) = decode(self.app, Name::Response, &jwt, "JWT");
                if let Some(claims) = &claims {
                    token
                        .checks
                        .extend(decoding::of_us(self.app, self.client, claims));
                }
                step.tokens.push(token);
                claims
            }
        };
        if let (Some(claims), Some(sub)) = (claims, sub) {
            step.checks
                .push(check(CheckKind::Subject, claims["sub"].as_str() == Some(sub)));
        }
        step
    }

    async fn claims(&self, access_token: &str, proof: &Proof, url: &str) -> Result<Userinfo> {
        let scheme = if proof.is_dpop() { dpop::SCHEME } else { "Bearer" };
        let header = format!("{scheme} {access_token}");
        let presented = PresentedToken {
            authorization: Some(&header),
            body: None,
            in_query: false,
            proof: proof.of(self.app, ("GET", url), Some(access_token))?,
        };
        userinfo::answer(self.app, presented).await
    }

    fn access_token(&self, token: &str) -> Token {
        decode(self.app, Name::AccessToken, token, "at+jwt").0
    }

    fn id_token(
        &self,
        token: &str,
        (access_token, code): (Option<&str>, Option<&str>),
    ) -> (Token, Option<String>) {
        let expected = Expected {
            nonce: self.nonce,
            access_token,
            code,
        };
        decoding::id_token(self.app, self.client, token, &expected)
    }

    /// Returns the `sub` of the ID token that a token response has.
    pub fn subject_of(&self, tokens: &TokenResponse) -> Option<String> {
        let token = tokens.id_token.as_deref()?;
        self.id_token(token, (None, None)).1
    }
}

/// Describes a parameter of a response; those that could be used are not shown.
fn shown(name: Name, value: &str) -> Parameter {
    match name {
        Name::Code | Name::AccessToken | Name::IdToken => Parameter::hidden(name),
        _ => Parameter::new(name, value),
    }
}

/// Describes a refusal. What failed here is logged, as everywhere.
fn failed(step: Step, error: &Error) -> Step {
    if let Some(cause) = error.cause() {
        tracing::warn!(cause, "a step of a test login failed");
    }
    step.refused(error)
}
