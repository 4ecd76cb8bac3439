//! A client of OpenID Connect: the requests that it builds and sends. It sends them by hand where a module breaks a
//! standard, and through the `openidconnect` crate where an ordinary service would.

use crate::config;
use crate::http::{Answer, Http, RelyingPartyHttp, encode};
use crate::provider::{Provider, explain};
use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use josekit::jwk::alg::rsa::RsaKeyPair;
use josekit::jws::{self, JwsHeader, RS256};
use openidconnect::core::{CoreClient, CoreTokenResponse};
use openidconnect::{
    AuthType, AuthorizationCode, ClientId, ClientSecret, CsrfToken, Nonce, OAuth2TokenResponse,
    PkceCodeVerifier, RedirectUrl, TokenResponse,
};
use serde_json::Value;
use std::sync::{Arc, LazyLock};
use url::form_urlencoded::byte_serialize;

pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A key of a client that the checker registers.
#[derive(Clone)]
pub struct Key {
    pair: Arc<RsaKeyPair>,
    /// `None`, as the suite's clients have it, makes the provider find the key by its type and use.
    kid: Option<&'static str>,
}

static NAMELESS: LazyLock<Arc<RsaKeyPair>> =
    LazyLock::new(|| Arc::new(RS256.generate_key_pair(2048).expect("OpenSSL makes RSA keys")));

impl Key {
    /// Returns the key that all clients share.
    pub fn nameless() -> Self {
        Self {
            pair: NAMELESS.clone(),
            kid: None,
        }
    }

    pub fn named(kid: &'static str) -> Result<Self> {
        Ok(Self {
            pair: Arc::new(RS256.generate_key_pair(2048)?),
            kid: Some(kid),
        })
    }

    pub fn public(&self) -> Value {
        let mut members = self.pair.to_jwk_public_key().as_ref().clone();
        members.remove("kid");
        members.insert("use".into(), "sig".into());
        members.insert("alg".into(), "RS256".into());
        if let Some(kid) = self.kid {
            members.insert("kid".into(), kid.into());
        }
        Value::Object(members)
    }

    /// Signs the claims by RS256.
    pub fn sign(&self, claims: &Value) -> Result<String> {
        let signer = RS256.signer_from_der(self.pair.to_der_private_key())?;
        let mut header = JwsHeader::new();
        if let Some(kid) = self.kid {
            header.set_key_id(kid);
        }
        Ok(jws::serialize_compact(
            claims.to_string().as_bytes(),
            &header,
            &signer,
        )?)
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key({:?})", self.kid)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthMethod {
    SecretBasic,
    SecretPost,
    PrivateKeyJwt,
}

impl AuthMethod {
    pub fn name(self) -> &'static str {
        match self {
            Self::SecretBasic => "client_secret_basic",
            Self::SecretPost => "client_secret_post",
            Self::PrivateKeyJwt => "private_key_jwt",
        }
    }
}

#[derive(Clone, Debug)]
pub struct Client {
    pub settings: config::Client,
    pub method: AuthMethod,
    /// The audience of its assertions; none: the token endpoint.
    pub audience: Option<String>,
    pub key: Key,
}

/// A code to be redeemed, and what its authorization request was bound to.
pub struct Redemption<'a> {
    pub code: &'a str,
    pub nonce: Option<&'a str>,
    pub verifier: Option<&'a str>,
}

/// An authorization request as an ordered list of parameters, so that a module may change any of it.
#[derive(Clone, Debug)]
pub struct Request {
    pub params: Vec<(String, String)>,
}

impl Request {
    pub fn set(&mut self, name: &str, value: impl Into<String>) -> &mut Self {
        let value = value.into();
        match self.params.iter_mut().find(|(key, _)| key == name) {
            Some(pair) => pair.1 = value,
            None => self.params.push((name.to_owned(), value)),
        }
        self
    }

    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.set(name, value);
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.params.retain(|(key, _)| key != name);
        self
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.params
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    pub fn url(&self, endpoint: &str) -> String {
        let joint = if endpoint.contains('?') { '&' } else { '?' };
        format!("{endpoint}{joint}{}", encode(&self.params))
    }
}

/// Returns random letters, digits, `-` and `_`, exactly so many.
pub fn random_text(length: usize) -> String {
    let bytes = u32::try_from(length).unwrap_or(128);
    let mut text = CsrfToken::new_random_len(bytes).secret().clone();
    text.truncate(length);
    text
}

/// Returns an unsigned request object (OpenID Connect Core §6.1).
pub fn unsigned(claims: &Value) -> String {
    let part = |it: &Value| URL_SAFE_NO_PAD.encode(it.to_string());
    format!("{}.{}.", part(&serde_json::json!({"alg": "none"})), part(claims))
}

impl Client {
    pub fn new(settings: &config::Client, method: AuthMethod) -> Self {
        Self {
            settings: settings.clone(),
            method,
            audience: None,
            key: Key::nameless(),
        }
    }

    pub fn id(&self) -> &str {
        &self.settings.client_id
    }

    fn secret(&self) -> Option<ClientSecret> {
        let by_secret = self.method != AuthMethod::PrivateKeyJwt;
        by_secret.then(|| ClientSecret::new(self.settings.client_secret.clone()))
    }

