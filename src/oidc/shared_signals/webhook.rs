//! Messages of webhooks, and their signatures (Standard Webhooks 1.0): HMAC-SHA-256 over identifier, time and body, by each
//! secret that is in force.

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::SecondsFormat;
use hmac::{Hmac, Mac};
use serde_json::json;
use sha2::Sha256;

use super::SECRET;
use super::message::Message;
use crate::app::App;
use crate::domain::event_receiver::Receiver;
use crate::domain::secret::Secret;
use crate::domain::{ClientId, Time};
use crate::random;

/// Marks a secret, whose rest is base64 (Standard Webhooks, "Signature scheme").
const PREFIX: &str = "whsec_";

/// What is sent to a webhook.
#[derive(Debug)]
pub(super) struct Signed {
    pub body: String,
    pub timestamp: String,
    pub signature: String,
}

/// Makes a secret of 256 bits.
pub(super) fn new_secret() -> Secret {
    Secret::new(format!("{PREFIX}{}", STANDARD.encode(random::bytes::<32>())))
}

/// Returns `None` if no secret of the webhook can be read.
pub(super) fn sign(app: &App, receiver: &Receiver, message: &Message, now: Time) -> Option<Signed> {
    let secrets = secrets(app, receiver, now);
    if secrets.is_empty() {
        return None;
    }
    let body = body(app, &receiver.client, message);
    let timestamp = now.timestamp().to_string();
    let signed = format!("{}.{timestamp}.{body}", message.id);
    let signatures: Vec<String> = secrets.iter().map(|it| signature(it, &signed)).collect();
    Some(Signed {
        signature: signatures.join(" "),
        timestamp,
        body,
    })
}

fn body(app: &App, client: &ClientId, message: &Message) -> String {
    json!({
        "type": message.kind.webhook_type(),
        "timestamp": message.caused_at.to_rfc3339_opts(SecondsFormat::Secs, true),
        "data": {
            "iss": app.config.issuer.as_str(),
            "client_id": client.as_str(),
            "subject": message.subject,
            "event": message.event,
        },
    })
    .to_string()
}

/// Returns the keys that are in force: the present one, and the one before while it overlaps.
fn secrets(app: &App, receiver: &Receiver, now: Time) -> Vec<Vec<u8>> {
    let former = receiver
        .sealed_former_secret
        .as_ref()
        .filter(|_| receiver.former_secret_until.is_some_and(|end| now < end));
    let sealed = receiver.sealed_secret.iter().chain(former);
    sealed
        .filter_map(|it| {
            let text = String::from_utf8(app.keys.open(SECRET, it)?).ok()?;
            STANDARD.decode(text.strip_prefix(PREFIX)?).ok()
        })
        .collect()
}

fn signature(key: &[u8], signed: &str) -> String {
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(signed.as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_that_of_the_standard() {
        // The example of the specification's reference libraries.
        let key = STANDARD
            .decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
            .expect("base64");
        let signed = r#"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}"#;
        assert_eq!(
            signature(&key, signed),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }

    #[test]
    fn a_secret_has_its_form() {
        let secret = new_secret();
        let rest = secret.expose().strip_prefix(PREFIX).expect("marked");
        assert_eq!(STANDARD.decode(rest).expect("base64").len(), 32);
    }
}
