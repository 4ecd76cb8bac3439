//! Checks everything that an authorization request must satisfy, as one ordered list: the first check that fails is the
//! answer. Each check reads parameters and writes what it found into the draft (OpenID Connect Core §3.1.2.2,
//! security.md section 1).

use std::sync::Arc;

use super::raw_request::RawRequest;
use crate::domain::authorization::{AuthorizationRequest, Prompt, ResponseMode};
use crate::domain::authorization_details::{AuthorizationDetails, DetailsTypes};
use crate::domain::claim::ClaimsRequest;
use crate::domain::client::{Client, GrantType, ResponseType};
use crate::domain::grant_management::GrantAction;
use crate::domain::scope::{self, Scope};
use crate::domain::{Subject, Time, resource};
use crate::oidc::mismatch::Mismatch;
use crate::oidc::parameters::AUTHORIZATION_PARAMETERS;
use crate::oidc::{Error, Result, dpop, pkce};

/// The provider, as far as the checks depend on it.
pub struct Provider<'a> {
    pub issuer: &'a str,
    pub response_types: &'a [ResponseType],
    pub details_types: &'a DetailsTypes,
    pub now: Time,
    /// An enabled client by its id.
    pub client: &'a dyn Fn(&str) -> Option<Arc<Client>>,
    /// Makes the error for an id that is not one.
    pub unknown_client: &'a dyn Fn(&str) -> Error,
    /// Returns the subject of an ID token of ours, expired or not.
    pub subject_of_hint: &'a dyn Fn(&str) -> Option<Subject>,
}

pub struct Incoming<'a> {
    pub provider: &'a Provider<'a>,
    pub client: &'a Client,
    pub parameters: &'a RawRequest,
}

type Check = fn(&Incoming<'_>, &mut AuthorizationRequest) -> Result<()>;

const CHECKS: [Check; 19] = [
    nothing_repeated,
    as_registered,
    nothing_unsupported,
    response_type,
    response_mode,
    state,
    requested_scope,
    nonce,
    code_challenge,
    resources,
    authorization_details,
    grant_action,
    dpop_jkt,
    prompt,
    display,
    max_age,
    claims,
    id_token_hint,
    hints,
];

const LONGEST_NONCE: usize = 512;
const LONGEST_HINT: usize = 512;
const LONGEST_ID_TOKEN_HINT: usize = 8192;
const MOST_ACR_VALUES: usize = 16;

pub fn run(incoming: &Incoming<'_>, draft: &mut AuthorizationRequest) -> Result<()> {
    CHECKS.iter().try_for_each(|check| check(incoming, draft))
}

impl Incoming<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        self.parameters.get(name)
    }

    fn at_most(&self, name: &'static str, longest: usize) -> Result<Option<String>> {
        match self.get(name) {
            Some(value) if value.len() > longest => Err(Error::invalid_request(format!(
                "{name} is longer than {longest} characters"
            ))),
            value => Ok(value.map(str::to_owned)),
        }
    }
}

/// Runs the first check alone, before the parameters that it protects are read.
pub fn once_each(parameters: &RawRequest) -> Result<()> {
    match AUTHORIZATION_PARAMETERS
        .iter()
        .find(|name| parameters.is_repeated(name))
    {
        Some(name) => Err(Error::invalid_request(format!("{name} is given more than once"))), // G-2
        None => Ok(()),
    }
}

fn nothing_repeated(incoming: &Incoming<'_>, _: &mut AuthorizationRequest) -> Result<()> {
    once_each(incoming.parameters)
}

/// Requires what the client's registration demands of every request (RFC 9126 §6, RFC 9101 §10.5).
fn as_registered(incoming: &Incoming<'_>, _: &mut AuthorizationRequest) -> Result<()> {
    if incoming.client.must_push_requests() && !incoming.parameters.is_pushed() {
        return Err(Error::invalid_request(
            "This client pushes its authorization requests",
        ));
    }
    // AD-11: only the client has the key of its requests, so a test login says that its own was not signed.
    let is_unsigned = !incoming.parameters.is_signed() && incoming.parameters.test().is_none();
    if incoming.client.must_sign_requests() && is_unsigned {
        return Err(Error::invalid_request(
            "This client signs its authorization requests",
        ));
    }
    Ok(())
}

/// Refuses unsupported parameters (OpenID Connect Core §3.1.2.6): ignored silently, these would change what was asked.
fn nothing_unsupported(incoming: &Incoming<'_>, _: &mut AuthorizationRequest) -> Result<()> {
    if incoming.get("registration").is_some() {
        return Err(Error::registration_not_supported("registration is not supported"));
    }
    Ok(())
}

