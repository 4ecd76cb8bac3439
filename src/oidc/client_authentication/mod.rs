//! Who a client is: one method per request, the registered one (RFC 6749 §2.3, OpenID Connect
//! Core §9, RFC 7523 §3; security.md TK-6, TK-7).

mod client_secret;
mod private_key_jwt;

use std::sync::Arc;

use super::{Error, Parameters, Result};
use crate::app::App;
use crate::domain::client::{AuthMethod, Client};
use crate::domain::secret::Secret;
use crate::domain::{ClientId, actor::Context};

pub use client_secret::scheme_of;
pub use private_key_jwt::ASSERTION_TYPE;

/// What a request shows of its client, by the one method that it uses.
#[derive(Debug)]
enum Presented {
    Basic(client_secret::Basic),
    Post(ClientId, Secret),
    Assertion(ClientId, Secret),
    /// The identifier alone: a public client.
    Nothing(ClientId),
}

impl Presented {
    /// RFC 6749 §2.3: a client must not use more than one method in a request.
    fn read(authorization: Option<&str>, parameters: &Parameters) -> Result<Self> {
        let named = parameters.get("client_id").map(ClientId::new);
        let post = parameters.get("client_secret");
        let assertion = parameters.get("client_assertion");
        if [authorization.is_some(), post.is_some(), assertion.is_some()].iter().filter(|it| **it).count() > 1 {
            return Err(Error::invalid_request("A request uses one client authentication method"));
        }
        let it = if let Some(header) = authorization {
            let credentials = match scheme_of(header) {
                Some((scheme, rest)) if scheme == "basic" => client_secret::basic(rest),
                _ => None,
            };
            Self::Basic(credentials.ok_or_else(|| Error::unauthenticated("an unreadable Authorization header"))?)
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
            let id = named.clone().ok_or_else(|| Error::unauthenticated("no credentials"))?;
            match post {
                Some(secret) => Self::Post(id, Secret::new(secret)),
                None => Self::Nothing(id),
            }
        };
        match named {
            Some(named) if !it.is_from(&named) => {
                Err(Error::invalid_request("client_id names another client than the credentials"))
            }
            _ => Ok(it),
        }
    }

    fn is_from(&self, named: &ClientId) -> bool {
        match self {
            Self::Basic(it) => it.decoded.0 == named.as_str() || it.raw.0 == named.as_str(),
            Self::Post(id, _) | Self::Assertion(id, _) | Self::Nothing(id) => id == named,
        }
    }
}

/// Proves a client. `authorization` is the header as it came, `endpoint` the URL that was called.
pub async fn authenticate(
    app: &App,
    context: &Context,
    authorization: Option<&str>,
    parameters: &Parameters,
    endpoint: &str,
) -> Result<Arc<Client>> {
    let presented = Presented::read(authorization, parameters)?;
    let client = match &presented {
        Presented::Basic(it) => match find(app, &ClientId::new(&it.decoded.0)).await? {
            None => find(app, &ClientId::new(&it.raw.0)).await?,
            found => found,
        },
        Presented::Post(id, _) | Presented::Assertion(id, _) | Presented::Nothing(id) => find(app, id).await?,
    };
    // Unknown and disabled clients are told nothing else than a wrong secret (DR-6).
    let client = client.filter(|it| it.enabled).ok_or_else(|| Error::unauthenticated("an unknown or disabled client"))?;
    throttle(app, context, &client).await?;
    match prove(app, context, &client, &presented, endpoint).await {
        Ok(()) => Ok(client),
        Err(refusal) => {
            failed(app, context, &client, &refusal).await?;
            Err(refusal)
        }
    }
}

async fn prove(app: &App, context: &Context, client: &Client, presented: &Presented, endpoint: &str) -> Result<()> {
    let now = app.clock.now();
    let allowed = |method| match client.may_authenticate_by(method) {
        true => Ok(()),
        false => Err(Error::unauthenticated("another method than the registered one")), // TK-6
    };
    match presented {
        // A public client of a library that always sends a header, with an empty secret.
        Presented::Basic(it) if it.raw.1.expose().is_empty() => allowed(AuthMethod::None),
        Presented::Basic(it) => {
            allowed(AuthMethod::ClientSecretBasic)?;
            // Both readings are compared, so that time does not tell which one fitted.
            let fits = client.has_secret(it.decoded.1.expose(), now) | client.has_secret(it.raw.1.expose(), now);
            fits.then_some(()).ok_or_else(|| Error::unauthenticated("a wrong secret"))
        }
        Presented::Post(_, secret) => {
            allowed(AuthMethod::ClientSecretPost)?;
            let fits = client.has_secret(secret.expose(), now);
            fits.then_some(()).ok_or_else(|| Error::unauthenticated("a wrong secret"))
        }
        Presented::Assertion(_, assertion) => {
            allowed(AuthMethod::PrivateKeyJwt)?;
            prove_by_assertion(app, context, client, assertion, endpoint).await
        }
        Presented::Nothing(_) => allowed(AuthMethod::None),
    }
}
