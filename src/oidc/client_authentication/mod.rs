//! Authenticates clients: one method per request, the registered one (RFC 6749 §2.3, OpenID Connect Core §9, RFC 7523
//! §3, RFC 8705 §2; security.md TK-6, TK-7).

mod client_secret;
pub mod private_key_jwt;
mod tls_client_auth;

use std::sync::Arc;

use super::{Code, Error, Parameters, Result, client_keys, endpoints};
use crate::app::App;
use crate::certificates::Certificate;
use crate::domain::ClientId;
use crate::domain::actor::Context;
use crate::domain::client::{AuthMethod, Client};
use crate::domain::client_use::CountedUse;
use crate::domain::event::{Action, Event};
use crate::domain::secret::{Digest, Secret};
use crate::jose::jws::Expect;
use crate::limits::{Limit, Refused};
use crate::oidc::mismatch::Mismatch;
use crate::oidc::retention::SPENT_KEPT;
use crate::storage::ephemeral::Kind;

pub use client_secret::scheme_of;
pub use private_key_jwt::ASSERTION_TYPE;
pub use tls_client_auth::ExpectedName;

/// The methods of a client for which none was registered.
const EITHER_SECRET: [AuthMethod; 2] = [AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost];

/// The credentials of a request, by the one method that it uses.
#[derive(Debug)]
enum Presented {
    Basic(client_secret::Basic),
    Post(ClientId, Secret),
    Assertion(ClientId, Secret),
    /// The identifier alone: a public client, or one that presents a certificate.
    Nothing(ClientId),
}

impl Presented {
    /// Reads the credentials. RFC 6749 §2.3: a client must not use more than one method in a request.
    fn read(authorization: Option<&str>, parameters: &Parameters) -> Result<Self> {
        let named = parameters.get("client_id").map(ClientId::new);
        let post = parameters.get("client_secret");
        let assertion = parameters.get("client_assertion");
        if [authorization.is_some(), post.is_some(), assertion.is_some()]
            .iter()
            .filter(|it| **it)
            .count()
            > 1
        {
            return Err(Error::invalid_request(
                "A request uses one client authentication method",
            ));
        }
        let presented = if let Some(header) = authorization {
            let credentials = match scheme_of(header) {
                Some((scheme, rest)) if scheme == "basic" => client_secret::basic(rest),
                _ => None,
            };
            Self::Basic(
                credentials.ok_or_else(|| Error::unauthenticated("an unreadable Authorization header"))?,
            )
        } else if let Some(assertion) = assertion {
            if parameters.get("client_assertion_type") != Some(ASSERTION_TYPE) {
                return Err(Error::unauthenticated("another client_assertion_type"));
            }
            let claimed = private_key_jwt::claimed_client(assertion);
            Self::Assertion(
                claimed.ok_or_else(|| Error::unauthenticated("an assertion without a readable sub"))?,
                Secret::new(assertion),
            )
        } else {
            let id = named
                .clone()
                .ok_or_else(|| Error::unauthenticated("no credentials"))?;
            match post {
                Some(secret) => Self::Post(id, Secret::new(secret)),
                None => Self::Nothing(id),
            }
        };
        match named {
            Some(named) if !presented.is_from(&named) => Err(Error::unauthenticated(
                "client_id names another client than the credentials",
            )),
            _ => Ok(presented),
        }
    }

    /// Returns the identifier that the request claims.
    fn id(&self) -> &str {
        match self {
            Self::Basic(basic) => &basic.decoded.0,
            Self::Post(id, _) | Self::Assertion(id, _) | Self::Nothing(id) => id.as_str(),
        }
    }

    fn is_from(&self, named: &ClientId) -> bool {
        match self {
            Self::Basic(basic) => basic.decoded.0 == named.as_str() || basic.raw.0 == named.as_str(),
            Self::Post(id, _) | Self::Assertion(id, _) | Self::Nothing(id) => id == named,
        }
    }
}

/// All of a request by which its client may authenticate.
#[derive(Debug)]
pub struct Credentials<'a> {
    /// The `Authorization` header as it came.
    pub authorization: Option<&'a str>,
    pub parameters: &'a Parameters,
    /// The certificate that the handshake verified.
    pub certificate: Option<&'a Certificate>,
    /// The URL that was called, below the issuer.
    pub endpoint: &'a str,
}