fn response_type(incoming: &Incoming<'_>, draft: &mut AuthorizationRequest) -> Result<()> {
    let asked = incoming
        .get("response_type")
        .ok_or_else(|| Error::invalid_request("response_type is missing"))?;
    draft.response_type = ResponseType::parse(asked)
        .ok()
        .filter(|asked| incoming.provider.response_types.contains(asked))
        .ok_or_else(|| Error::unsupported_response_type("response_type is not supported"))?;
    let asked = draft.response_type;
    let registered = incoming.client.may_ask_for(asked)
        && (!asked.code || incoming.client.may_use(GrantType::AuthorizationCode))
        && (!asked.is_front_channel() || incoming.client.may_use(GrantType::Implicit));
    if registered {
        Ok(())
    } else {
        let registered = &incoming.client.metadata.response_types;
        let mismatch = Mismatch::new("response_type", asked.to_string(), registered);
        let refused = Error::unauthorized_client("response_type is not registered for this client");
        Err(refused.about(mismatch))
    }
}

fn response_mode(incoming: &Incoming<'_>, draft: &mut AuthorizationRequest) -> Result<()> {
    let Some(asked) = incoming.get("response_mode") else {
        return Ok(());
    };
    let mode = ResponseMode::parse(asked)
        .ok_or_else(|| Error::invalid_request("response_mode is not one that is known here"))?
        .placed_for(draft.response_type);
    if mode.is_in_query() && draft.response_type.is_front_channel() {
        // Multiple Response Types §3, JARM §2.3.1.
        return Err(Error::invalid_request("A query cannot carry tokens"));
    }
    if !incoming.client.may_be_answered_by(mode) {
        return Err(Error::invalid_request(
            "This client is not registered for signed responses",
        ));
    }
    draft.response_mode = mode;
    Ok(())
}

fn state(incoming: &Incoming<'_>, draft: &mut AuthorizationRequest) -> Result<()> {
    // The `state` is too long to be given back, so it was not taken into the draft.
    if incoming.get("state").is_some() && draft.state.is_none() {
        Err(Error::invalid_request("state is longer than 2048 characters"))
    } else {
        Ok(())
    }
}

fn requested_scope(incoming: &Incoming<'_>, draft: &mut AuthorizationRequest) -> Result<()> {
    let asked = incoming.get("scope").unwrap_or_default();
    let asked = Scope::parse(asked).map_err(|e| Error::invalid_scope(e.to_string()))?;
    let mut granted = asked.limited_to(incoming.client.scope());
    // OpenID Connect Core §11: offline access needs something that is redeemed at the token endpoint.
    if !incoming.client.may_refresh() || !draft.response_type.code {
        granted = granted.without(scope::OFFLINE_ACCESS);
    }
    if granted.is_empty() {
        let mismatch = Mismatch::new("scope", asked.to_string(), incoming.client.scope().iter());
        return Err(Error::invalid_scope("no scope remains that this client may have").about(mismatch));
    }
    if draft.response_type.id_token && !granted.contains(scope::OPENID) {
        return Err(Error::invalid_scope("openid is needed for an ID token"));
    }
    draft.scope = granted;
    Ok(())
}

fn nonce(incoming: &Incoming<'_>, draft: &mut AuthorizationRequest) -> Result<()> {
    draft.nonce = incoming.at_most("nonce", LONGEST_NONCE)?;
    // OpenID Connect Core §3.2.2.1: without it nothing distinguishes the ID token of one front channel from another's.
    if draft.response_type.id_token && draft.nonce.is_none() {
        Err(Error::invalid_request("nonce is required for this response_type"))
    } else {
        Ok(())
    }
}

fn code_challenge(incoming: &Incoming<'_>, draft: &mut AuthorizationRequest) -> Result<()> {
    if !draft.response_type.code {
        return Ok(()); // no code is issued that could be stolen
    }
    draft.code_challenge = pkce::challenge(
        incoming.client,
        incoming.get("code_challenge"),
        incoming.get("code_challenge_method"),
    )?;
    Ok(())
}

/// Reads the resources (RFC 8707 §2.1).
fn resources(incoming: &Incoming<'_>, draft: &mut AuthorizationRequest) -> Result<()> {
    draft.resources = resource::within(
        incoming.parameters.all("resource"),
        &incoming.client.settings.resources,
    )
    .map_err(|it| Error::invalid_target(it.to_string()))?;
    Ok(())
}

/// Reads the authorization details (RFC 9396 §2, §5).
fn authorization_details(incoming: &Incoming<'_>, draft: &mut AuthorizationRequest) -> Result<()> {
    let Some(text) = incoming.get("authorization_details") else {
        return Ok(());
    };
    let registered = &incoming.client.settings.authorization_details_types;
    draft.details = AuthorizationDetails::parse(text, incoming.provider.details_types, registered)
        .map_err(|it| Error::invalid_authorization_details(it.to_string()))?;
    Ok(())
}

