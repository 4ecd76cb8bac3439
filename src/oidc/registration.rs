//! Lets clients register themselves and manage their registration (RFC 7591, RFC 7592, OpenID Connect Dynamic Client
//! Registration 1.0; security.md DR-1, DR-2). `http::registration` calls it, and the command line for initial access
//! tokens. Rules and changes are those of `clients`; no client reads or writes here what administrators decide.

use serde_json::{Map, Value, json};

use super::clients::{self, ClientError, Issued, NewClient, Problem, Registration};
use super::{Error, Result, endpoints};
use crate::app::{App, Tx};
use crate::config::RegistrationMode;
use crate::domain::Time;
use crate::domain::actor::{Actor, Context};
use crate::domain::client::{AuthMethod, Client, Definition, GrantType, Metadata};
use crate::domain::event::{Action, Event};
use crate::domain::scope::{self, Scope};
use crate::domain::secret::Secret;
use crate::jose;
use crate::limits::{Limit, Refused};
use crate::random;
use crate::storage;
use crate::storage::client_registrations::{self, InitialAccessToken};

/// The prefix of a token: each kind has its own, and is accepted at one endpoint only (security.md G-7).
const INITIAL: &str = "iat_";
const MANAGING: &str = "rat_";

/// The most clients that an initial access token is for. Security.md DR-1 limits that and how long it waits for them.
pub const MOST_CLIENTS: u32 = 10;
const INITIAL_LIFETIME: chrono::Duration = chrono::Duration::hours(24);

/// The scopes that a client may be granted without an administrator (security.md AZ-14).
const SCOPES: [&str; 4] = [scope::OPENID, "profile", "email", scope::OFFLINE_ACCESS];

/// Members that the provider adds to a registration; a client never sends them (RFC 7592 §2.2).
const OURS: [&str; 4] = [
    "registration_access_token",
    "registration_client_uri",
    "client_secret_expires_at",
    "client_id_issued_at",
];

/// Registers a client and returns its client information (RFC 7591 §3). `token` is the initial access token, if one came.
pub async fn register(app: &App, context: &Context, token: Option<&str>, body: &[u8]) -> Result<Value> {
    app.limits.count(Limit::Registration, &context.network).await?;
    let now = app.clock.now();
    let initial = match app.config.registration.mode {
        RegistrationMode::Off => {
            return Err(Error::access_denied("Clients are registered by administrators"));
        }
        RegistrationMode::Open => None,
        RegistrationMode::Token => Some(initial_access_token(app, token, now).await?),
    };
    let asked = read(body)?;
    let metadata = metadata(app, &asked, &Definition::default())?;
    name(app, &metadata, None)?;
    let new = NewClient {
        id: None,
        registration: Registration::ByClient(metadata),
        secret: None,
    };
    let issued = clients::make(new, now)?;
    let outside = clients::check_remote(app, &issued.client.metadata, None).await;
    outside.map_err(ClientError::Invalid)?;
    let managing = Secret::new(format!("{MANAGING}{}", random::token()));
    let (client, initial) = (&issued.client, initial.as_deref());
    app.write(context, async |tx| -> Result<()> {
        if let Some(id) = initial
            && !client_registrations::spend_initial(tx, id, now).await?
        {
            return Err(Error::unusable_token("an initial access token that is spent"));
        }
        clients::insert(tx, client).await?;
        Ok(client_registrations::insert(tx, &client.id, &managing.digest(), now).await?)
    })
    .await?;
    app.registry.refresh(app.db.read()).await?;
    Ok(information(app, &issued, managing.expose()))
}

/// Returns the client information (RFC 7592 §2.1).
pub async fn show(app: &App, context: &Context, id: &str, token: &str) -> Result<Value> {
    let client = managed(app, context, id, token).await?;
    Ok(information(app, &Issued { client, secret: None }, token))
}

