//! The subjects of a stream (SSF 1.0 §8.1.3). All who used the service are in it; a receiver may take one out, and back in.
//! The answer says nothing of whether there is such a person (§9.1), and nobody is looked up: what is kept is a keyed digest
//! of what the receiver wrote, which is compared when something is about to be sent.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;

use super::error::StreamError;
use super::streams::find;
use crate::app::App;
use crate::domain::account::EmailAddress;
use crate::domain::actor::Context;
use crate::domain::client::Client;
use crate::domain::{ReceiverId, Subject};
use crate::storage::event_receivers;

/// The purpose for which the key of the digests is derived.
const EXCLUDED: &str = "excluded subject";
/// The most subjects that a receiver may take out.
const MOST: u64 = 10_000;

/// Takes a subject back in (§8.1.3.1).
pub async fn add(app: &App, context: &Context, client: &Client, body: &[u8]) -> Result<(), StreamError> {
    let (stream, named) = parse(body)?;
    app.write(context, async |tx| {
        let receiver = find(tx, client, &stream).await?;
        if let Some(subject) = named.digest(app, &receiver.id) {
            event_receivers::include(tx, &receiver.id, &subject).await?;
        }
        Ok(())
    })
    .await
}

/// Takes a subject out (§8.1.3.2).
pub async fn remove(app: &App, context: &Context, client: &Client, body: &[u8]) -> Result<(), StreamError> {
    let (stream, named) = parse(body)?;
    app.write(context, async |tx| {
        let receiver = find(tx, client, &stream).await?;
        let Some(subject) = named.digest(app, &receiver.id) else {
            return Ok(());
        };
        if event_receivers::count_excluded(tx, &receiver.id).await? >= MOST {
            return Err(StreamError::invalid("Too many subjects were removed"));
        }
        Ok(event_receivers::exclude(tx, &receiver.id, &subject).await?)
    })
    .await
}

/// A subject as a receiver names it (RFC 9493 §3.2).
#[derive(Debug)]
enum Named {
    IssSub { iss: String, sub: String },
    Email(EmailAddress),
}

impl Named {
    /// Returns the digest, unless it is the subject of another issuer.
    fn digest(&self, app: &App, receiver: &ReceiverId) -> Option<String> {
        match self {
            Self::IssSub { iss, sub } => {
                (iss == app.config.issuer.as_str()).then(|| digest(app, receiver, "iss_sub", sub))
            }
            Self::Email(email) => Some(digest(app, receiver, "email", email.key().as_str())),
        }
    }
}

/// Returns the digests under which a person may have been taken out: by the subject that the client has, and by the
/// address if it has that.
pub(super) fn digests(
    app: &App,
    receiver: &ReceiverId,
    subject: &Subject,
    email: Option<&EmailAddress>,
) -> Vec<String> {
    let mut all = vec![digest(app, receiver, "iss_sub", subject.as_str())];
    all.extend(email.map(|it| digest(app, receiver, "email", it.key().as_str())));
    all
}

fn digest(app: &App, receiver: &ReceiverId, format: &str, value: &str) -> String {
    let named = format!("{receiver}\n{format}\n{value}");
    URL_SAFE_NO_PAD.encode(app.keys.hmac(EXCLUDED, named.as_bytes()))
}

fn parse(body: &[u8]) -> Result<(String, Named), StreamError> {
    let body: Value =
        serde_json::from_slice(body).map_err(|_| StreamError::invalid("The body is no JSON"))?;
    let text = |of: &Value, name: &str| of[name].as_str().map(str::to_owned);
    let missing = |name: &str| StreamError::Invalid(format!("{name} is missing"));
    let stream = text(&body, "stream_id").ok_or_else(|| missing("stream_id"))?;
    let mut subject = &body["subject"];
    // The user of a complex subject (SSF 1.0 §3.3).
    if subject["format"] == "complex" {
        subject = &subject["user"];
    }
    let named = match subject["format"].as_str() {
        Some("iss_sub") => Named::IssSub {
            iss: text(subject, "iss").ok_or_else(|| missing("iss"))?,
            sub: text(subject, "sub").ok_or_else(|| missing("sub"))?,
        },
        Some("email") => {
            let email = text(subject, "email").ok_or_else(|| missing("email"))?;
            let email = EmailAddress::parse(&email);
            Named::Email(email.map_err(|_| StreamError::invalid("email is no address"))?)
        }
        Some(_) => return Err(StreamError::invalid("This subject format is not supported")),
        None => return Err(missing("subject")),
    };
    Ok((stream, named))
}
