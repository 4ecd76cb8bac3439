//! Decodes what a test login was given: header and claims of a token, with the checks that a client makes (OpenID Connect Core
//! §3.1.3.7), by the key set that this provider publishes.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;

use super::report::{Check, CheckKind, Form, Name, Token};
use crate::app::App;
use crate::domain::client::Client;
use crate::oidc::token::issue::left_half;

/// The members of an answer that are credentials.
const CREDENTIALS: [&str; 4] = ["code", "access_token", "id_token", "refresh_token"];

/// What stands in the place of a credential.
const ELIDED: &str = "…";

/// The values that an ID token is compared with.
pub struct Expected<'a> {
    pub nonce: &'a str,
    pub access_token: Option<&'a str>,
    pub code: Option<&'a str>,
}

/// Decodes a token. `typ` is what a signed one of ours says it is.
pub fn decode(app: &App, name: Name, token: &str, typ: &str) -> (Token, Option<Value>) {
    let parts: Vec<&str> = token.split('.').collect();
    let form = match parts.len() {
        3 => Form::Signed,
        5 => Form::Encrypted,
        _ => Form::Opaque,
    };
    let json =
        |part: &str| -> Option<Value> { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok() };
    let (header, claims) = match form {
        Form::Signed => (json(parts[0]), json(parts[1])),
        Form::Encrypted => (json(parts[0]), None),
        Form::Opaque => (None, None),
    };
    let mut checks = Vec::new();
    if form == Form::Signed {
        let holds = app.keys.verify_own(token, typ).is_some();
        checks.push(check(CheckKind::Signature, holds));
    }
    let decoded = Token {
        name,
        form,
        header: header.map(|it| pretty(&it)),
        claims: claims.as_ref().map(|it| pretty(&without_credentials(it))),
        checks,
    };
    (decoded, claims)
}

/// Decodes an ID token and makes the checks of a client.
pub fn id_token(app: &App, client: &Client, token: &str, expected: &Expected<'_>) -> (Token, Option<String>) {
    let (mut decoded, claims) = decode(app, Name::IdToken, token, "JWT");
    let Some(claims) = claims else {
        return (decoded, None);
    };
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let lives = claims.get("exp").and_then(Value::as_i64);
    let lives = lives.is_some_and(|it| it > app.clock.now().timestamp());
    let checks = &mut decoded.checks;
    checks.extend(of_us(app, client, &claims));
    checks.push(check(CheckKind::Nonce, text("nonce") == Some(expected.nonce)));
    checks.push(check(CheckKind::Expiry, lives));
    let hashed = [
        (CheckKind::AccessTokenHash, expected.access_token),
        (CheckKind::CodeHash, expected.code),
    ];
    for (kind, value) in hashed {
        if let Some(value) = value {
            let hash = left_half(client.id_token_alg(), value);
            checks.push(check(kind, text(kind.as_str()) == Some(&hash)));
        }
    }
    let sub = text("sub").map(str::to_owned);
    (decoded, sub)
}

/// Checks that this provider made it, for this client.
pub fn of_us(app: &App, client: &Client, claims: &Value) -> [Check; 2] {
    let is = |name: &str, value: &str| claims.get(name).and_then(Value::as_str) == Some(value);
    [
        check(CheckKind::Issuer, is("iss", app.config.issuer.as_str())),
        check(CheckKind::Audience, is("aud", client.id.as_str())),
    ]
}

pub const fn check(kind: CheckKind, holds: bool) -> Check {
    Check { kind, holds }
}

pub fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// A signed answer carries code and tokens (JARM §2.1).
fn without_credentials(claims: &Value) -> Value {
    let mut claims = claims.clone();
    if let Some(members) = claims.as_object_mut() {
        for name in CREDENTIALS {
            if let Some(value) = members.get_mut(name) {
                *value = ELIDED.into();
            }
        }
    }
    claims
}