/// Replaces the metadata (RFC 7592 §2.2). A member that is left out is taken back to its default.
pub async fn replace(app: &App, context: &Context, id: &str, token: &str, body: &[u8]) -> Result<Value> {
    let before = managed(app, context, id, token).await?;
    // A change can make us fetch what a registration can, so it is counted as one.
    app.limits.count(Limit::Registration, &context.network).await?;
    let now = app.clock.now();
    let asked = read(body)?;
    if asked.get("client_id").and_then(Value::as_str) != Some(id) {
        return Err(invalid("client_id is not that of this registration"));
    }
    if let Some(name) = OURS.iter().find(|it| asked.contains_key(**it)) {
        return Err(invalid(&format!("{name} is not for the client to send")));
    }
    if let Some(secret) = asked.get("client_secret") {
        // The secret may be sent, as it is; the client does not choose it.
        let own = secret.as_str().is_some_and(|it| before.has_secret(it, now));
        own.then_some(())
            .ok_or_else(|| invalid("client_secret is another than the client's"))?;
    }
    let decided = &before.definition();
    let metadata = metadata(app, &asked, decided)?;
    name(app, &metadata, before.metadata.client_name.as_deref())?;
    clients::check_metadata(&before.id, &metadata, decided).map_err(ClientError::Invalid)?;
    clients::check_remote(app, &metadata, Some(&before.metadata))
        .await
        .map_err(ClientError::Invalid)?;
    let context = &Context {
        actor: Actor::Client(before.id.clone()),
        ..context.clone()
    };
    let issued = app
        .write(context, async |tx| {
            replace_in(tx, &before, metadata.clone()).await
        })
        .await?;
    app.registry.refresh(app.db.read()).await?;
    Ok(information(app, &issued, token))
}

async fn replace_in(tx: &Tx, before: &Client, metadata: Metadata) -> Result<Issued> {
    let mut after = before.clone();
    after.metadata = metadata;
    let mut client = clients::change(tx, before, after).await?;
    let mut secret = None;
    if clients::lacks_secret(&client) {
        let fresh = Secret::new(random::token());
        clients::replace_secret(tx, &client.id, &fresh).await?;
        client = clients::find_in(tx, &client.id).await?;
        secret = Some(fresh);
    }
    Ok(Issued { client, secret })
}

/// Removes the client with every token and consent that it has (RFC 7592 §2.3).
pub async fn delete(app: &App, context: &Context, id: &str, token: &str) -> Result<()> {
    let client = managed(app, context, id, token).await?;
    let context = &Context {
        actor: Actor::Client(client.id.clone()),
        ..context.clone()
    };
    // G-9: a change that an administrator made meanwhile is kept.
    app.write(context, async |tx| clients::remove(tx, &client).await)
        .await?;
    app.registry.refresh(app.db.read()).await?;
    Ok(())
}

/// Issues a token with which `clients` may register, for the operator to hand over (security.md DR-1).
pub async fn issue_initial_access_token(
    app: &App,
    context: &Context,
    clients: u32,
) -> Result<(Secret, InitialAccessToken)> {
    let now = app.clock.now();
    let secret = Secret::new(format!("{INITIAL}{}", random::token()));
    let token = InitialAccessToken {
        id: random::id(),
        digest: secret.digest(),
        remaining: clients.clamp(1, MOST_CLIENTS),
        created_at: now,
        expires_at: now + INITIAL_LIFETIME,
    };
    let new = &token;
    app.write(context, async |tx| -> Result<()> {
        client_registrations::insert_initial(tx, new).await?;
        let object = format!("initial_access_token:{}", new.id);
        let event = Event::new(Action::InitialAccessTokenIssued, object)
            .change(Value::Null, json!({ "clients": new.remaining }));
        Ok(tx.record(event).await?)
    })
    .await?;
    Ok((secret, token))
}

async fn initial_access_token(app: &App, token: Option<&str>, now: Time) -> Result<String> {
    let token = token.ok_or_else(Error::missing_token)?;
    let found = if token.starts_with(INITIAL) {
        client_registrations::find_initial(app.db.read(), &Secret::new(token).digest(), now).await?
    } else {
        None
    };
    found.ok_or_else(|| Error::unusable_token("an initial access token that is unknown, spent or expired"))
}

/// Returns the client whose registration `token` manages, if the URL names it. Every other case is one refusal
/// (RFC 7592 §2.1).
async fn managed(app: &App, context: &Context, id: &str, token: &str) -> Result<Client> {
    let counted = format!("registration {}", context.network);
    app.limits
        .check(Limit::ClientAuthenticationFailures, &counted)
        .await?;
    let db = app.db.read();
    let found = if token.starts_with(MANAGING) {
        client_registrations::find_client(db, &Secret::new(token).digest()).await?
    } else {
        None
    };
    if let Some(found) = found.filter(|it| it.as_str() == id)
        && let Some(client) = storage::clients::find(db, &found).await?
        && client.enabled
    {
        return Ok(client);
    }
    match app
        .limits
        .count(Limit::ClientAuthenticationFailures, &counted)
        .await
    {
        Ok(()) | Err(Refused::TooMany { .. }) => {}
        Err(Refused::Store(source)) => return Err(source.into()),
    }
    // DR-6: a disabled client is refused with every credential that it holds.
    Err(Error::unusable_token(
        "a registration access token of no enabled client, or of another",
    ))
}

