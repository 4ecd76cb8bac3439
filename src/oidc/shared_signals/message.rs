//! Puts what is kept into words for one receiver, as of now: the subject as the client knows it, the present values of the
//! claims that it received (security.md G-10), and nothing of a person whom it may no longer hear of.

use serde_json::{Map, Value, json};

use super::subjects;
use crate::app::App;
use crate::domain::client::Client;
use crate::domain::event_receiver::Receiver;
use crate::domain::scope::{self, Scope};
use crate::domain::signal::{Kept, Signal, SignalKind};
use crate::domain::{AccountId, ClientId, Sid, Subject, Time, claim};
use crate::oidc::{Error, Result, access_policy, claims, consent, subject};
use crate::signals;
use crate::storage::event_deliveries::Delivery;
use crate::storage::{accounts, event_receivers, service_uses};

/// The type of a Security Event Token (RFC 8417 §2.3).
const TYPE: &str = "secevent+jwt";

/// What a receiver is told.
#[derive(Debug)]
pub(super) struct Message {
    pub id: String,
    pub kind: SignalKind,
    pub caused_at: Time,
    /// The subject (RFC 9493).
    pub subject: Value,
    /// The members of the event.
    pub event: Value,
}

/// Returns what the receiver is told; `None` if there is nothing to tell any more: it took the subject out, or the account
/// is gone.
pub(super) async fn compose(
    app: &App,
    client: &Client,
    receiver: &Receiver,
    delivery: &Delivery,
) -> Result<Option<Message>> {
    let Some(kept) = signals::open(&app.keys, &delivery.sealed_signal) else {
        return Err(Error::internal("a kept signal cannot be opened"));
    };
    let composed = match &kept.signal {
        Signal::Verification { .. } | Signal::StreamUpdated { .. } => Some(of_stream(receiver, &kept.signal)),
        Signal::AccountPurged { subject: own, .. } => {
            let own = subject::for_client(app, client, own);
            let hidden = subjects::digests(app, &receiver.id, &own, None);
            let excluded = event_receivers::excludes(app.db.read(), &receiver.id, &hidden).await?;
            (!excluded).then(|| (user(app, &own), json!({})))
        }
        _ => match &delivery.account {
            Some(account) => of_person(app, client, receiver, account, &kept.signal).await?,
            None => None,
        },
    };
    Ok(composed.map(|(subject, event)| Message {
        id: delivery.id.clone(),
        kind: delivery.kind,
        caused_at: delivery.caused_at,
        subject,
        event: with_circumstances(event, delivery, &kept),
    }))
}

/// Adds the members that CAEP has for every event (CAEP 1.0 §2).
fn with_circumstances(mut event: Value, delivery: &Delivery, kept: &Kept) -> Value {
    let is_caep = matches!(
        delivery.kind,
        SignalKind::SessionRevoked
            | SignalKind::CredentialChange
            | SignalKind::TokenClaimsChange
            | SignalKind::AssuranceLevelChange
    );
    if is_caep {
        event["event_timestamp"] = delivery.caused_at.timestamp().into();
        event["initiating_entity"] = kept.by.as_str().into();
    }
    event
}

fn of_stream(receiver: &Receiver, signal: &Signal) -> (Value, Value) {
    // SSF 1.0 §8.1.4.1: the subject is the stream.
    let subject = json!({ "format": "opaque", "id": receiver.id.as_str() });
    let mut event = Map::new();
    match signal {
        Signal::Verification { state } => {
            event.extend(state.iter().map(|it| ("state".to_owned(), it.as_str().into())));
        }
        Signal::StreamUpdated { status, reason } => {
            event.insert("status".into(), status.as_str().into());
            event.extend(reason.iter().map(|it| ("reason".to_owned(), it.as_str().into())));
        }
        _ => {}
    }
    (subject, event.into())
}

