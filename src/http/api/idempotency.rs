//! The header `Idempotency-Key`: a POST that is sent again with the same key and the same content is answered as the first
//! time, and does nothing again. The answer is kept sealed for a day, for the actor who sent it, without a secret that is
//! shown once (security.md AD-2). A key that comes with other content is refused.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::call::Reply;
use super::operation::Operation;
use crate::app::App;
use crate::domain::actor::Context;
use crate::domain::secret::Digest;
use crate::http::problem::{Kind, Problem};
use crate::sealed::{self, Found, Purpose};

/// The time for which an answer is repeated.
const KEPT: Duration = Duration::from_hours(24);
/// The time that a handler may take (DS-1), and some more.
const IN_PROGRESS: Duration = Duration::from_secs(60);

const NAME: &str = "idempotency-key";
const LONGEST: usize = 255;

/// A key with what it stands for.
pub struct Key {
    app: App,
    /// The actor and the key: nobody meets the key of another.
    name: String,
    /// The operation and the content.
    content: String,
    secret: Option<&'static str>,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    content: String,
    status: u16,
    body: Option<Value>,
    headers: Vec<(String, String)>,
}

impl Key {
    /// Reads the header; `None` if it was not sent. The key is text, or a string as structured fields write it.
    pub fn read(
        app: &App,
        context: &Context,
        headers: &HeaderMap,
        (operation, path, body): (&Operation, &str, &[u8]),
    ) -> Result<Option<Self>, Problem> {
        let mut values = headers.get_all(NAME).iter();
        let value = match (values.next(), values.next()) {
            (None, _) => return Ok(None),
            (Some(value), None) => value.to_str().unwrap_or_default().trim(),
            (Some(_), Some(_)) => "",
        };
        let quoted = value.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
        let key = quoted.unwrap_or(value);
        if key.is_empty() || key.len() > LONGEST {
            let detail = format!("Idempotency-Key is one text of 1 to {LONGEST} ASCII characters");
            return Err(Problem::new(Kind::BadRequest).detailed(detail));
        }
        let actor = context.actor.program_label();
        let content = [operation.id.as_bytes(), path.as_bytes(), body].join(&b'\n');
        Ok(Some(Self {
            app: app.clone(),
            name: format!("{actor}\n{key}"),
            content: Digest::of(&content).as_str().to_owned(),
            secret: operation.secret,
        }))
    }

    /// Returns the answer of the first time, or `None` to the first.
    pub async fn answered(&self) -> Result<Option<Reply>, Problem> {
        let claimed = sealed::claim(&self.app, Purpose::RepeatedCall, &self.name, IN_PROGRESS).await;
        if claimed.map_err(unkept)? {
            return Ok(None);
        }
        let found = sealed::find(&self.app, Purpose::RepeatedCall, &self.name).await;
        let kept: Kept = match found.map_err(unkept)? {
            Found::Value(kept) => kept,
            Found::Claimed | Found::Nothing => {
                let detail = "A request with this idempotency key is under way";
                return Err(Problem::new(Kind::Conflict).detailed(detail));
            }
        };
        if kept.content != self.content {
            return Err(Problem::new(Kind::KeyReused));
        }
        let status = StatusCode::from_u16(kept.status).map_err(Problem::internal)?;
        let headers = kept.headers.into_iter();
        let headers = headers.filter_map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            Some((name, value))
        });
        Ok(Some(Reply {
            status,
            body: kept.body,
            headers: headers.collect(),
        }))
    }

    /// Keeps the answer of the first time. What was refused changed nothing, and may be tried again.
    pub async fn finish(&self, outcome: &Result<Reply, Problem>) {
        let kept = match outcome {
            Ok(reply) => {
                let mut body = reply.body.clone();
                if let (Some(secret), Some(Value::Object(members))) = (self.secret, body.as_mut()) {
                    members.remove(secret);
                }
                let headers = reply.headers.iter();
                let headers = headers.map(|(name, value)| (name.as_str().to_owned(), value.clone()));
                let kept = Kept {
                    content: self.content.clone(),
                    status: reply.status.as_u16(),
                    body,
                    headers: headers.collect(),
                };
                sealed::put(&self.app, Purpose::RepeatedCall, &self.name, &kept, KEPT).await
            }
            Err(_) => sealed::remove(&self.app, Purpose::RepeatedCall, &self.name).await,
        };
        if let Err(error) = kept {
            tracing::warn!(%error, "the answer to a call cannot be kept");
        }
    }
}

/// A key that cannot be claimed promises nothing: the call is refused (G-11).
fn unkept(error: sealed::Error) -> Problem {
    match error {
        sealed::Error::Store(_) => Problem::unavailable(),
        failed @ sealed::Error::Seal(_) => Problem::internal(failed),
    }
}