fn read(body: &[u8]) -> Result<Map<String, Value>> {
    jose::strict_object(body).ok_or_else(|| invalid("The request is not a JSON object, each name once"))
}

/// Reads what the client asks for and fills in the defaults of a registration (OpenID Connect Dynamic Client
/// Registration §2; security.md TK-6).
fn metadata(app: &App, asked: &Map<String, Value>, decided: &Definition) -> Result<Metadata> {
    let mut metadata = clients::metadata_of_client(asked, decided).map_err(ClientError::Invalid)?;
    if !decided.settings.is_administered("token_endpoint_auth_method") {
        let method = metadata.token_endpoint_auth_method;
        metadata.token_endpoint_auth_method = Some(method.unwrap_or(AuthMethod::ClientSecretBasic));
    }
    let refreshes = metadata.grant_types.contains(&GrantType::RefreshToken);
    // RFC 7591 §3.2.1: a scope that is not allowed is dropped, and the answer says which are left.
    let allowed = |name: &str| match name {
        scope::OFFLINE_ACCESS => refreshes,
        name => SCOPES.contains(&name) || decided.metadata.scope.contains(name),
    };
    let decided_scope = decided.settings.is_administered("scope");
    let allowed = |name: &str| allowed(name) && (!decided_scope || decided.metadata.scope.contains(name));
    metadata.scope = if asked.get("scope").is_some_and(|it| !it.is_null()) {
        metadata.scope.iter().filter(|it| allowed(it)).collect::<Scope>()
    } else {
        SCOPES
            .into_iter()
            .chain(decided.metadata.scope.iter())
            .filter(|it| allowed(it))
            .collect()
    };
    let method = metadata.token_endpoint_auth_method.unwrap_or(AuthMethod::None);
    let bound = metadata.tls_client_certificate_bound_access_tokens;
    if !app.config.mtls.offers(method) || bound && !app.config.mtls.is_on() {
        return Err(invalid("Certificates of this kind are not taken here"));
    }
    let offered = &app.config.authorization.response_types;
    match metadata.response_types.iter().find(|it| !offered.contains(it)) {
        Some(other) => Err(invalid(&format!("response_types: {other} is not offered here"))),
        None => Ok(metadata),
    }
}

/// Refuses a name that passes for the institution or one of its services (DR-7); an administrator may give it.
fn name(app: &App, asked: &Metadata, decided: Option<&str>) -> Result<()> {
    let new = asked.client_name.as_deref().filter(|it| Some(*it) != decided);
    if new.is_some_and(|it| app.reserved_names().are_passed_for_by(it)) {
        Err(invalid(
            "client_name: could be taken for a name of this institution or of one of its services; choose another",
        ))
    } else {
        Ok(())
    }
}

/// Returns the client information response (RFC 7591 §3.2.1, RFC 7592 §3).
fn information(app: &App, issued: &Issued, token: &str) -> Value {
    let client = &issued.client;
    // RFC 7591 §3.2.1: the answer has what the client registered, and nothing of what administrators decide
    // (security.md DR-2).
    let mut all = match serde_json::to_value(&client.metadata) {
        Ok(Value::Object(members)) => members,
        _ => Map::new(),
    };
    let mut put = |name: &str, value: Value| all.insert(name.to_owned(), value);
    put("client_id", client.id.as_str().into());
    put("client_id_issued_at", client.created_at.timestamp().into());
    if let Some(secret) = &issued.secret {
        put("client_secret", secret.expose().into());
        put("client_secret_expires_at", 0.into()); // never
    }
    let address = endpoints::CLIENT_CONFIGURATION.replace("{client_id}", client.id.as_str());
    put("registration_client_uri", app.config.issuer.at(&address).into());
    put("registration_access_token", token.into());
    Value::Object(all)
}

fn invalid(description: &str) -> Error {
    Error::invalid_client_metadata(description)
}

/// Answers a client by one of two codes (RFC 7591 §3.2.2).
impl From<ClientError> for Error {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Storage(source) => source.into(),
            ClientError::Invalid(problems) => {
                let about_redirects = |it: &Problem| it.member == "redirect_uris";
                let description = ClientError::Invalid(problems.clone()).to_string();
                if problems.iter().all(about_redirects) {
                    Error::invalid_redirect_uri(description)
                } else {
                    invalid(&description)
                }
            }
            ClientError::Conflict(_) => Error::changed_meanwhile(),
            ClientError::Unknown(_) => Error::unusable_token("a client that is gone"),
            other => invalid(&other.to_string()),
        }
    }
}