async fn of_person(
    app: &App,
    client: &Client,
    receiver: &Receiver,
    account: &AccountId,
    signal: &Signal,
) -> Result<Option<(Value, Value)>> {
    let db = app.db.read();
    let Some(person) = accounts::find(db, account).await? else {
        return Ok(None);
    };
    // A service that no longer has anything of the person hears nothing more.
    let Some(used) = service_uses::find(db, account, &client.id).await? else {
        return Ok(None);
    };
    // EV-2: between two tokens it hears no more than it would get in one now.
    let (scope, names) = consent::still_granted(db, client, &used)
        .await?
        .unwrap_or_default();
    let is_admitted = person.is_active() && access_policy::check(db, client, account).await?.is_none();
    let Some(signal) = signal
        .within(&scope, &names)
        .and_then(|it| heard(it, is_admitted))
    else {
        return Ok(None);
    };
    let own = subject::for_client(app, client, &person.sub);
    let email = has_email(&used.scope, &used.claims).then_some(&person.email);
    let hidden = subjects::digests(app, &receiver.id, &own, email);
    if event_receivers::excludes(db, &receiver.id, &hidden).await? {
        return Ok(None);
    }
    Ok(Some(match &signal {
        Signal::SessionRevoked { sid } => (of_session(app, &own, sid.as_ref()), json!({})),
        Signal::CredentialChange { credential, fate } => (
            user(app, &own),
            json!({ "credential_type": credential.as_str(), "change_type": fate.as_str() }),
        ),
        Signal::TokenClaimsChange { claims: names } => {
            let known: claims::Names = claim::BY_SCOPE
                .iter()
                .flat_map(|it| it.1)
                .copied()
                .filter(|it| names.iter().any(|name| name == it))
                .collect();
            let values = if is_admitted {
                claims::values(db, &known, &person).await?
            } else {
                claims::Claims::new()
            };
            // CAEP 1.0 §3.2: the new values; one that is gone is null.
            let all: Map<String, Value> = known
                .iter()
                .map(|it| ((*it).to_owned(), values.get(*it).cloned().unwrap_or(Value::Null)))
                .collect();
            (user(app, &own), json!({ "claims": all }))
        }
        Signal::AssuranceLevelChange { raised } => {
            let (before, after, direction) = if *raised {
                ("nist-aal1", "nist-aal2", "increase")
            } else {
                ("nist-aal2", "nist-aal1", "decrease")
            };
            let event = json!({
                "namespace": "NIST-AAL",
                "previous_level": before,
                "current_level": after,
                "change_direction": direction,
            });
            (user(app, &own), event)
        }
        // RISC 1.0 §2.6: the subject is the identifier that it was.
        Signal::IdentifierChanged { from, to } => (
            json!({ "format": "email", "email": from }),
            json!({ "new-value": to }),
        ),
        _ => (user(app, &own), json!({})),
    }))
}

/// Returns what a service hears of a change. One that would get no token of the person now, because the account is not active
/// or its access policy does not admit them, hears that the membership is gone, and no new value of anything.
fn heard(signal: Signal, is_admitted: bool) -> Option<Signal> {
    match signal {
        signal if is_admitted => Some(signal),
        Signal::TokenClaimsChange { claims } => {
            let of_membership = claim::of_scope(scope::ITU_MEMBERSHIP);
            let lost = claims.iter().map(String::as_str);
            let lost: Vec<&str> = lost.filter(|it| of_membership.contains(it)).collect();
            (!lost.is_empty()).then(|| Signal::claims(lost))
        }
        Signal::IdentifierChanged { .. } => None,
        other => Some(other),
    }
}

fn has_email(scope: &Scope, claims: &[String]) -> bool {
    scope.contains(scope::EMAIL) || claims.iter().any(|it| it == "email")
}

fn user(app: &App, subject: &Subject) -> Value {
    json!({ "format": "iss_sub", "iss": app.config.issuer.as_str(), "sub": subject.as_str() })
}

/// Returns one session of the person (SSF 1.0 §3.3), as ID tokens name it.
fn of_session(app: &App, subject: &Subject, sid: Option<&Sid>) -> Value {
    match sid {
        None => user(app, subject),
        Some(sid) => json!({
            "format": "complex",
            "user": user(app, subject),
            "session": { "format": "opaque", "id": sid.as_str() },
        }),
    }
}

/// Signs a message as a Security Event Token (RFC 8417 §2.2, SSF 1.0 §4.1): neither `sub` nor `exp`, so that none is taken
/// for an ID token or an access token.
pub(super) fn sign(app: &App, client: &Client, message: &Message) -> Result<String> {
    let claims = json!({
        "iss": app.config.issuer.as_str(),
        "aud": client.id.as_str(),
        "iat": app.clock.now().timestamp(),
        "toe": message.caused_at.timestamp(),
        "jti": message.id,
        "sub_id": message.subject,
        "events": { message.kind.event_type(): message.event },
    });
    app.keys
        .sign(client.id_token_alg(), TYPE, &claims)
        .map_err(Error::internal)
}

/// Returns the client, if it is registered and enabled.
pub(super) fn client_of(app: &App, id: &ClientId) -> Option<std::sync::Arc<Client>> {
    app.registry.find(id.as_str())
}
