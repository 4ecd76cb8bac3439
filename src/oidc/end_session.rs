//! RP-initiated logout (OpenID Connect RP-Initiated Logout 1.0 §2, §3; security.md LO-1 to LO-3). A valid
//! hint for the session at hand logs out at once; in every other case the person is asked. `http/pages/logout.rs`
//! shows the pages.

use std::sync::Arc;

use sea_orm::DbErr;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::mismatch::Mismatch;
use super::{Error, Parameters, Result, id_token_hint, subject};
use crate::app::App;
use crate::domain::account::Account;
use crate::domain::actor::{Actor, Context};
use crate::domain::client::{Client, Origin};
use crate::domain::event::{Action, Event};
use crate::domain::session::Session;
use crate::domain::{ClientId, Sid, Subject};
use crate::storage::sessions;

/// The purpose for which the ticket of a confirmation form is sealed (security.md G-7).
const KIND: &str = "logout";

/// The longest `state` that is given back, as at the authorization endpoint (security.md AZ-11).
const LONGEST_STATE: usize = 2048;

/// The next step of a logout.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// The session at hand, if there is one, is to end, and the browser goes on.
    Done(After),
    /// The person is to be asked, by a form whose POST brings `ticket` back to [`confirmed`].
    Confirm {
        client: Option<ClientId>,
        /// The person that the service wants to log out, if that is not the person of the session.
        other: Option<OtherPerson>,
        ticket: String,
    },
}

/// The person of a hint, as far as the ID token itself names them: whoever sent it can read that already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherPerson(pub Option<String>);

/// The destination of the person once logged out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct After {
    /// The service that asked.
    pub client: Option<ClientId>,
    /// Its registered address, with `state` if it sent one; `None`: our own page.
    pub redirect_to: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Ticket {
    sid: Sid,
    after: After,
}

/// An ID token of ours that came back, with its client and person.
struct Hint {
    client: Arc<Client>,
    subject: Subject,
    sid: Option<Sid>,
    /// The name of the person in the token.
    person: Option<String>,
}

/// Decides the next step. `session` is the valid session of the browser, if any.
pub fn request(app: &App, parameters: &Parameters, session: Option<(&Session, &Account)>) -> Result<Step> {
    let hint = parameters
        .get("id_token_hint")
        .and_then(|it| id_token_hint::read(app, it))
        .and_then(|it| read_hint(app, &it, parameters.get("client_id")));
    let Some(at_hand) = session else {
        return Ok(Step::Done(after_nothing(app, hint.as_ref(), parameters)));
    };
    let named = match &hint {
        Some(hint) => Some(Arc::clone(&hint.client)),
        None => named_alone(app, parameters),
    };
    let after = named.map_or_else(After::default, |it| after(&it, parameters));
    match &hint {
        // LO-1: the hint is about the session at hand, expired or not.
        Some(hint) if hint.is_for(app, at_hand) => Ok(Step::Done(after)),
        // Anybody could have sent the browser here, so the person decides.
        _ => {
            let ticket = Ticket {
                sid: at_hand.0.sid.clone(),
                after: after.clone(),
            };
            let content = serde_json::to_vec(&ticket).map_err(Error::internal)?;
            let other = hint.filter(|it| !it.is_about(app, at_hand.1));
            Ok(Step::Confirm {
                client: after.client,
                other: other.map(|it| OtherPerson(it.person)),
                ticket: app.keys.seal(KIND, &content).map_err(Error::internal)?,
            })
        }
    }
}

/// Returns the client of a `client_id` without a hint (§2). Beside a hint that is not ours or that disagrees with it,
/// it counts for nothing (LO-2).
fn named_alone(app: &App, parameters: &Parameters) -> Option<Arc<Client>> {
    let alone = parameters
        .get("client_id")
        .filter(|_| !parameters.has("id_token_hint"));
    app.registry.find(alone?)
}

