//! A service's own SCIM server, as its client (RFC 7644 §3): makes, replaces, closes and deletes users there, and finds the
//! user of a person whom nobody has noted the id of.

use std::time::Duration;

use reqwest::{Method, header};
use serde_json::{Value, json};
use url::Url;

use crate::app::App;
use crate::domain::Time;
use crate::domain::scim::CORE_USER;
use crate::fetch::{self, Answered, Bounds};

const MEDIA_TYPE: &str = "application/scim+json";
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// What a call may take: less than a fifth of the time for which a sender holds a receiver, since one person takes up to
/// five calls.
const BOUNDS: Bounds = Bounds {
    time: Duration::from_secs(5),
    bytes: 64 * 1024,
};
/// The longest time that a service can ask us to wait.
const LONGEST_WAIT: chrono::Duration = chrono::Duration::hours(1);
/// The longest id that is kept.
const LONGEST_ID: usize = 512;

#[derive(Debug)]
pub struct Server<'a> {
    app: &'a App,
    base: Url,
    authorization: &'a str,
}

/// The reasons why a service is not what it is to be.
#[derive(Debug)]
pub enum Failure {
    /// It does not take this person.
    Refused(String),
    /// It takes nothing now.
    Away {
        why: String,
        /// The time before which it wants to hear nothing.
        until: Option<Time>,
    },
}

/// What came of making a user.
#[derive(Debug)]
pub enum Made {
    User(String),
    /// There is a user of this name, or the answer does not say which one was made.
    Somehow,
}

impl From<fetch::Error> for Failure {
    fn from(error: fetch::Error) -> Self {
        Self::Away {
            why: error.to_string(),
            until: None,
        }
    }
}

impl<'a> Server<'a> {
    pub fn at(app: &'a App, base: &str, authorization: &'a str) -> Result<Self, Failure> {
        let base = Url::parse(base).map_err(|_| Failure::from(fetch::Error::NotHttps))?;
        Ok(Self {
            app,
            base,
            authorization,
        })
    }

    /// Asks for what every server has (RFC 7644 §4).
    pub async fn probe(&self) -> Result<(), Failure> {
        let answer = self
            .send(Method::GET, self.url(&["ServiceProviderConfig"]), None)
            .await?;
        match answer.status {
            200 => Ok(()),
            _ => Err(self.failure(&answer)),
        }
    }

    pub async fn create(&self, user: &Value) -> Result<Made, Failure> {
        let answer = self.send(Method::POST, self.url(&["Users"]), Some(user)).await?;
        match answer.status {
            200..=299 => Ok(made(&answer).map_or(Made::Somehow, Made::User)),
            409 => Ok(Made::Somehow),
            _ => Err(self.failure(&answer)),
        }
    }

    /// Returns `false` if there is no such user any more.
    pub async fn replace(&self, id: &str, user: &Value) -> Result<bool, Failure> {
        let mut user = user.clone();
        user["id"] = id.into();
        let answer = self.send(Method::PUT, self.user(id), Some(&user)).await?;
        self.is_there(&answer)
    }

    /// Closes the user of somebody of whom the service may know nothing more. Returns `false` if there is none.
    pub async fn close(&self, id: &str, external_id: &str) -> Result<bool, Failure> {
        let patch = json!({
            "schemas": [PATCH],
            "Operations": [{"op": "replace", "path": "active", "value": false}],
        });
        let answer = self.send(Method::PATCH, self.user(id), Some(&patch)).await?;
        // RFC 7644 §3.5.2: a server need not have PATCH.
        if !matches!(answer.status, 405 | 501) {
            return self.is_there(&answer);
        }
        let bare = json!({
            "schemas": [CORE_USER.id],
            "externalId": external_id,
            "userName": external_id,
            "active": false,
        });
        self.replace(id, &bare).await
    }

    /// Deletes a user; one that is not there is deleted.
    pub async fn delete(&self, id: &str) -> Result<(), Failure> {
        let answer = self.send(Method::DELETE, self.user(id), None).await?;
        self.is_there(&answer).map(drop)
    }

    /// Finds the user that says that it is this one's.
    pub async fn find_own(&self, external_id: &str) -> Result<Option<String>, Failure> {
        let found = self.search("externalId", external_id).await?;
        let own = found.iter().find(|it| it["externalId"] == external_id);
        Ok(own.and_then(id_of))
    }

    /// Finds the user that is this one's, or has the name and is nobody's: somebody made it there before.
    pub async fn find(&self, external_id: &str, user_name: &str) -> Result<Option<String>, Failure> {
        if let Some(own) = self.find_own(external_id).await? {
            return Ok(Some(own));
        }
        let found = self.search("userName", user_name).await?;
        let is_ours = |user: &&Value| match user["externalId"].as_str() {
            None | Some("") => true,
            Some(other) => other == external_id,
        };
        let is_named = |user: &&Value| {
            let name = user["userName"].as_str().unwrap_or_default();
            name.eq_ignore_ascii_case(user_name)
        };
        let user = found.iter().filter(is_named).find(is_ours);
        Ok(user.and_then(id_of))
    }

