//! Reads an authentication request, plain or in a signed object (CIBA §7.1, §7.1.1, §7.2).

use chrono::Duration;
use serde_json::{Map, Value};

use crate::app::App;
use crate::domain::account::{Account, EmailAddress};
use crate::domain::backchannel_authentication::{self as rules, LIFETIME, LONGEST_BINDING_MESSAGE};
use crate::domain::client::Client;
use crate::domain::scope::{self, Scope};
use crate::domain::secret::Secret;
use crate::oidc::mismatch::Mismatch;
use crate::oidc::request_object::{self, Expected, Needs, OF_THE_JWT};
use crate::oidc::token::audience::Audience;
use crate::oidc::{Error, Parameters, Result};

/// The parameters of the request itself: beside a signed object there is none of them (CIBA §7.1.1).
const NAMES: [&str; 11] = [
    "scope",
    "client_notification_token",
    "acr_values",
    "login_hint_token",
    "id_token_hint",
    "login_hint",
    "binding_message",
    "user_code",
    "requested_expiry",
    "authorization_details",
    "resource",
];

const LONGEST_LOGIN_HINT: usize = 512;
const LONGEST_ID_TOKEN_HINT: usize = 8192;
const LONGEST_ACR_VALUES: usize = 512;
/// CIBA §7.1
const LONGEST_NOTIFICATION_TOKEN: usize = 1024;

pub struct Asked {
    pub scope: Scope,
    pub hint: Hint,
    pub audience: Audience,
    pub acr_values: Vec<String>,
    pub binding_message: Option<String>,
    pub lifetime: Duration,
    /// The bearer token for a client that is pinged.
    pub notification_token: Option<Secret>,
}

/// The person whom the service means.
pub enum Hint {
    Login(String),
    IdToken(String),
}

impl Hint {
    /// Returns the key of the address by which requests to one person are counted, somebody's or nobody's.
    pub fn address(&self, account: Option<&Account>) -> Option<String> {
        let key = match (account, self) {
            (Some(account), _) => Some(account.email.key()),
            (None, Self::Login(address)) => EmailAddress::parse(address).ok().map(|it| it.key()),
            (None, Self::IdToken(_)) => None,
        };
        key.map(|it| it.as_str().to_owned())
    }
}

pub async fn read(app: &App, client: &Client, sent: &Parameters) -> Result<Asked> {
    if sent.has("request_uri") {
        return Err(Error::invalid_request("request_uri is not for this endpoint"));
    }
    match sent.get("request") {
        Some(object) => {
            let is_sent = |name: &str| sent.has(name) || !sent.all(name).is_empty();
            if let Some(name) = NAMES.iter().find(|it| is_sent(it)) {
                return Err(Error::invalid_request(format!(
                    "{name} stands beside the signed request"
                )));
            }
            // CIBA §13 has one code for a request that is not in order, however it came.
            let inside = unfold(app, client, object).await;
            accept(app, client, &inside.map_err(Error::into_invalid_request)?)
        }
        None if client.must_sign_backchannel_requests() => Err(Error::invalid_request(
            "This client signs its authentication requests",
        )),
        None => accept(app, client, sent),
    }
}

/// Reads the signed object. CIBA §7.1.1: each object is made for one request, and states for how long it counts.
async fn unfold(app: &App, client: &Client, object: &str) -> Result<Parameters> {
    let algs = client.backchannel_request_algs();
    let (claims, _) = request_object::read(app, client, object, Some(&algs)).await?;
    let expected = Expected {
        client,
        issuer: app.config.issuer.as_str(),
        now: app.clock.now(),
        signed: true,
        needs: Needs::ALL,
    };
    request_object::check(&claims, &expected).map_err(Error::invalid_request)?;
    request_object::once(app, client, &claims).await?;
    parameters(&claims)
}

/// Returns the members as parameters: text, but for `requested_expiry`, which may be a number (CIBA §7.1.1), and for
/// members that are JSON by nature.
fn parameters(claims: &Value) -> Result<Parameters> {
    let members = claims.as_object().into_iter().flat_map(Map::iter);
    let requested = members.filter(|it| !OF_THE_JWT.contains(&it.0.as_str()));
    let parameters = requested.filter(|it| NAMES.contains(&it.0.as_str()) && it.0 != "resource");
    let pairs: Result<std::collections::BTreeMap<String, String>> = parameters
        .map(|(name, value)| {
            let text = match (name.as_str(), value) {
                (_, Value::String(text)) => Some(text.clone()),
                ("requested_expiry", Value::Number(number)) => Some(number.to_string()),
                ("authorization_details", Value::Array(_)) => Some(value.to_string()),
                _ => None,
            };
            text.map(|it| (name.clone(), it)).ok_or_else(|| {
                Error::invalid_request(format!("{name} has the wrong type in the signed request"))
            })
        })
        .collect();
    // RFC 8707 §2: the object has one resource, or several.
    let resources = match claims.get("resource") {
        None => Some(Vec::new()),
        Some(Value::String(one)) => Some(vec![one.clone()]),
        Some(Value::Array(many)) => many.iter().map(|it| it.as_str().map(str::to_owned)).collect(),
        Some(_) => None,
    };
    let resources = resources
        .ok_or_else(|| Error::invalid_request("resource has the wrong type in the signed request"))?;
    Ok(Parameters::of_claims(pairs?, resources))
}