/// Returns the destination where the browser has no session: there is nothing to end and nobody to ask. A hint leads
/// back to its client (LO-1); without one the page names the service, and the person follows the link.
fn after_nothing(app: &App, hint: Option<&Hint>, parameters: &Parameters) -> After {
    let Some(hint) = hint else {
        return After {
            client: named_alone(app, parameters).map(|it| it.id.clone()),
            redirect_to: None,
        };
    };
    let mut after = after(&hint.client, parameters);
    // AZ-13: whoever registers a client and logs in there has a hint that would send any browser anywhere.
    if hint.client.origin == Origin::Registration && !app.config.registration.automatic_redirects {
        after.redirect_to = None;
    }
    after
}

/// Returns the destination once the person confirmed; `None` if the form belongs to another session.
pub fn confirmed(app: &App, ticket: &str, session: Option<&Session>) -> Option<After> {
    let ticket: Ticket = serde_json::from_slice(&app.keys.open(KIND, ticket)?).ok()?;
    // A session that has ended meanwhile is logged out as asked.
    session
        .is_none_or(|it| it.sid == ticket.sid)
        .then_some(ticket.after)
}

/// Ends the session, and with it the codes and access tokens issued in it, but not what was granted to
/// outlive it, by `offline_access` (LO-3, OpenID Connect Core §11). Only *sign out everywhere*, the list
/// of sessions and a new password end that too.
pub async fn end(app: &App, context: &Context, session: &Session, account: &Account) -> Result<()> {
    let context = Context {
        actor: Actor::Person {
            account: account.id.clone(),
            role: account.role,
        },
        ..context.clone()
    };
    let ended = app.write(&context, async |tx| {
        // The session ends first: a grant in the making holds it until it is stored.
        if sessions::end(tx, &account.id, &session.id, tx.now()).await? {
            let event = Event::new(Action::Logout, format!("session:{}", session.id));
            tx.record(event).await?;
        }
        Ok::<_, DbErr>(())
    });
    Ok(ended.await?)
}

impl Hint {
    fn is_for(&self, app: &App, (session, account): (&Session, &Account)) -> bool {
        let same_session = self.sid.as_ref().is_none_or(|it| *it == session.sid);
        same_session && self.is_about(app, account)
    }

    /// Compares the name that this client has for the person (Core §8).
    fn is_about(&self, app: &App, account: &Account) -> bool {
        self.subject == subject::for_client(app, &self.client, &account.sub)
    }
}

fn read_hint(app: &App, claims: &Value, client_id: Option<&str>) -> Option<Hint> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    // An ID token has one audience (Core §2). §2: a client_id that is sent agrees with the hint.
    let audience = text("aud")?;
    if client_id.is_some_and(|it| it != audience) {
        return None;
    }
    Some(Hint {
        client: app.registry.find(audience)?,
        subject: Subject::new(text("sub")?),
        sid: text("sid").map(Sid::new),
        person: text("email").or(text("name")).map(str::to_owned),
    })
}

/// Returns the destination. §3: it must be an address that the client registered, byte for byte (LO-2).
fn after(client: &Client, parameters: &Parameters) -> After {
    let registered = &client.metadata.post_logout_redirect_uris;
    let received = parameters.get("post_logout_redirect_uri");
    let asked = received.filter(|uri| registered.iter().any(|it| it == uri));
    if received.is_some() && asked.is_none() {
        Mismatch::of_uri("post_logout_redirect_uri", received, registered).log(&client.id);
    }
    let state = parameters.get("state").filter(|it| it.len() <= LONGEST_STATE);
    After {
        client: Some(client.id.clone()),
        redirect_to: asked.map(|uri| with_state(uri, state)),
    }
}

fn with_state(uri: &str, state: Option<&str>) -> String {
    let Some(state) = state else {
        return uri.to_owned();
    };
    let encoded: String = form_urlencoded::byte_serialize(state.as_bytes()).collect();
    // Every decoder of URLs reads a space in this form.
    let encoded = encoded.replace('+', "%20");
    let separator = if uri.contains('?') { '&' } else { '?' };
    format!("{uri}{separator}state={encoded}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_added_only_if_it_was_sent() {
        assert_eq!(with_state("https://a/out", None), "https://a/out");
        assert_eq!(
            with_state("https://a/out", Some("a b&")),
            "https://a/out?state=a%20b%26"
        );
        assert_eq!(
            with_state("https://a/out?x=1", Some("z")),
            "https://a/out?x=1&state=z"
        );
    }
}
