//! `urn:ietf:params:oauth:grant-type:token-exchange` (RFC 8693): a service that a person's access token was presented
//! to gets one of its own, to act for them elsewhere. It states who acts (`act`), allows no more than the presented
//! token, and ends with the grant that that one came from.

use super::audience::{self, Audience};
use super::issue;
use super::response::{ACCESS_TOKEN_TYPE, JWT_TYPE, TokenResponse};
use crate::app::App;
use crate::domain::Subject;
use crate::domain::actor::Context;
use crate::domain::client::Client;
use crate::domain::event::{Action, Event};
use crate::domain::scope::{self, Scope};
use crate::domain::token::{AccessToken, Actor, Confirmation};
use crate::oidc::access_token::{self, Holder};
use crate::oidc::{Error, Parameters, Result, access_policy, subject};

pub async fn grant(
    app: &App,
    context: &Context,
    client: &Client,
    parameters: &Parameters,
    bound_to: Option<Confirmation>,
) -> Result<TokenResponse> {
    if client.is_public() {
        // RFC 8693 §4.1: the actor is named in the token, so the client must have authenticated.
        return Err(Error::unauthorized_client("A public client exchanges no tokens"));
    }
    let wanted = wanted(parameters)?;
    let subject = subject_token(app, client, parameters).await?;
    let actor = actor(app, client, parameters, &subject).await?;
    let scope = narrowed(&subject.token.scope, client.scope(), parameters.get("scope"))?;
    let audience = requested_audience(app, client, parameters, &subject.token)?;
    let Some(account) = subject.account else {
        return Err(Error::unacceptable_token(
            "about a client, for which nobody can act",
        ));
    };
    if access_policy::check(app.db.read(), client, &account.id)
        .await?
        .is_some()
    {
        return Err(Error::unacceptable_token("the access policy of the client"));
    }
    let (now, before) = (app.clock.now(), subject.token);
    let fresh = issue::blank(client, scope, now, app.config.tokens.access_token);
    let token = AccessToken {
        subject: before.subject,
        sid: before.sid,
        authorization_id: before.authorization_id,
        authentication: before.authentication,
        audience: audience.resources,
        details: audience.details,
        actor,
        granted_to: Some(before.granted_to.unwrap_or(before.client_id)),
        confirmation: bound_to,
        expires_at: fresh.expires_at.min(before.expires_at),
        ..fresh
    };
    let event = Event::new(Action::TokenExchanged, format!("account:{}", account.id))
        .because(format!("client:{} {}", client.id, token.scope));
    let recorded = app.write(context, async |tx| tx.record(event.clone()).await);
    recorded.await?;
    issue::exchanged_token(app, client, &account, token, wanted).await
}

/// Returns the type that is to be issued (RFC 8693 §2.1); without a name, an access token in the client's form.
fn wanted(parameters: &Parameters) -> Result<&'static str> {
    match parameters.get("requested_token_type") {
        None | Some(ACCESS_TOKEN_TYPE) => Ok(ACCESS_TOKEN_TYPE),
        Some(JWT_TYPE) => Ok(JWT_TYPE),
        Some(_) => Err(Error::invalid_request(
            "requested_token_type is not one that is issued here",
        )),
    }
}

/// Returns the holder of the subject token, if the client may present it: as its own client, or as a resource that it
/// is for.
async fn subject_token(app: &App, client: &Client, parameters: &Parameters) -> Result<Holder> {
    let subject = read(app, parameters, ("subject_token", "subject_token_type")).await?;
    let itself = &client.settings.protected_resources;
    let is_its =
        subject.token.client_id == client.id || subject.token.audience.iter().any(|it| itself.contains(it));
    if is_its {
        Ok(subject)
    } else {
        Err(Error::unacceptable_token(
            "neither issued to the client nor for it",
        ))
    }
}

/// Returns the actor: the subject of the actor token, or the client. A client that only narrows a token of its own
/// changes nothing about who acts.
async fn actor(
    app: &App,
    client: &Client,
    parameters: &Parameters,
    subject: &Holder,
) -> Result<Option<Actor>> {
    let before = subject.token.actor.clone();
    let sub = match parameters.get("actor_token") {
        None if parameters.get("actor_token_type").is_some() => {
            return Err(Error::invalid_request("actor_token is missing"));
        }
        None if subject.token.client_id == client.id => return Ok(before),
        None => client.id.to_string(),
        Some(_) => {
            let acting = read(app, parameters, ("actor_token", "actor_token_type")).await?;
            if acting.token.client_id != client.id {
                return Err(Error::unacceptable_token("an actor token of another client"));
            }
            let stated = acting
                .token
                .subject
                .as_ref()
                .map(|it| subject::for_client(app, client, it));
            stated
                .as_ref()
                .map_or(client.id.as_str(), Subject::as_str)
                .to_owned()
        }
    };
    Actor::after(sub, before)
        .map(Some)
        .ok_or_else(|| Error::unacceptable_token("exchanged too often"))
}

async fn read(app: &App, parameters: &Parameters, (token, kind): (&str, &str)) -> Result<Holder> {
    let presented = parameters.required(token)?;
    if ![ACCESS_TOKEN_TYPE, JWT_TYPE].contains(&parameters.required(kind)?) {
        return Err(Error::invalid_request(format!(
            "{kind} is not one that is taken here"
        )));
    }
    let validity = access_token::validate(app, presented).await?;
    validity.holder_or(Error::unacceptable_token)
}

fn requested_audience(
    app: &App,
    client: &Client,
    parameters: &Parameters,
    before: &AccessToken,
) -> Result<Audience> {
    let mut asked = parameters.all("resource");
    asked.extend(parameters.all("audience"));
    if asked.is_empty() && !before.audience.is_empty() {
        // A token for others does not become one for us if the request names no audience.
        return Err(Error::invalid_target(
            "The token is for others: say for whom the new one is",
        ));
    }
    let resources = audience::registered_resources(client, &asked)?;
    let granted = before
        .details
        .of_types(&client.settings.authorization_details_types);
    let details = audience::narrowed_details(app, client, &granted, parameters)?.at(&resources);
    Ok(Audience { resources, details })
}

/// Returns the scope that the presented token allows and the client may have, or less. Nothing lasts beyond the
/// token.
fn narrowed(granted: &Scope, registered: &Scope, asked: Option<&str>) -> Result<Scope> {
    let most = granted.limited_to(registered).without(scope::OFFLINE_ACCESS);
    let scope = match asked {
        None => most,
        Some(asked) => {
            let asked = Scope::parse(asked).map_err(|it| Error::invalid_scope(it.to_string()))?;
            if !asked.is_within(&most) {
                return Err(Error::invalid_scope(
                    "The scope is wider than what the token allows or the client may have",
                ));
            }
            asked
        }
    };
    if scope.is_empty() {
        Err(Error::invalid_scope("No scope of the token is one of the client"))
    } else {
        Ok(scope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_of_both() {
        let scope = |text| Scope::parse(text).expect("a scope");
        let (granted, registered) = (
            scope("openid email orders offline_access"),
            scope("orders email x offline_access"),
        );
        let narrowed = |asked| narrowed(&granted, &registered, asked);
        assert_eq!(narrowed(None).expect("both"), scope("email orders"));
        assert_eq!(narrowed(Some("orders")).expect("less"), scope("orders"));
        for bad in ["openid", "x", "orders x", "offline_access", " "] {
            assert!(narrowed(Some(bad)).is_err(), "{bad}");
        }
    }
}
