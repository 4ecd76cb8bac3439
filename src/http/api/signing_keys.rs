//! `/api/v1/signing-keys`: the keys that sign tokens, what depends on each, the announcement of the next one and the
//! revocation of one. The rules are in `oidc::signing_keys`; a private key is in no answer (security.md JW-7).

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::call::{Call, Reply, Slice};
use super::operation::{Answer, Door, Model, Operation, Outcome, Parameter, Verb};
use crate::accounts;
use crate::domain::powers::{Area, Power};
use crate::domain::signing_key::{Family, KeyState};
use crate::http::problem::{Kind, Problem};
use crate::keys::RotationError;
use crate::keys::rotation::Order;
use crate::oidc::signing_keys::{self, ClientOfKey, Error, KeySearch, KeyView, Listed};
use crate::paths;

const READ: Power = Power::Read(Area::Operations);
const CHANGE: Power = Power::Change(Area::Operations);

const ALGORITHMS: &[&str] = &["RS256", "PS256", "ES256", "EdDSA"];

pub const OPERATIONS: &[Operation] = &[
    Operation {
        summary: "Lists signing keys, those that sign latest first",
        query: &[
            Parameter::text("q", 200, "A part of the key's identifier."),
            Parameter::choice("alg", ALGORITHMS, "Those that sign with this algorithm."),
            Parameter::choice("state", &KeyState::NAMES, "Those in this state."),
            Parameter::LIMIT,
            Parameter::CURSOR,
        ],
        answer: Answer::List(Model::of::<SigningKey>()),
        page: Door::At(paths::ADMIN_KEYS),
        command: Door::At("key list"),
        ..Operation::reading("listSigningKeys", "/api/v1/signing-keys", READ, |call| {
            Box::pin(list(call))
        })
    },
    Operation {
        summary: "Reads a signing key, with its public half while it is published",
        answer: Answer::One(Model::of::<SigningKeyDetail>()),
        page: Door::At(paths::ADMIN_KEY),
        command: Door::At("key show"),
        ..Operation::reading("readSigningKey", "/api/v1/signing-keys/{id}", READ, |call| {
            Box::pin(read(call))
        })
    },
    Operation {
        summary: "Lists the clients that receive what is signed with the algorithms of a key",
        query: &[
            Parameter::text("q", 200, "A part of the name or of the identifier."),
            Parameter::LIMIT,
            Parameter::CURSOR,
        ],
        answer: Answer::List(Model::of::<ClientOfSigningKey>()),
        page: Door::At(paths::ADMIN_KEY),
        command: Door::At("key clients"),
        ..Operation::reading(
            "listClientsOfSigningKey",
            "/api/v1/signing-keys/{id}/clients",
            READ,
            |call| Box::pin(clients(call)),
        )
    },
    Operation {
        verb: Verb::Post,
        summary: "Announces new signing keys, which sign once services have had the time to read them",
        body: Some(Model::of::<Rotate>()),
        answer: Answer::Created(Model::of::<NewSigningKeys>()),
        page: Door::At(paths::ADMIN_KEYS_CONFIRM),
        command: Door::At("key rotate"),
        ..Operation::reading("rotateSigningKeys", "/api/v1/signing-keys", CHANGE, |call| {
            Box::pin(rotate(call))
        })
    },
    Operation {
        verb: Verb::Post,
        summary: "Revokes a signing key at once; if none is left to sign, a new one does",
        body: Some(Model::of::<Revoke>()),
        answer: Answer::Created(Model::of::<NewSigningKeys>()),
        page: Door::At(paths::ADMIN_KEY_CONFIRM),
        command: Door::At("key revoke"),
        ..Operation::reading(
            "revokeSigningKey",
            "/api/v1/signing-keys/{id}/revoke",
            CHANGE,
            |call| Box::pin(revoke(call)),
        )
    },
];

#[derive(Serialize, ToSchema)]
struct SigningKey {
    kid: String,
    algs: Vec<&'static str>,
    /// `announced`, `active`, `retired`, `gone`, `revoked`
    state: &'static str,
    created_at: DateTime<Utc>,
    active_from: DateTime<Utc>,
    /// The time until which it signs.
    signs_until: Option<DateTime<Utc>>,
    /// The time at which the last token that it signs expires.
    accepted_until: Option<DateTime<Utc>>,
    /// The time until which it stays in the key set.
    published_until: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
}

impl From<&KeyView> for SigningKey {
    fn from(it: &KeyView) -> Self {
        Self {
            kid: it.key.kid.clone(),
            algs: it.key.family.algorithms().map(|it| it.as_str()).collect(),
            state: it.state.as_str(),
            created_at: it.key.created_at,
            active_from: it.key.active_from,
            signs_until: it.signs_until,
            accepted_until: it.accepted_until,
            published_until: it.published_until,
            revoked_at: it.key.revoked_at,
        }
    }
}

