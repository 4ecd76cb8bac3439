//! Accepts authorization requests: [`accept`] is the one entry for a request that a browser brings, and
//! [`accept_pushed`] for one that its client pushes. Both resolve a request object or a reference, settle client and
//! redirect URI, run the checks and record a refusal.
//!
//! Client and redirect URI are settled first: until then an error is a page of ours, afterwards an answer to the
//! service (security.md AZ-1, RFC 6749 §4.1.2.1).

use std::sync::Arc;

use super::checks::{self, Provider};
use super::pushed_request;
pub use super::raw_request::RawRequest;
use super::refusal_audit;
pub use super::response::Rejection;
use super::response::Target;
use crate::app::App;
use crate::domain::actor::Context;
use crate::domain::authorization::{AuthorizationRequest, Prompt, ResponseMode};
use crate::domain::authorization_details::AuthorizationDetails;
use crate::domain::claim::ClaimsRequest;
use crate::domain::client::{Client, ResponseType};
use crate::domain::{Subject, scope::Scope};
use crate::limits::Limit;
use crate::oidc::mismatch::Mismatch;
use crate::oidc::{Error, Parameters, Result, id_token_hint, request_object};

/// The longest `state` that is given back (security.md AZ-11).
const LONGEST_STATE: usize = 2048;

/// Accepts a request, or refuses it and records that. The rejection says to whom it is shown.
pub async fn accept(
    app: &App,
    context: &Context,
    raw: &RawRequest,
) -> Result<AuthorizationRequest, Rejection> {
    let outcome = match may_fetch(app, context, raw).await {
        Ok(()) => resolve(app, raw).await,
        Err(error) => Err(Rejection::Page(error)),
    };
    if let Err(rejection) = &outcome {
        refusal_audit::record(app, context, raw, rejection).await;
    }
    outcome
}

/// Accepts a request that an authenticated client pushes, or refuses it and records that. `key` is the thumbprint
/// of the DPoP proof that came along.
pub async fn accept_pushed(
    app: &App,
    context: &Context,
    client: &Client,
    parameters: &Parameters,
    key: Option<String>,
) -> Result<AuthorizationRequest> {
    let outcome = if parameters.has("request_uri") {
        // RFC 9126 §2.1
        Err(Error::invalid_request("request_uri cannot be pushed"))
    } else {
        let resolved = resolve(app, &RawRequest::pushed(client, parameters)).await;
        resolved.map_err(Rejection::into_error)
    };
    let outcome = outcome.and_then(|request| bound(request, key));
    if let Err(error) = &outcome {
        refusal_audit::record_pushed(app, context, client, error).await;
    }
    outcome
}

/// Accepts the request of a test login, which this service makes itself (security.md AD-11), by the checks of every other.
/// A refusal is the result of the test, and no mistake of the client's: it is neither recorded nor counted here.
pub fn accept_of_test(app: &App, raw: &RawRequest) -> Result<AuthorizationRequest, Rejection> {
    read_here(app, raw)
}

/// Binds the code to a key. RFC 9449 §10.1: a proof that comes along says which.
fn bound(request: AuthorizationRequest, key: Option<String>) -> Result<AuthorizationRequest> {
    match (&request.dpop_jkt, &key) {
        (Some(named), Some(key)) if named != key => Err(Error::invalid_dpop_proof(
            "dpop_jkt names another key than the DPoP proof",
        )),
        _ => Ok(AuthorizationRequest {
            dpop_jkt: request.dpop_jkt.or(key),
            ..request
        }),
    }
}

/// Counts a request that makes this service fetch a foreign `request_uri`: each network may send a limited number
/// (security.md DS-2).
async fn may_fetch(app: &App, context: &Context, raw: &RawRequest) -> Result<()> {
    let foreign = raw
        .get("request_uri")
        .filter(|it| !pushed_request::is_reference(it));
    match foreign.filter(|_| app.config.authorization.request_uri) {
        Some(_) => Ok(app.limits.count(Limit::Interactions, &context.network).await?),
        None => Ok(()),
    }
}

/// Reads a request, which may be an object, or be kept elsewhere: here, if it was pushed before, or at an address of
/// the client.
async fn resolve(app: &App, raw: &RawRequest) -> Result<AuthorizationRequest, Rejection> {
    let Some(client) = client_of(app, raw) else {
        return read_here(app, raw);
    };
    // G-2: neither a reference nor an object hides a repetition beside it, and nothing is fetched for one.
    if let Err(error) = checks::once_each(raw) {
        return Err(refuse(app, &client, raw, error));
    }
    let unfolded = match (raw.get("request"), raw.get("request_uri")) {
        (None, None) => return read_here(app, raw),
        (Some(_), Some(_)) => Err(Error::invalid_request(
            "request and request_uri exclude each other", // RFC 9101 §5
        )),
        (None, Some(uri)) if pushed_request::is_reference(uri) => {
            // RFC 9126 §4: nothing else of the request counts, but where a refusal may go.
            let opened = pushed_request::open(app, &client, uri).await;
            return opened.map_err(|error| refuse(app, &client, raw, error));
        }
        (None, Some(uri)) => match request_object::fetch(app, &client, uri).await {
            Ok(object) => request_object::unfold(app, &client, raw, &object).await,
            Err(error) => Err(error),
        },
        (Some(object), None) => request_object::unfold(app, &client, raw, object).await,
    };
    match unfolded {
        Ok(unfolded) => read_here(app, &unfolded),
        Err(error) => Err(refuse(app, &client, raw, error)),
    }
}

fn client_of(app: &App, raw: &RawRequest) -> Option<Arc<Client>> {
    app.registry.find(raw.get("client_id")?)
}