/// Authenticates the client of a request by the one method that it is registered for.
pub async fn authenticate(
    app: &App,
    context: &Context,
    credentials: &Credentials<'_>,
) -> Result<Arc<Client>> {
    let presented = Presented::read(credentials.authorization, credentials.parameters)?;
    // DR-6: unknown and disabled clients get the answer to a wrong secret.
    let client = match &presented {
        Presented::Basic(basic) => {
            let decoded = app.registry.find(&basic.decoded.0);
            decoded.or_else(|| app.registry.find(&basic.raw.0))
        }
        Presented::Post(id, _) | Presented::Assertion(id, _) | Presented::Nothing(id) => {
            app.registry.find(id.as_str())
        }
    };
    // Only clients that are registered are counted by name: counters of invented ones would fill the store.
    let counted = client.as_ref().map_or("unknown", |it| it.id.as_str());
    let counted = format!("{counted} {}", context.network);
    let of_client = |error: Error| match &client {
        Some(client) => error.of_client(&client.id),
        None => error,
    };
    match app
        .limits
        .check(Limit::ClientAuthenticationFailures, &counted)
        .await
    {
        // ST-1: without the store, a client that authenticates needs no counter of failures; one that does not is
        // refused below.
        Ok(()) | Err(Refused::Store(_)) => {}
        Err(too_many) => return Err(of_client(too_many.into())),
    }
    let verified = match &client {
        Some(client) => verify(app, context, client, &presented, credentials).await,
        None => {
            let (reason, mismatch) = Mismatch::of_client_id(app, presented.id());
            Err(Error::unauthenticated(reason).about(mismatch))
        }
    };
    match (verified.map_err(of_client), client) {
        (Ok(()), Some(client)) => Ok(client),
        (Err(refusal), client) if refusal.code() == Code::InvalidClient => {
            failed(app, context, client.as_deref(), &counted, &refusal).await?;
            Err(refusal)
        }
        (Err(other), _) => Err(other),
        (Ok(()), None) => Err(Error::unauthenticated("an unknown client")),
    }
}

/// Returns the client that a Basic header names, if there is one: for the log, when nothing else of the request can
/// be read.
pub fn named_by(app: &App, authorization: &str) -> Option<ClientId> {
    let (_, credentials) = scheme_of(authorization).filter(|(scheme, _)| scheme == "basic")?;
    let basic = client_secret::basic(credentials)?;
    let found = app
        .registry
        .find(&basic.decoded.0)
        .or_else(|| app.registry.find(&basic.raw.0))?;
    Some(found.id.clone())
}

/// Counts a failure (DS-2), and writes the first of each minute and client to the audit trail: nobody
/// fills it from outside (LG-1).
async fn failed(
    app: &App,
    context: &Context,
    client: Option<&Client>,
    counted: &str,
    refusal: &Error,
) -> Result<()> {
    if let Some(client) = client {
        app.count_use(&client.id, CountedUse::Authentication);
    }
    // A count that is full by now refuses the next attempt.
    match app
        .limits
        .count(Limit::ClientAuthenticationFailures, counted)
        .await
    {
        Ok(()) | Err(Refused::TooMany { .. }) => {}
        Err(Refused::Store(source)) => return Err(source.into()),
    }
    let object = client.map_or_else(|| "client:unknown".to_owned(), |it| format!("client:{}", it.id));
    let mut event =
        Event::new(Action::ClientAuthenticationFailed, &object).failed(refusal.cause().unwrap_or_default());
    if let Some(mismatch) = refusal.mismatch() {
        event = event.with(serde_json::json!(mismatch));
    }
    Ok(app.record_refusal(context, event).await?)
}

async fn verify(
    app: &App,
    context: &Context,
    client: &Client,
    presented: &Presented,
    credentials: &Credentials<'_>,
) -> Result<()> {
    let now = app.clock.now();
    let allowed = |method| {
        if client.may_authenticate_by(method) {
            Ok(())
        } else {
            // TK-6
            let registered_method = client.metadata.token_endpoint_auth_method;
            let registered = registered_method.map_or_else(|| EITHER_SECRET.to_vec(), |it| vec![it]);
            let mismatch = Mismatch::new("token_endpoint_auth_method", method.to_string(), registered);
            Err(Error::unauthenticated("another method than the registered one").about(mismatch))
        }
    };
    match presented {
        // Some libraries always send a header: a public client has an empty secret in it.
        Presented::Basic(basic) if basic.raw.1.expose().is_empty() => allowed(AuthMethod::None),
        Presented::Basic(basic) => {
            allowed(AuthMethod::ClientSecretBasic)?;
            // Both readings are compared, so that time does not reveal which one fitted.
            let fits = client.has_secret(basic.decoded.1.expose(), now)
                | client.has_secret(basic.raw.1.expose(), now);
            fits.then_some(())
                .ok_or_else(|| Error::unauthenticated("a wrong secret"))
        }
        Presented::Post(_, secret) => {
            allowed(AuthMethod::ClientSecretPost)?;
            let fits = client.has_secret(secret.expose(), now);
            fits.then_some(())
                .ok_or_else(|| Error::unauthenticated("a wrong secret"))
        }
        Presented::Assertion(_, assertion) => {
            allowed(AuthMethod::PrivateKeyJwt)?;
            verify_assertion(app, context, client, assertion, credentials.endpoint).await
        }
        Presented::Nothing(_) => match client.metadata.token_endpoint_auth_method {
            Some(method @ (AuthMethod::TlsClientAuth | AuthMethod::SelfSignedTlsClientAuth)) => {
                verify_certificate(app, client, method, credentials.certificate).await
            }
            _ => allowed(AuthMethod::None),
        },
    }
}