fn accept(app: &App, client: &Client, parameters: &Parameters) -> Result<Asked> {
    Ok(Asked {
        audience: Audience::of_client(app, client, parameters)?,
        acr_values: acr_values(client, parameters.get("acr_values"))?,
        scope: allowed(client, parameters.get("scope"))?,
        hint: hint(parameters)?,
        binding_message: binding_message(client, parameters.get("binding_message"))?,
        lifetime: lifetime(parameters.get("requested_expiry"))?,
        notification_token: notification_token(client, parameters.get("client_notification_token"))?,
    })
}

/// Returns the scope that the client may have of what it asks for. The person is shown all of it.
fn allowed(client: &Client, asked: Option<&str>) -> Result<Scope> {
    let asked = asked.ok_or_else(|| Error::invalid_request("scope is missing"))?;
    let asked = Scope::parse(asked).map_err(|it| Error::invalid_scope(it.to_string()))?;
    let granted = asked.limited_to(client.scope());
    let granted = if client.may_refresh() {
        granted
    } else {
        granted.without(scope::OFFLINE_ACCESS)
    };
    if granted.contains(scope::OPENID) {
        Ok(granted)
    } else {
        // CIBA §7.1
        let mismatch = Mismatch::new("scope", asked.to_string(), client.scope().iter());
        Err(Error::invalid_scope("scope lacks openid").about(mismatch))
    }
}

/// Reads the hint. CIBA §7.1: there must be exactly one of the three.
fn hint(parameters: &Parameters) -> Result<Hint> {
    let at_most = |name: &str, longest: usize| match parameters.get(name) {
        Some(value) if value.len() > longest => Err(Error::invalid_request(format!(
            "{name} is longer than {longest} characters"
        ))),
        value => Ok(value.map(str::to_owned)),
    };
    let login = at_most("login_hint", LONGEST_LOGIN_HINT)?;
    let id_token = at_most("id_token_hint", LONGEST_ID_TOKEN_HINT)?;
    match (login, id_token, parameters.get("login_hint_token")) {
        (Some(login), None, None) => Ok(Hint::Login(login)),
        (None, Some(id_token), None) => Ok(Hint::IdToken(id_token)),
        (None, None, Some(_)) => Err(Error::invalid_request(
            "login_hint_token is not supported; send login_hint or id_token_hint",
        )),
        (None, None, None) => Err(Error::invalid_request(
            "There is neither login_hint nor id_token_hint",
        )),
        _ => Err(Error::invalid_request("There is more than one hint")),
    }
}

fn binding_message(client: &Client, message: Option<&str>) -> Result<Option<String>> {
    match message {
        None if client.must_bind_backchannel_requests() => Err(Error::invalid_request(
            "binding_message is missing, which the profile of this client asks for",
        )),
        Some(message) if !rules::is_plain(message) => Err(Error::invalid_binding_message(format!(
            "binding_message is not {LONGEST_BINDING_MESSAGE} characters of plain text at most"
        ))),
        message => Ok(message.map(str::to_owned)),
    }
}

fn lifetime(asked: Option<&str>) -> Result<Duration> {
    let Some(asked) = asked else { return Ok(LIFETIME) };
    let seconds = asked.parse::<i64>().ok().and_then(rules::lifetime);
    seconds.ok_or_else(|| Error::invalid_request("requested_expiry is not a positive number of seconds"))
}

/// Reads the notification token. CIBA §7.1: it is a bearer token (RFC 6750 §2.1) for the client's own endpoint.
fn notification_token(client: &Client, token: Option<&str>) -> Result<Option<Secret>> {
    if client.is_pinged_at().is_none() {
        return Ok(None);
    }
    let token = token.ok_or_else(|| Error::invalid_request("client_notification_token is missing"))?;
    let plain = |it: u8| it.is_ascii_alphanumeric() || b"-._~+/=".contains(&it);
    if token.len() <= LONGEST_NOTIFICATION_TOKEN && token.bytes().all(plain) {
        Ok(Some(Secret::new(token)))
    } else {
        Err(Error::invalid_request(
            "client_notification_token is not a bearer token of 1024 characters at most",
        ))
    }
}

fn acr_values(client: &Client, asked: Option<&str>) -> Result<Vec<String>> {
    match asked {
        Some(values) if values.len() > LONGEST_ACR_VALUES => {
            Err(Error::invalid_request("acr_values is longer than 512 characters"))
        }
        Some(values) => Ok(values.split_whitespace().map(str::to_owned).collect()),
        None => Ok(client.metadata.default_acr_values.clone()),
    }
}
