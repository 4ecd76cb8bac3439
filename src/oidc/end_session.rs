//! RP-initiated logout (OpenID Connect RP-Initiated Logout 1.0 §2, §3; security.md LO-1 to LO-3). Who
//! asks with a valid hint for the session at hand is logged out at once; everybody else is asked.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Error, Parameters, Result, subject};
use crate::app::App;
use crate::audit;
use crate::domain::account::Account;
use crate::domain::actor::{Actor, Context};
use crate::domain::client::Client;
use crate::domain::event::{Action, Event};
use crate::domain::session::Session;
use crate::domain::{Sid, Subject, Time};
use crate::storage::sessions;

/// What a confirmation form carries is sealed for this use (security.md G-7).
const KIND: &str = "logout";

/// The longest `state` that is given back, as at the authorization endpoint (security.md AZ-11).
const LONGEST_STATE: usize = 2048;

/// The next step of a logout.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// End the session at hand, if there is one, and go on.
    Done(After),
    /// Ask, by a form whose POST brings `ticket` back to [`confirmed`].
    Confirm { client: Option<String>, ticket: String },
}

/// Where the person goes once logged out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct After {
    /// The service that asked, by name.
    pub client: Option<String>,
    /// Its registered address, with `state` if it sent one; `None`: our own page.
    pub redirect_to: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Ticket {
    sid: Sid,
    after: After,
}

/// An ID token of ours that came back, and whom it was for.
struct Hint {
    client: Arc<Client>,
    subject: Subject,
    sid: Option<Sid>,
    expired: bool,
}

/// Decides. `session` is the live session of the browser, if any.
pub fn request(app: &App, parameters: &Parameters, session: Option<(&Session, &Account)>) -> Result<Step> {
    let claims = parameters
        .get("id_token_hint")
        .and_then(|it| app.keys.verify_own(it, "JWT"));
    let hint = claims.and_then(|it| read_hint(app, &it, parameters.get("client_id")));
    // LO-1: an expired hint counts if its session is the one at hand.
    let hint = hint.filter(|it| !it.expired || session.is_some_and(|at_hand| it.is_for(app, at_hand)));
    let after = hint
        .as_ref()
        .map_or_else(After::default, |it| after(&it.client, parameters));
    let Some(at_hand) = session else {
        return Ok(Step::Done(after));
    };
    match &hint {
        Some(hint) if hint.is_for(app, at_hand) => Ok(Step::Done(after)),
        // Without a hint, with one of another session or one that is not ours: anybody could have sent
        // the browser here, so the person decides.
        _ => {
            let ticket = Ticket {
                sid: at_hand.0.sid.clone(),
                after: after.clone(),
            };
            let content = serde_json::to_vec(&ticket).map_err(Error::internal)?;
            Ok(Step::Confirm {
                client: after.client,
                ticket: app.keys.seal(KIND, &content).map_err(Error::internal)?,
            })
        }
    }
}

/// The person said yes: where to go. `None` if the form belongs to another session.
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
    let now = app.clock.now();
    let context = Context {
        actor: Actor::Person {
            account: account.id.clone(),
            role: account.role,
        },
        ..context.clone()
    };
    app.db
        .write(async |tx| -> Result<()> {
            // The session first: a grant in the making holds it until it stands.
            if sessions::end(tx, &account.id, &session.id, now).await? {
                let event = Event::new(Action::Logout, format!("session:{}", session.id));
                audit::record(tx, now, &context, event).await?;
            }
            Ok(())
        })
        .await
}

impl Hint {
    fn is_for(&self, app: &App, (session, account): (&Session, &Account)) -> bool {
        let same_session = self.sid.as_ref().is_none_or(|it| *it == session.sid);
        // By the name that this client has for the person (Core §8).
        same_session && self.subject == subject::of(app, &self.client, &account.sub)
    }
}

fn read_hint(app: &App, claims: &Value, client_id: Option<&str>) -> Option<Hint> {
    let claimed = claimed(claims, app.config.issuer.as_str(), app.clock.now())?;
    // §2: a client_id that is sent agrees with the hint.
    if client_id.is_some_and(|it| it != claimed.client_id) {
        return None;
    }
    Some(Hint {
        client: app.registry.find(claimed.client_id)?,
        subject: Subject::new(claimed.subject),
        sid: claimed.sid.map(Sid::new),
        expired: claimed.expired,
    })
}

#[derive(Debug, PartialEq, Eq)]
struct Claimed<'a> {
    client_id: &'a str,
    subject: &'a str,
    sid: Option<&'a str>,
    expired: bool,
}

/// The claims of a token whose signature is ours: an ID token, hence of one audience.
fn claimed<'a>(claims: &'a Value, issuer: &str, now: Time) -> Option<Claimed<'a>> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    if text("iss") != Some(issuer) {
        return None;
    }
    Some(Claimed {
        client_id: text("aud")?,
        subject: text("sub")?,
        sid: text("sid"),
        expired: claims.get("exp")?.as_i64()? <= now.timestamp(),
    })
}

/// §3: only to an address that the client of the hint registered, byte for byte (LO-2).
fn after(client: &Client, parameters: &Parameters) -> After {
    let registered = &client.metadata.post_logout_redirect_uris;
    let asked = parameters
        .get("post_logout_redirect_uri")
        .filter(|uri| registered.iter().any(|it| it == uri));
    let state = parameters.get("state").filter(|it| it.len() <= LONGEST_STATE);
    After {
        client: Some(client.name().to_owned()),
        redirect_to: asked.map(|uri| with_state(uri, state)),
    }
}

fn with_state(uri: &str, state: Option<&str>) -> String {
    let Some(state) = state else {
        return uri.to_owned();
    };
    let encoded: String = form_urlencoded::byte_serialize(state.as_bytes()).collect();
    // A space as every decoder of URLs reads it.
    let encoded = encoded.replace('+', "%20");
    let separator = match uri.contains('?') {
        true => '&',
        false => '?',
    };
    format!("{uri}{separator}state={encoded}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_hint_is_an_id_token_of_ours() {
        let now = chrono::DateTime::from_timestamp(1000, 0).expect("a time");
        let good = json!({"iss": "https://i", "aud": "c", "sub": "s", "sid": "x", "exp": 1001});
        let read = claimed(&good, "https://i", now).expect("good");
        assert_eq!((read.client_id, read.sid, read.expired), ("c", Some("x"), false));
        let mut old = good.clone();
        old["exp"] = 1000.into();
        assert!(claimed(&old, "https://i", now).expect("old").expired);
        for (name, value) in [
            ("iss", json!("https://other")),
            ("aud", json!(["c"])),
            ("sub", json!(1)),
            ("exp", json!(null)),
        ] {
            let mut bad = good.clone();
            bad[name] = value;
            assert_eq!(claimed(&bad, "https://i", now), None, "{name}"); // LO-1
        }
    }

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
