//! The service of a worker: it shows codes and refresh tokens at the token endpoint, and writes down what it is told.

use super::record::{Event, Line, Record, Shown, Tokens, now};
use super::settings::Settings;
use crate::client::{AuthMethod, Client};
use crate::http::{Answer, Http};
use crate::provider::Provider;
use anyhow::{Context, Result, anyhow, bail, ensure};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use std::sync::Arc;

/// What came of a code or refresh token that was shown.
#[derive(Debug)]
pub enum Outcome {
    Tokens(Value),
    /// A complete answer, by which nothing was issued.
    Refused(String),
    /// It may have been used up.
    Unanswered(anyhow::Error),
}

impl Outcome {
    pub fn into_tokens(self) -> Result<Value> {
        match self {
            Self::Tokens(tokens) => Ok(tokens),
            Self::Refused(why) => Err(anyhow!(why)),
            Self::Unanswered(error) => Err(error),
        }
    }
}

pub struct Service {
    pub http: Http,
    pub client: Client,
    pub provider: Arc<Provider>,
    record: Option<Arc<Record>>,
    /// Who writes into the record.
    worker: String,
    person: String,
}

impl Service {
    pub fn new(
        http: &Http,
        settings: &Settings,
        provider: &Arc<Provider>,
        record: Option<&Arc<Record>>,
        (worker, person): (String, String),
    ) -> Self {
        Self {
            http: http.clone(),
            client: Client::new(&settings.client(), AuthMethod::SecretBasic),
            provider: Arc::clone(provider),
            record: record.cloned(),
            worker,
            person,
        }
    }

    pub fn endpoint(&self, name: &str) -> Result<&str> {
        let found = self.provider.endpoint(name);
        found.with_context(|| format!("the metadata has no {name}"))
    }

    pub fn worker(&self) -> &str {
        &self.worker
    }

    /// Returns `true` if somebody will ask what became of what it is told.
    pub fn records(&self) -> bool {
        self.record.is_some()
    }

    pub fn note(&self, event: impl FnOnce() -> Event) -> Result<()> {
        let Some(record) = &self.record else {
            return Ok(());
        };
        record.write(&Line {
            at: now(),
            worker: self.worker.clone(),
            person: self.person.clone(),
            event: event(),
        })
    }

    pub async fn asks_for_tokens(&self, fields: &[(&str, &str)]) -> Result<Value> {
        let answer = self
            .client
            .token_request(&self.http, &self.provider, fields)
            .await?;
        ok(&answer)
    }

    /// Shows a code or a refresh token, with what belongs to it, in a session of the person.
    pub async fn shows(&self, shown: &Shown, more: &[(&str, &str)], session: &str) -> Result<Outcome> {
        let (grant, name, value) = match shown {
            Shown::Code(code) => ("authorization_code", "code", code),
            Shown::RefreshToken(token) => ("refresh_token", "refresh_token", token),
            Shown::Revocation(_) => bail!("nothing is issued for a revocation"),
        };
        let mut fields = vec![("grant_type", grant), (name, value.as_str())];
        fields.extend_from_slice(more);
        let begun = now();
        let answer = self
            .client
            .token_request(&self.http, &self.provider, &fields)
            .await;
        let outcome = judged(answer);
        let shown = shown.clone();
        match &outcome {
            Outcome::Tokens(tokens) => {
                let issued = issued(shown, tokens, session, begun)?;
                self.note(|| Event::Tokens(issued))?;
            }
            Outcome::Refused(why) => self.note(|| Event::Refused {
                shown,
                why: why.clone(),
            })?,
            Outcome::Unanswered(error) => self.note(|| Event::Unanswered {
                shown,
                why: format!("{error:#}"),
            })?,
        }
        Ok(outcome)
    }

    /// Revokes a refresh token (RFC 7009).
    pub async fn revokes(&self, refresh_token: &str) -> Result<()> {
        let endpoint = self.endpoint("revocation_endpoint")?;
        let form = [("token", refresh_token), ("token_type_hint", "refresh_token")];
        let answer = self.client.post(&self.http, endpoint, &form).await;
        let refusal = match answer {
            Ok(answer) if answer.status == 200 => {
                return self.note(|| Event::Revoked {
                    refresh_token: refresh_token.to_owned(),
                });
            }
            Ok(answer) => anyhow!(answer.brief()),
            Err(error) => error,
        };
        self.note(|| Event::Unanswered {
            shown: Shown::Revocation(refresh_token.to_owned()),
            why: format!("{refusal:#}"),
        })?;
        Err(refusal)
    }

    /// Returns what the introspection says (RFC 7662).
    pub async fn introspects(&self, access_token: &str) -> Result<Value> {
        let endpoint = self.endpoint("introspection_endpoint")?;
        let form = [("token", access_token)];
        let said = ok(&self.client.post(&self.http, endpoint, &form).await?)?;
        ensure!(said["active"].is_boolean(), "the introspection says nothing");
        Ok(said)
    }
}

/// Only a refusal of the protocol says that nothing was issued (RFC 6749 §5.2).
fn judged(answer: Result<Answer>) -> Outcome {
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => return Outcome::Unanswered(error),
    };
    let content = answer.json();
    match (answer.status, content) {
        (200, Some(tokens)) if text(&tokens, "access_token").is_ok() => Outcome::Tokens(tokens),
        (400 | 401, Some(error)) if error["error"].is_string() => Outcome::Refused(answer.brief()),
        _ => Outcome::Unanswered(anyhow!(answer.brief())),
    }
}

fn issued(from: Shown, tokens: &Value, session: &str, begun: f64) -> Result<Tokens> {
    Ok(Tokens {
        from,
        access_token: text(tokens, "access_token")?.to_owned(),
        refresh_token: tokens["refresh_token"].as_str().map(str::to_owned),
        subject: subject(tokens)?,
        session: session.to_owned(),
        expires_at: begun + tokens["expires_in"].as_f64().unwrap_or(0.0),
    })
}

/// Returns the JSON of a successful answer.
pub fn ok(answer: &Answer) -> Result<Value> {
    ensure!(answer.status == 200, "{}", answer.brief());
    answer.json().with_context(|| answer.brief())
}

pub fn text<'a>(object: &'a Value, name: &str) -> Result<&'a str> {
    let found = object[name].as_str().filter(|it| !it.is_empty());
    found.with_context(|| format!("the answer has no {name}"))
}

/// Returns the claims of an ID token. Its signature is a matter of `check`: to verify it costs what it costs to make.
pub fn claims(id_token: &str) -> Result<Value> {
    let part = id_token.split('.').nth(1).context("no JWT")?;
    Ok(serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part)?)?)
}

/// Returns `sub` of the ID token, if there is one.
pub fn subject(tokens: &Value) -> Result<Option<String>> {
    let Some(id_token) = tokens["id_token"].as_str() else {
        return Ok(None);
    };
    let claims = claims(id_token)?;
    Ok(Some(text(&claims, "sub")?.to_owned()))
}