    async fn search(&self, attribute: &str, value: &str) -> Result<Vec<Value>, Failure> {
        let mut url = self.url(&["Users"]);
        let filter = format!("{attribute} eq {}", Value::from(value));
        url.query_pairs_mut()
            .append_pair("filter", &filter)
            .append_pair("count", "10");
        let answer = self.send(Method::GET, url, None).await?;
        match answer.status {
            200 => {
                let list: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
                let found = list["Resources"].as_array();
                Ok(found.cloned().unwrap_or_default())
            }
            // RFC 7644 §3.4.2.2: a server may not filter by this attribute.
            400 | 404 | 501 => Ok(Vec::new()),
            _ => Err(self.failure(&answer)),
        }
    }

    fn url(&self, parts: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(parts);
        }
        url
    }

    fn user(&self, id: &str) -> Url {
        self.url(&["Users", id])
    }

    async fn send(&self, method: Method, url: Url, body: Option<&Value>) -> Result<Answered, Failure> {
        let mut headers = vec![
            (header::ACCEPT, MEDIA_TYPE),
            (header::AUTHORIZATION, self.authorization),
        ];
        if body.is_some() {
            headers.push((header::CONTENT_TYPE, MEDIA_TYPE));
        }
        let body = body.map(ToString::to_string);
        let to = (method, url.as_str());
        Ok(self.app.fetch.exchange(to, &headers, body, BOUNDS).await?)
    }

    fn is_there(&self, answer: &Answered) -> Result<bool, Failure> {
        match answer.status {
            200..=299 => Ok(true),
            404 => Ok(false),
            _ => Err(self.failure(answer)),
        }
    }

    fn failure(&self, answer: &Answered) -> Failure {
        let why = match keyword(answer) {
            Some(keyword) => format!("it answered {} ({keyword})", answer.status),
            None => format!("it answered {}", answer.status),
        };
        if matches!(answer.status, 400 | 409 | 413 | 415 | 422) {
            return Failure::Refused(why);
        }
        let now = self.app.clock.now();
        let asked = answer.retry_after.as_deref().and_then(|it| wait(it, now));
        let until = asked.map(|it| now + it.clamp(chrono::Duration::zero(), LONGEST_WAIT));
        Failure::Away { why, until }
    }
}

/// Reads `Retry-After` (RFC 9110 §10.2.3): seconds, or a date.
fn wait(value: &str, now: Time) -> Option<chrono::Duration> {
    match value.trim().parse::<u32>() {
        Ok(seconds) => Some(chrono::Duration::seconds(seconds.into())),
        Err(_) => {
            let date = chrono::DateTime::parse_from_rfc2822(value.trim()).ok()?;
            Some(date.to_utc() - now)
        }
    }
}

/// Returns the keyword of an error (RFC 7644 §3.12). Its text is left out: it may be about the person.
fn keyword(answer: &Answered) -> Option<String> {
    let body: Value = serde_json::from_slice(&answer.body).ok()?;
    let keyword = body["scimType"].as_str()?;
    let is_word = (1..=32).contains(&keyword.len()) && keyword.bytes().all(|it| it.is_ascii_alphanumeric());
    is_word.then(|| keyword.to_owned())
}

/// Returns the id of a user that was made: that of the body, or the end of its address.
fn made(answer: &Answered) -> Option<String> {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
    id_of(&body).or_else(|| {
        let location = Url::parse(answer.location.as_deref()?).ok()?;
        let last = location.path_segments()?.next_back()?;
        let decoded = form_urlencoded::parse(last.replace('+', "%2B").as_bytes())
            .next()?
            .0
            .into_owned();
        is_id(&decoded).then_some(decoded)
    })
}

fn id_of(user: &Value) -> Option<String> {
    let id = match &user["id"] {
        Value::String(id) => id.clone(),
        Value::Number(id) => id.to_string(),
        _ => return None,
    };
    is_id(&id).then_some(id)
}

/// RFC 7643 §3.1: an id is not empty. What a path takes for a step up or none is no id that we could name.
fn is_id(id: &str) -> bool {
    !matches!(id, "" | "." | "..") && id.len() <= LONGEST_ID && !id.contains(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_in_seconds_or_a_date() {
        let now = chrono::DateTime::parse_from_rfc3339("2026-11-30T09:00:00Z").expect("a time");
        let now = now.to_utc();
        assert_eq!(wait("120", now), Some(chrono::Duration::seconds(120)));
        let date = wait("Mon, 30 Nov 2026 09:00:30 GMT", now);
        assert_eq!(date, Some(chrono::Duration::seconds(30)));
        assert_eq!(wait("soon", now), None);
    }

    #[test]
    fn an_id_is_that_of_the_body_or_of_the_address() {
        let answer = |body: &str, location: Option<&str>| Answered {
            status: 201,
            retry_after: None,
            location: location.map(str::to_owned),
            body: body.as_bytes().to_vec(),
        };
        let at = Some("https://rp.example/scim/v2/Users/a%2Fb");
        assert_eq!(made(&answer(r#"{"id":"7"}"#, at)).as_deref(), Some("7"));
        assert_eq!(made(&answer(r#"{"id":7}"#, at)).as_deref(), Some("7"));
        assert_eq!(made(&answer("", at)).as_deref(), Some("a/b"));
        assert_eq!(made(&answer(r#"{"id":".."}"#, None)), None);
        assert_eq!(made(&answer("", None)), None);
    }
}
