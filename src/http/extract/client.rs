//! The authenticated client of a request to a protocol endpoint, and the parameters that it sent
//! (RFC 6749 §2.3, §3.2; security.md TK-6, TK-8).

use std::sync::Arc;

use axum::extract::{FromRequest, MatchedPath, Request};
use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, Uri, header};

use super::{actor_context, form};
use crate::app::App;
use crate::certificates::Certificate;
use crate::domain::ClientId;
use crate::domain::actor::{Actor, Context};
use crate::domain::client::Client;
use crate::http::layers::CalledAt;
use crate::oidc::client_authentication::{self, Credentials};
use crate::oidc::sender_constraint::PresentedProof;
use crate::oidc::{self, Parameters, dpop};

const DPOP: &str = "dpop";

#[derive(Debug)]
pub struct Authenticated {
    pub client: Arc<Client>,
    pub parameters: Parameters,
    /// The context, with the client as its actor.
    pub context: Context,
    pub proof: PresentedProof,
}

impl FromRequest<App> for Authenticated {
    type Rejection = oidc::Error;

    async fn from_request(request: Request, app: &App) -> Result<Self, oidc::Error> {
        let visitor = context(&request, Actor::Visitor);
        let authorization = one_header(request.headers(), header::AUTHORIZATION)?;
        let endpoint = app.config.issuer.at(path_of(&request));
        let proof = proof_of(app, &request);
        let header = authorization.as_deref();
        let named = header.and_then(|it| client_authentication::named_by(app, it));
        let of_client = |error: oidc::Error, named: Option<&ClientId>| match named {
            Some(id) => error.of_client(id),
            None => error,
        };
        let read = form::of_body(request).await;
        let pairs = read.map_err(|it| of_client(it.into(), named.as_ref()))?;
        let in_body = pairs.first("client_id").and_then(|id| app.registry.find(id));
        let named = named.or(in_body.map(|it| it.id.clone()));
        let parameters = pairs.into_parameters();
        let parameters = parameters.map_err(|it| of_client(it, named.as_ref()))?;
        let credentials = Credentials {
            authorization: authorization.as_deref(),
            parameters: &parameters,
            certificate: proof.certificate.as_ref(),
            endpoint: &endpoint,
        };
        let client = client_authentication::authenticate(app, &visitor, &credentials)
            .await
            .map_err(|it| of_client(it, named.as_ref()))?;
        let context = Context {
            actor: Actor::Client(client.id.clone()),
            ..visitor
        };
        Ok(Self {
            client,
            parameters,
            context,
            proof,
        })
    }
}

/// Returns who acts in a request to a protocol endpoint.
pub fn context(request: &Request, actor: Actor) -> Context {
    actor_context::of(request.headers(), request.extensions(), actor)
}

fn path_of(request: &Request) -> &str {
    let path = request.extensions().get::<MatchedPath>();
    path.map_or("/", MatchedPath::as_str)
}

/// Returns the proof that a request presents, at the address that it was sent to.
pub fn proof_of(app: &App, request: &Request) -> PresentedProof {
    let address = (request.method(), request.uri());
    proof_at(app, address, request.headers(), request.extensions())
}

/// Does what `proof_of` does, for a request of which the body was taken.
pub fn proof_at(
    app: &App,
    address: (&Method, &Uri),
    headers: &HeaderMap,
    extensions: &Extensions,
) -> PresentedProof {
    let origin = extensions
        .get::<CalledAt>()
        .map_or(&app.config.issuer, |it| &it.0);
    let (method, uri) = address;
    PresentedProof {
        dpop: dpop_of(method, headers, origin.at(uri.path())),
        certificate: extensions.get::<Certificate>().cloned(),
    }
}

/// Returns the proof of possession (RFC 9449 §4.1): one, or none. The endpoint that needs it judges it.
fn dpop_of(method: &Method, headers: &HeaderMap, url: String) -> dpop::DpopHeader {
    let mut proofs = headers.get_all(DPOP).iter();
    let (proof, unreadable) = match (proofs.next().map(HeaderValue::to_str), proofs.next()) {
        (None, _) => (None, false),
        (Some(Ok(one)), None) => (Some(one.to_owned()), false),
        _ => (None, true),
    };
    dpop::DpopHeader {
        proof,
        unreadable,
        method: method.to_string(),
        url,
    }
}

/// Returns a header that decides something: it must come once, in ASCII, or not at all (G-1).
pub fn one_header(headers: &HeaderMap, name: HeaderName) -> Result<Option<String>, oidc::Error> {
    let mut values = headers.get_all(&name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => match value.to_str() {
            Ok(text) => Ok(Some(text.to_owned())),
            Err(_) => Err(oidc::Error::invalid_request(format!(
                "The header {name} is not ASCII"
            ))),
        },
        (Some(_), Some(_)) => Err(oidc::Error::invalid_request(format!(
            "The header {name} occurs more than once"
        ))),
    }
}