/// Reads what the request does to a grant (Grant Management §5.2, §5.4). Whether the grant is the person's is found out when it
/// is known who answers.
fn grant_action(incoming: &Incoming<'_>, draft: &mut AuthorizationRequest) -> Result<()> {
    let read = GrantAction::parse(incoming.get("grant_management_action"), incoming.get("grant_id"));
    draft.grant_action = read.map_err(|it| Error::invalid_request(it.to_string()))?;
    if draft.grant_action.is_none() {
        return Ok(());
    }
    if incoming.client.is_public() {
        // Grant Management §5.1
        return Err(Error::invalid_request("A public client manages no grants"));
    }
    if incoming.client.is_first_party() {
        return Err(Error::invalid_request(
            "This client needs no grant of a person, so there is none to manage",
        ));
    }
    Ok(())
}

fn dpop_jkt(incoming: &Incoming<'_>, draft: &mut AuthorizationRequest) -> Result<()> {
    draft.dpop_jkt = incoming.get("dpop_jkt").map(str::to_owned);
    if draft.dpop_jkt.as_deref().is_none_or(dpop::is_thumbprint) {
        Ok(())
    } else {
        // RFC 9449 §10
        Err(Error::invalid_request("dpop_jkt is not the thumbprint of a key"))
    }
}

fn prompt(incoming: &Incoming<'_>, draft: &mut AuthorizationRequest) -> Result<()> {
    draft.prompt = Prompt::parse(incoming.get("prompt").unwrap_or_default())
        .map_err(|e| Error::invalid_request(e.to_string()))?;
    Ok(())
}

/// Refuses a value that no specification has. The others change nothing: every page fits every display.
fn display(incoming: &Incoming<'_>, _: &mut AuthorizationRequest) -> Result<()> {
    match incoming.get("display") {
        None | Some("page" | "popup" | "touch" | "wap") => Ok(()),
        Some(_) => Err(Error::invalid_request(
            "display is not one of page, popup, touch and wap",
        )),
    }
}

fn max_age(incoming: &Incoming<'_>, draft: &mut AuthorizationRequest) -> Result<()> {
    draft.max_age = match incoming.get("max_age") {
        Some(text) if text.len() <= 10 && text.bytes().all(|b| b.is_ascii_digit()) => text.parse().ok(),
        Some(_) => return Err(Error::invalid_request("max_age is not a number of seconds")),
        None => incoming.client.metadata.default_max_age,
    };
    Ok(())
}

fn claims(incoming: &Incoming<'_>, draft: &mut AuthorizationRequest) -> Result<()> {
    let Some(text) = incoming.get("claims") else {
        return Ok(());
    };
    let asked = ClaimsRequest::parse(text).map_err(|e| Error::invalid_request(e.to_string()))?;
    draft.subject = asked.subject().map(Subject::new);
    if asked
        .wanted_acr()
        .is_some_and(|it| it.essential && !it.is_supported())
    {
        // OpenID Connect Core §5.5.1.1: the request is treated as a failed authentication.
        return Err(Error::unmet_authentication_requirements(
            "acr cannot be reached here",
        ));
    }
    draft.claims = asked.limited_to(incoming.client.scope());
    Ok(())
}

fn id_token_hint(incoming: &Incoming<'_>, draft: &mut AuthorizationRequest) -> Result<()> {
    let Some(hint) = incoming.at_most("id_token_hint", LONGEST_ID_TOKEN_HINT)? else {
        return Ok(());
    };
    let hinted = (incoming.provider.subject_of_hint)(&hint)
        .ok_or_else(|| Error::invalid_request("id_token_hint is not an ID token of this provider"))?;
    if draft.subject.as_ref().is_some_and(|asked| *asked != hinted) {
        return Err(Error::invalid_request(
            "id_token_hint and claims name different people",
        ));
    }
    draft.subject = Some(hinted);
    Ok(())
}

fn hints(incoming: &Incoming<'_>, draft: &mut AuthorizationRequest) -> Result<()> {
    draft.login_hint = incoming.at_most("login_hint", LONGEST_HINT)?;
    draft.ui_locales = incoming.at_most("ui_locales", LONGEST_HINT)?;
    let values = incoming.at_most("acr_values", LONGEST_HINT)?;
    draft.acr_values = match values {
        Some(values) => values
            .split(' ')
            .filter(|it| !it.is_empty())
            .map(str::to_owned)
            .collect(),
        None => incoming.client.metadata.default_acr_values.clone(),
    };
    if draft.acr_values.len() > MOST_ACR_VALUES {
        Err(Error::invalid_request("acr_values names too many values"))
    } else {
        Ok(())
    }
}