    /// Signs a client assertion (RFC 7523 §2.2).
    fn assertion(&self, endpoint: &str) -> Result<[(&'static str, String); 2]> {
        let now = crate::checks::common::now();
        let audience = self.audience.as_deref().unwrap_or(endpoint);
        let claims = serde_json::json!({"iss": self.id(), "sub": self.id(), "aud": audience,
            "jti": random_text(20), "iat": now, "exp": now + 60});
        let assertion = self.key.sign(&claims)?;
        Ok([
            ("client_assertion_type", ASSERTION_TYPE.to_owned()),
            ("client_assertion", assertion),
        ])
    }

    pub async fn token_request(
        &self,
        http: &Http,
        provider: &Provider,
        params: &[(&str, &str)],
    ) -> Result<Answer> {
        let endpoint = provider
            .endpoint("token_endpoint")
            .context("the metadata has no token_endpoint")?;
        self.post(http, endpoint, params).await
    }

    /// Posts a form to an endpoint where clients authenticate.
    pub async fn post(&self, http: &Http, endpoint: &str, params: &[(&str, &str)]) -> Result<Answer> {
        let mut form: Vec<(String, String)> = params
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let accept = ("accept", "application/json");
        match self.method {
            AuthMethod::SecretBasic => {
                // RFC 6749 §2.3.1: both are form-encoded before they are put together.
                let half = |it: &str| byte_serialize(it.as_bytes()).collect::<String>();
                let pair = format!("{}:{}", half(self.id()), half(&self.settings.client_secret));
                let credentials = format!("Basic {}", STANDARD.encode(pair));
                http.post_form(endpoint, &form, &[accept, ("authorization", &credentials)])
                    .await
            }
            AuthMethod::SecretPost => {
                form.push(("client_id".into(), self.id().to_owned()));
                form.push(("client_secret".into(), self.settings.client_secret.clone()));
                http.post_form(endpoint, &form, &[accept]).await
            }
            AuthMethod::PrivateKeyJwt => {
                let assertion = self.assertion(endpoint)?;
                form.extend(assertion.map(|(name, value)| (name.to_owned(), value)));
                http.post_form(endpoint, &form, &[accept]).await
            }
        }
    }

    /// Redeems a code the way a service does. Returns the answer as it was received, and the library's complaint if
    /// there is one.
    pub async fn redeem_by_library(
        &self,
        http: &Http,
        provider: &Provider,
        redemption: &Redemption<'_>,
    ) -> Result<(Answer, Option<String>)> {
        let metadata = provider
            .seen_by_library
            .as_ref()
            .map_err(|reason| anyhow::anyhow!("openidconnect cannot use the metadata: {reason}"))?;
        let relying_party = CoreClient::from_provider_metadata(
            metadata.clone(),
            ClientId::new(self.id().to_owned()),
            self.secret(),
        )
        .set_redirect_uri(RedirectUrl::new(self.settings.redirect_uri.clone())?)
        .set_auth_type(match self.method {
            AuthMethod::SecretBasic => AuthType::BasicAuth,
            AuthMethod::SecretPost | AuthMethod::PrivateKeyJwt => AuthType::RequestBody,
        });
        let mut request = relying_party.exchange_code(AuthorizationCode::new(redemption.code.to_owned()))?;
        if self.method == AuthMethod::PrivateKeyJwt {
            let endpoint = provider.endpoint("token_endpoint").unwrap_or_default();
            for (name, value) in self.assertion(endpoint)? {
                request = request.add_extra_param(name, value);
            }
        }
        if let Some(verifier) = redemption.verifier {
            request = request.set_pkce_verifier(PkceCodeVerifier::new(verifier.to_owned()));
        }
        let library = RelyingPartyHttp::new(http);
        let send = |request| library.clone().call(request);
        let outcome = request.request_async(&send).await;
        let answer = library.last().context("the token endpoint gave no answer")?;
        let complaint = match outcome {
            Ok(tokens) => verify(&relying_party.id_token_verifier(), &tokens, redemption.nonce).err(),
            Err(error) => Some(explain(&error)),
        };
        Ok((answer, complaint))
    }
}

fn verify(
    verifier: &openidconnect::core::CoreIdTokenVerifier<'_>,
    tokens: &CoreTokenResponse,
    nonce: Option<&str>,
) -> Result<(), String> {
    let token = tokens.id_token().ok_or("there is no ID token")?;
    let check_nonce = |given: Option<&Nonce>| {
        let given = given.map(|it| it.secret().as_str());
        if given == nonce {
            Ok(())
        } else {
            Err(format!("nonce is {given:?}, sent was {nonce:?}"))
        }
    };
    let claims = token
        .claims(verifier, check_nonce)
        .map_err(|error| explain(&error))?;
    let Some(hash) = claims.access_token_hash() else {
        return Ok(());
    };
    let algorithm = token.signing_alg().map_err(|error| explain(&error))?;
    let key = token.signing_key(verifier).map_err(|error| explain(&error))?;
    let own = openidconnect::AccessTokenHash::from_token(tokens.access_token(), algorithm, key)
        .map_err(|error| explain(&error))?;
    if &own == hash {
        Ok(())
    } else {
        Err("at_hash does not belong to the access token".into())
    }
}