async fn verify_certificate(
    app: &App,
    client: &Client,
    method: AuthMethod,
    certificate: Option<&Certificate>,
) -> Result<()> {
    if !app.config.mtls.offers(method) {
        return Err(Error::unauthenticated("a method that is not offered any more"));
    }
    let certificate = certificate.ok_or_else(|| Error::unauthenticated("no certificate"))?;
    let verified = match method {
        AuthMethod::TlsClientAuth => tls_client_auth::by_authority(app, client, certificate),
        _ => tls_client_auth::by_itself(app, client, certificate).await,
    };
    verified.map_err(|why| {
        tracing::info!(client = %client.id, ?certificate, %why, "a certificate proves no client");
        Error::unauthenticated("a certificate that is not the client's")
    })
}

async fn verify_assertion(
    app: &App,
    context: &Context,
    client: &Client,
    assertion: &Secret,
    endpoint: &str,
) -> Result<()> {
    let now = app.clock.now();
    let expect = Expect {
        algs: &client.assertion_algs(),
        typ: private_key_jwt::TYPE,
        plain: true,
    };
    let verified = client_keys::verify(app, client, assertion.expose(), expect).await;
    let claims = verified.map_err(|why| Error::unauthenticated("an assertion not proved").caused_by(why))?;
    // RFC 7523 §3, RFC 9126 §2: the URL of the token endpoint names us wherever a client authenticates; libraries write
    // it at introspection and revocation, too.
    let issuer = &app.config.issuer;
    let called = endpoint.strip_prefix(issuer.as_str()).unwrap_or("/");
    let paths = [called, endpoints::TOKEN];
    // TK-7: the origin may have whichever name, also of those that are called over mutual TLS.
    let origins = [Some(issuer), app.config.mtls.public_url.as_ref()];
    let endpoints: Vec<String> = origins
        .into_iter()
        .flatten()
        .flat_map(|origin| paths.iter().map(|path| origin.at(path)))
        .collect();
    let expected = private_key_jwt::Expected {
        client_id: &client.id,
        profile: client.settings.profile,
        issuer: app.config.issuer.as_str(),
        endpoints: &endpoints,
        now,
        remembered_since: app.ephemeral.started_at().await?,
    };
    let checked = private_key_jwt::check(&claims, &expected).map_err(|why| {
        let refused = Error::unauthenticated(why);
        match private_key_jwt::about_clocks(why) {
            Some(description) => refused.described(description),
            None => refused,
        }
    })?;
    // TK-7, ST-3: an assertion is single-use, remembered until it would have expired plus ten minutes.
    let key = Digest::of(format!("{}\n{}", client.id, checked.jti).as_bytes());
    let ttl = (checked.expires_at - now).to_std().unwrap_or_default() + SPENT_KEPT;
    if app
        .ephemeral
        .put_new(Kind::AssertionId, key.as_str(), &[], ttl)
        .await?
    {
        return Ok(());
    }
    let event = Event::new(Action::AssertionReplayed, format!("client:{}", client.id)).failed("replay");
    let recorded = app.write(context, async |tx| tx.record(event.clone()).await);
    recorded.await?;
    Err(Error::unauthenticated("an assertion that was used before"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::{Engine, engine::general_purpose::STANDARD};

    fn read(authorization: Option<&str>, parameters: Parameters) -> std::result::Result<String, Code> {
        let read = Presented::read(authorization, &parameters).map_err(|it| it.code())?;
        Ok(match read {
            Presented::Basic(basic) => basic.decoded.0,
            Presented::Post(id, _) | Presented::Assertion(id, _) | Presented::Nothing(id) => id.to_string(),
        })
    }

    #[test]
    fn a_request_uses_one_method() {
        let basic = format!("Basic {}", STANDARD.encode("web:secret"));
        let none = Parameters::default;
        assert_eq!(read(Some(&basic), none()), Ok("web".into()));
        assert_eq!(
            read(Some(&basic), [("client_id", "web")].into()),
            Ok("web".into())
        );
        assert_eq!(read(None, [("client_id", "spa")].into()), Ok("spa".into()));
        // TK-6
        let both: Parameters = [("client_id", "web"), ("client_secret", "secret")].into();
        assert_eq!(read(Some(&basic), both), Err(Code::InvalidRequest));
        let both: Parameters = [("client_secret", "secret"), ("client_assertion", "x")].into();
        assert_eq!(read(None, both), Err(Code::InvalidRequest));
        assert_eq!(
            read(Some(&basic), [("client_id", "other")].into()),
            Err(Code::InvalidClient)
        );
        for (authorization, parameters) in [
            (None, none()),
            (Some("Bearer x"), none()),
            (Some("Basic ?"), none()),
            (None, [("client_assertion", "x")].into()),
            (
                None,
                [
                    ("client_assertion", "x"),
                    ("client_assertion_type", ASSERTION_TYPE),
                ]
                .into(),
            ),
        ] {
            assert_eq!(read(authorization, parameters), Err(Code::InvalidClient));
        }
    }
}