#[derive(Serialize, ToSchema)]
struct SigningKeyDetail {
    #[serde(flatten)]
    key: SigningKey,
    /// The public key (RFC 7517) as it stands in the key set; null if it does no more.
    #[schema(value_type = Option<std::collections::HashMap<String, Value>>)]
    jwk: Option<Map<String, Value>>,
}

#[derive(Serialize, ToSchema)]
struct ClientOfSigningKey {
    client_id: String,
    client_name: String,
    enabled: bool,
    uses: Vec<SignedForClient>,
}

#[derive(Serialize, ToSchema)]
struct SignedForClient {
    /// `tokens`, `userinfo`, `authorization_responses`
    #[serde(rename = "use")]
    of: &'static str,
    alg: &'static str,
}

impl From<&ClientOfKey> for ClientOfSigningKey {
    fn from(it: &ClientOfKey) -> Self {
        let uses = it.uses.iter().map(|(of, alg)| SignedForClient {
            of: of.as_str(),
            alg: alg.as_str(),
        });
        Self {
            client_id: it.id.clone(),
            client_name: it.name.clone(),
            enabled: it.enabled,
            uses: uses.collect(),
        }
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Rotate {
    /// The key that signs with this algorithm; all keys if it is left out. RS256 and PS256 share theirs.
    alg: Option<String>,
    /// Why; the audit trail keeps it.
    #[schema(max_length = 1000)]
    #[serde(default)]
    reason: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Revoke {
    /// Why; the audit trail keeps it.
    #[schema(min_length = 1, max_length = 1000)]
    reason: String,
}

#[derive(Serialize, ToSchema)]
struct NewSigningKeys {
    /// The keys that were made; none if a revoked key needed no successor.
    keys: Vec<SigningKey>,
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Refused(error) => error.into(),
            Error::Rotation(RotationError::Database(error)) => accounts::Error::from(error).into(),
            Error::Rotation(refused @ (RotationError::Announced(_) | RotationError::Raced)) => {
                Self::new(Kind::Conflict).detailed(refused.to_string())
            }
            Error::Rotation(RotationError::Unknown(_)) => {
                Self::new(Kind::Conflict).detailed("The key is revoked, or not published any more")
            }
            Error::Rotation(RotationError::Keys(error)) => Self::internal(error),
        }
    }
}

fn next<T>(call: &Call, found: &Listed<T>) -> Option<String> {
    let slice = Slice {
        page: found.page,
        size: found.size,
    };
    call.next_page(slice, found.total)
}

async fn list(call: Call) -> Outcome {
    let Slice { page, size } = call.slice()?;
    let search = KeySearch {
        text: call.given("q"),
        family: signing_keys::family_of(call.given("alg")),
        state: call.given("state"),
        page,
        size,
    };
    let found = signing_keys::list(&call.app, &call.context, search).await?;
    let rows = found.rows.iter().map(SigningKey::from).collect();
    call.list(rows, next(&call, &found), Some(found.total))
}

async fn read(call: Call) -> Outcome {
    let found = signing_keys::find(&call.app, &call.context, call.id()).await?;
    let jwk = signing_keys::public_jwk(&call.app, call.id());
    Reply::one(&SigningKeyDetail {
        key: SigningKey::from(&found),
        jwk: jwk.and_then(|it| it.as_object().cloned()),
    })
}

async fn clients(call: Call) -> Outcome {
    let Slice { page, size } = call.slice()?;
    let (app, context) = (&call.app, &call.context);
    let key = signing_keys::find(app, context, call.id()).await?.key;
    let found = signing_keys::clients_of(app, context, key.family, call.given("q"), page, size).await?;
    let rows = found.rows.iter().map(ClientOfSigningKey::from).collect();
    call.list(rows, next(&call, &found), Some(found.total))
}

async fn rotate(call: Call) -> Outcome {
    let Rotate { alg, reason } = call.read()?;
    let families = match &alg {
        None => Family::ALL.to_vec(),
        Some(alg) => match signing_keys::family_of(alg) {
            Some(family) => vec![family],
            None => {
                let reason = format!("is none of {}", ALGORITHMS.join(", "));
                return Err(Problem::of_member("alg", reason));
            }
        },
    };
    let order = Order {
        reason: &reason,
        seen: None,
    };
    let made = signing_keys::rotate(&call.app, &call.context, &families, order).await?;
    made_known(&made)
}

async fn revoke(call: Call) -> Outcome {
    signing_keys::find(&call.app, &call.context, call.id()).await?;
    let Revoke { reason } = call.read()?;
    let order = Order {
        reason: &reason,
        seen: None,
    };
    let made = signing_keys::revoke(&call.app, &call.context, call.id(), order).await?;
    made_known(&made)
}

fn made_known(made: &[KeyView]) -> Outcome {
    let keys = made.iter().map(SigningKey::from).collect();
    Reply::created(&NewSigningKeys { keys }, None)
}