/// Refuses a request: to the service, if the parameters beside what failed name an address of its own.
fn refuse(app: &App, client: &Client, raw: &RawRequest, error: Error) -> Rejection {
    let error = error.of_client(&client.id);
    match settle_redirect_uri(client, raw) {
        Ok(redirect_uri) => {
            let target = settle_target(client, redirect_uri, raw);
            Rejection::Answer(Box::new(target.refusal(app.config.issuer.as_str(), error)))
        }
        // Both are wrong: the address is the first that the owner mends, and all that a page can be about.
        Err(of_address) => match of_address.mismatch() {
            Some(mismatch) => Rejection::Page(error.about(mismatch.clone())),
            None => Rejection::Page(error),
        },
    }
}

fn read_here(app: &App, raw: &RawRequest) -> Result<AuthorizationRequest, Rejection> {
    let issuer = app.config.issuer.as_str();
    let provider = Provider {
        issuer,
        response_types: &app.config.authorization.response_types,
        details_types: &app.config.authorization.details,
        now: app.clock.now(),
        client: &|id| app.registry.find(id),
        unknown_client: &|id| {
            let (reason, mismatch) = Mismatch::of_client_id(app, id);
            unknown_client().reasoned(reason).about(mismatch)
        },
        subject_of_hint: &|hint| {
            let claims = id_token_hint::read(app, hint)?;
            let subject = claims.get("sub")?.as_str()?;
            Some(Subject::new(subject))
        },
    };
    read(&provider, raw)
}

/// Checks plain parameters as a whole.
fn read(provider: &Provider<'_>, parameters: &RawRequest) -> Result<AuthorizationRequest, Rejection> {
    let client = settle_client(provider, parameters).map_err(Rejection::Page)?;
    let redirect_uri = settle_redirect_uri(&client, parameters).map_err(Rejection::Page)?;
    let target = settle_target(&client, redirect_uri, parameters);
    let mut draft = draft(provider, &client, &target);
    let incoming = checks::Incoming {
        provider,
        client: &client,
        parameters,
    };
    match checks::run(&incoming, &mut draft) {
        Ok(()) => Ok(draft),
        Err(error) => {
            let error = error.of_client(&client.id);
            Err(Rejection::Answer(Box::new(
                target.refusal(provider.issuer, error),
            )))
        }
    }
}

fn settle_target(client: &Client, redirect_uri: String, parameters: &RawRequest) -> Target {
    Target {
        client_id: client.id.clone(),
        redirect_uri,
        mode: settle_mode(client, parameters),
        state: parameters
            .get("state")
            .filter(|it| it.len() <= LONGEST_STATE)
            .map(str::to_owned),
        test_login: parameters.test().map(|it| it.id.clone()),
    }
}

fn unknown_client() -> Error {
    Error::invalid_request("client_id is not known")
}

fn settle_client(provider: &Provider<'_>, parameters: &RawRequest) -> Result<Arc<Client>> {
    let id = parameters
        .get("client_id")
        .ok_or_else(|| Error::invalid_request("client_id must be given, once"))?;
    (provider.client)(id).ok_or_else(|| (provider.unknown_client)(id))
}

fn settle_redirect_uri(client: &Client, parameters: &RawRequest) -> Result<String> {
    // OpenID Connect Core §3.1.2.1: redirect_uri is required, also when only one is registered.
    let received = parameters.get("redirect_uri");
    let refused = |description: &str| {
        let registered = &client.metadata.redirect_uris;
        let mismatch = Mismatch::of_uri("redirect_uri", received, registered);
        Error::invalid_request(description)
            .of_client(&client.id)
            .about(mismatch)
    };
    let uri = received.ok_or_else(|| refused("redirect_uri must be given, once"))?;
    let is_of_test = parameters.test().is_some_and(|it| it.redirect_uri == uri);
    if client.redirects_to(uri) || is_of_test {
        Ok(uri.to_owned())
    } else {
        Err(refused("redirect_uri is not registered for this client"))
    }
}

/// Settles the mode from the parameters that are sound, so that an error arrives where the client looks.
fn settle_mode(client: &Client, parameters: &RawRequest) -> ResponseMode {
    let response_type = parameters
        .get("response_type")
        .and_then(|it| ResponseType::parse(it).ok());
    let default = response_type.map_or(ResponseMode::Query, ResponseMode::default_for);
    let asked = parameters.get("response_mode").and_then(ResponseMode::parse);
    let asked = asked.filter(|it| client.may_be_answered_by(*it));
    match asked.map(|it| response_type.map_or(it, |of| it.placed_for(of))) {
        // Multiple Response Types §3: tokens never travel in a query, nor do their errors.
        Some(ResponseMode::Query) | None => default,
        Some(ResponseMode::QueryJwt) if default == ResponseMode::Fragment => ResponseMode::FragmentJwt,
        Some(ResponseMode::Jwt) => ResponseMode::QueryJwt,
        Some(mode) => mode,
    }
}

fn draft(provider: &Provider<'_>, client: &Client, target: &Target) -> AuthorizationRequest {
    AuthorizationRequest {
        client_id: client.id.clone(),
        redirect_uri: target.redirect_uri.clone(),
        response_type: ResponseType::CODE,
        response_mode: target.mode,
        state: target.state.clone(),
        scope: Scope::default(),
        claims: ClaimsRequest::default(),
        nonce: None,
        code_challenge: None,
        resources: Vec::new(),
        details: AuthorizationDetails::default(),
        grant_action: None,
        dpop_jkt: None,
        prompt: Prompt::default(),
        max_age: None,
        subject: None,
        acr_values: Vec::new(),
        login_hint: None,
        ui_locales: None,
        pushed: None,
        test_login: target.test_login.clone(),
        accepted_at: provider.now,
    }
}

#[cfg(test)]
mod tests;
