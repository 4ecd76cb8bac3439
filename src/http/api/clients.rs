//! `/api/v1/clients`: the services that people log in to, under the names of RFC 7591 and of contract.md. The rules are in
//! `oidc::clients`; a secret is in the answer to the request that made it, and nowhere later (security.md AD-2).

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::call::{Call, Reply};
use super::operation::{Answer, Door, Model, Operation, Outcome, Parameter, Verb};
use crate::domain::ClientId;
use crate::domain::client::Client as DomainClient;
use crate::domain::powers::{Area, Power};
use crate::domain::secret::Secret;
use crate::http::problem::Problem;
use crate::i18n::{self, Locale};
use crate::oidc::clients::{self, ClientSearch, Issued, NewClient, OVERLAP, Registration, Update};
use crate::paths;

const READ: Power = Power::Read(Area::Clients);
const CHANGE: Power = Power::Change(Area::Clients);

pub const OPERATIONS: &[Operation] = &[
    Operation {
        summary: "Lists clients by name",
        query: &[
            Parameter::text("q", 200, "A part of the name or of the identifier."),
            Parameter::LIMIT,
            Parameter::CURSOR,
        ],
        answer: Answer::List(Model::of::<ClientSummary>()),
        page: Door::At(paths::ADMIN_CLIENTS),
        command: Door::At("client list"),
        ..Operation::reading("listClients", "/api/v1/clients", READ, |call| {
            Box::pin(list(call))
        })
    },
    Operation {
        verb: Verb::Post,
        summary: "Registers a client; a generated secret is in the answer, and never again",
        body: Some(Model::of::<NewDocument>()),
        answer: Answer::Created(Model::of::<IssuedClient>()),
        secret: Some("client_secret"),
        page: Door::At(paths::ADMIN_CLIENT_NEW),
        command: Door::At("client add"),
        ..Operation::reading("createClient", "/api/v1/clients", CHANGE, |call| {
            Box::pin(create(call))
        })
    },
    Operation {
        summary: "Reads what is registered of a client",
        answer: Answer::One(Model::of::<Client>()),
        page: Door::At(paths::ADMIN_CLIENT),
        command: Door::At("client show"),
        ..Operation::reading("readClient", "/api/v1/clients/{id}", READ, |call| {
            Box::pin(read(call))
        })
    },
    Operation {
        verb: Verb::Put,
        summary: "Makes a client what the document says; a member that is left out has its default",
        body: Some(Model::of::<Document>()),
        answer: Answer::One(Model::of::<Client>()),
        needs_version: true,
        page: Door::At(paths::ADMIN_CLIENT_EDIT),
        command: Door::At("client apply"),
        ..Operation::reading("replaceClient", "/api/v1/clients/{id}", CHANGE, |call| {
            Box::pin(replace(call))
        })
    },
    Operation {
        verb: Verb::Patch,
        summary: "Changes the members that are named (RFC 7396); null resets one to its default",
        body: Some(Model::of::<Document>()),
        answer: Answer::One(Model::of::<Client>()),
        needs_version: true,
        page: Door::At(paths::ADMIN_CLIENT_EDIT),
        command: Door::At("client update"),
        ..Operation::reading("changeClient", "/api/v1/clients/{id}", CHANGE, |call| {
            Box::pin(change(call))
        })
    },
    Operation {
        verb: Verb::Delete,
        summary: "Deletes a client with every token and consent that it has",
        page: Door::At(paths::ADMIN_CLIENT_CONFIRM),
        command: Door::At("client delete"),
        ..Operation::reading("deleteClient", "/api/v1/clients/{id}", CHANGE, |call| {
            Box::pin(delete(call))
        })
    },
    Operation {
        verb: Verb::Post,
        summary: "Refuses a client with every credential it holds",
        page: Door::At(paths::ADMIN_CLIENT_CONFIRM),
        command: Door::At("client disable"),
        ..Operation::reading("disableClient", "/api/v1/clients/{id}/disable", CHANGE, |call| {
            Box::pin(disable(call))
        })
    },
    Operation {
        verb: Verb::Post,
        summary: "Admits a disabled client again",
        page: Door::At(paths::ADMIN_CLIENT_CONFIRM),
        command: Door::At("client enable"),
        ..Operation::reading("enableClient", "/api/v1/clients/{id}/enable", CHANGE, |call| {
            Box::pin(enable(call))
        })
    },
    Operation {
        verb: Verb::Post,
        summary: "Gives a client a new secret; the old one works for seven days more",
        answer: Answer::Created(Model::of::<IssuedSecret>()),
        secret: Some("client_secret"),
        page: Door::At(paths::ADMIN_CLIENT_CONFIRM),
        command: Door::At("client rotate-secret"),
        ..Operation::reading(
            "rotateClientSecret",
            "/api/v1/clients/{id}/secrets",
            CHANGE,
            |call| Box::pin(rotate(call)),
        )
    },
    Operation {
        summary: "Lists what is weak about a client, and how to mend it",
        answer: Answer::One(Model::of::<Report>()),
        page: Door::At(paths::ADMIN_CLIENT),
        command: Door::At("client show"),
        ..Operation::reading("reportClient", "/api/v1/clients/{id}/report", READ, |call| {
            Box::pin(report(call))
        })
    },
    Operation {
        summary: "Counts what depends on a client: people, sessions, refresh tokens",
        answer: Answer::One(Model::of::<Dependents>()),
        page: Door::At(paths::ADMIN_CLIENT_CONFIRM),
        command: Door::Lacking("a command does not ask back, so it counts nothing first"),
        ..Operation::reading(
            "countClientDependents",
            "/api/v1/clients/{id}/dependents",
            READ,
            |call| Box::pin(dependents(call)),
        )
    },
    Operation {
        summary: "Lists the newest requests of a client that were refused, with what came and what is registered",
        answer: Answer::List(Model::of::<RefusedRequest>()),
        page: Door::At(paths::ADMIN_CLIENT),
        command: Door::Lacking("the log of the service has them, each with the client"),
        ..Operation::reading(
            "listRefusedRequests",
            "/api/v1/clients/{id}/refusals",
            READ,
            |call| Box::pin(refusals(call)),
        )
    },
];

#[derive(Serialize, ToSchema)]
struct ClientSummary {
    client_id: String,
    client_name: String,
    enabled: bool,
    /// `true` if the client registered itself.
    self_registered: bool,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<&DomainClient> for ClientSummary {
    fn from(client: &DomainClient) -> Self {
        Self {
            client_id: client.id.to_string(),
            client_name: client.name().to_owned(),
            enabled: client.enabled,
            self_registered: client.origin == crate::domain::client::Origin::Registration,
            created_at: client.created_at,
            updated_at: client.updated_at,
        }
    }
}

/// A client, with every member that is not at its default.
#[derive(Serialize, ToSchema)]
pub(super) struct Client {
    client_id: String,
    enabled: bool,
    /// The members of RFC 7591 and of contract.md.
    #[serde(flatten)]
    #[schema(value_type = std::collections::HashMap<String, Value>)]
    members: Map<String, Value>,
}

impl From<&DomainClient> for Client {
    fn from(client: &DomainClient) -> Self {
        Self {
            client_id: client.id.to_string(),
            enabled: client.enabled,
            members: client.definition().members(),
        }
    }
}

/// What is to be registered, by members of RFC 7591 and of contract.md. Members that are not known are refused.
#[derive(Deserialize, ToSchema)]
struct NewDocument {
    /// The identifier; generated if it is left out.
    client_id: Option<String>,
    /// The secret; generated if it is left out and the client has a use for one.
    client_secret: Option<String>,
    #[serde(flatten)]
    #[schema(value_type = std::collections::HashMap<String, Value>)]
    members: Map<String, Value>,
}

/// What a client is to be, by members of RFC 7591 and of contract.md. Members that are not known are refused.
#[derive(Deserialize, ToSchema)]
struct Document {
    /// The identifier, as in the address, if it is there at all.
    client_id: Option<String>,
    enabled: Option<bool>,
    #[serde(flatten)]
    #[schema(value_type = std::collections::HashMap<String, Value>)]
    members: Map<String, Value>,
}

/// A client that was just registered.
#[derive(Serialize, ToSchema)]
struct IssuedClient {
    #[serde(flatten)]
    client: Client,
    /// The generated secret, if there is one. It is not shown again.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct IssuedSecret {
    client_id: String,
    /// The generated secret. It is not shown again, also not to a repetition with the same idempotency key.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<String>,
    /// The end of the secret before.
    previous_until: DateTime<Utc>,
}

#[derive(Serialize, ToSchema)]
struct Report {
    findings: Vec<Finding>,
}

#[derive(Serialize, ToSchema)]
struct Finding {
    topic: String,
    /// `weak` or `hardening`
    severity: String,
    /// The section that it follows from.
    source: String,
    /// What is weak, and how to mend it.
    what: String,
    mend: String,
    /// `true` if `mendClient` mends it.
    mendable: bool,
}

#[derive(Serialize, ToSchema)]
struct Dependents {
    people: u64,
    sessions: u64,
    refresh_tokens: u64,
}

#[derive(Serialize, ToSchema)]
struct RefusedRequest {
    at: DateTime<Utc>,
    reason: String,
    /// The parameter, what came and what is registered.
    parameter: Option<String>,
    received: Option<String>,
    registered: Vec<String>,
    request_id: String,
}

fn id_of(call: &Call) -> ClientId {
    ClientId::new(call.id())
}

async fn list(call: Call) -> Outcome {
    let slice = call.slice()?;
    let search = ClientSearch {
        text: call.given("q"),
        page: slice.page,
        size: slice.size,
    };
    let found = clients::search(&call.app, &call.context, &search).await?;
    let is_after_end = found.page < slice.page;
    let rows = found.rows.iter().filter(|_| !is_after_end);
    let rows: Vec<ClientSummary> = rows.map(ClientSummary::from).collect();
    call.list(rows, call.next_page(slice, found.total), Some(found.total))
}

/// Answers with a client as it is now, with the version that a change of it names.
fn reply(client: &DomainClient) -> Outcome {
    Ok(Reply::one(&Client::from(client))?.at_version(&client.version().to_string()))
}

fn refused(problems: Vec<clients::Problem>) -> Problem {
    clients::ClientError::Invalid(problems).into()
}

async fn create(call: Call) -> Outcome {
    let document: NewDocument = call.read()?;
    let definition = clients::definition(&document.members).map_err(refused)?;
    let new = NewClient {
        id: document.client_id.map(ClientId::new),
        registration: Registration::ByAdministrator(definition),
        secret: document.client_secret.map(Secret::new),
    };
    let Issued { client, secret } = clients::add(&call.app, &call.context, new).await?;
    let issued = IssuedClient {
        client: Client::from(&client),
        client_secret: secret.map(|it| it.expose().to_owned()),
    };
    let location = paths::api_client(&client.id);
    Ok(Reply::created(&issued, Some(location))?.at_version(&client.version().to_string()))
}

async fn read(call: Call) -> Outcome {
    reply(&clients::read(&call.app, &call.context, &id_of(&call)).await?)
}

async fn replace(call: Call) -> Outcome {
    let before = seen(&call).await?;
    let document: Document = call.read()?;
    write(&call, &before, document).await
}

/// Applies the body as a merge patch to what is registered (RFC 7396 §2).
async fn change(call: Call) -> Outcome {
    let before = seen(&call).await?;
    let mut document = Value::Object(before.definition().members());
    document["enabled"] = before.enabled.into();
    merge(&mut document, Value::Object(call.members()?));
    let document = serde_json::from_value(document)
        .map_err(|error| Problem::of_member("enabled or client_id", error.to_string()))?;
    write(&call, &before, document).await
}

fn merge(target: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    let Value::Object(members) = target else { return };
    for (name, value) in patch {
        if value.is_null() {
            members.remove(&name);
        } else {
            merge(members.entry(name).or_insert(Value::Null), value);
        }
    }
}

/// Returns the client in the version that the request names.
async fn seen(call: &Call) -> Result<DomainClient, Problem> {
    let client = clients::read(&call.app, &call.context, &id_of(call)).await?;
    call.require_version(&client.version().to_string())?;
    Ok(client)
}

async fn write(call: &Call, before: &DomainClient, document: Document) -> Outcome {
    if document.client_id.is_some_and(|it| it != before.id.as_str()) {
        return Err(Problem::of_member("client_id", "is not that of the address"));
    }
    let update = Update {
        definition: clients::definition(&document.members).map_err(refused)?,
        enabled: document.enabled.unwrap_or(before.enabled),
        ..Update::of(before)
    };
    reply(&clients::update(&call.app, &call.context, update).await?)
}

async fn delete(call: Call) -> Outcome {
    clients::delete(&call.app, &call.context, &id_of(&call)).await?;
    Ok(Reply::done())
}

async fn disable(call: Call) -> Outcome {
    clients::set_enabled(&call.app, &call.context, &id_of(&call), false).await?;
    Ok(Reply::done())
}

async fn enable(call: Call) -> Outcome {
    clients::set_enabled(&call.app, &call.context, &id_of(&call), true).await?;
    Ok(Reply::done())
}

async fn rotate(call: Call) -> Outcome {
    let Issued { client, secret } =
        clients::rotate_secret(&call.app, &call.context, &id_of(&call), None).await?;
    let issued = IssuedSecret {
        client_id: client.id.to_string(),
        client_secret: secret.map(|it| it.expose().to_owned()),
        previous_until: call.app.clock.now() + OVERLAP,
    };
    Reply::created(&issued, None)
}

async fn report(call: Call) -> Outcome {
    let client = clients::read(&call.app, &call.context, &id_of(&call)).await?;
    let mends = clients::mends(&call.app, &call.context, &client).await?;
    let findings = clients::report(&client).into_iter().map(|it| {
        let topic = it.topic.as_str();
        let text = |part: &str| {
            let key = format!("client_report.{topic}.{part}");
            i18n::text(Locale::En, &key, &[("value", it.value.as_str())]).unwrap_or_default()
        };
        Finding {
            topic: topic.to_owned(),
            severity: match it.topic.severity() {
                clients::Severity::Weak => "weak".to_owned(),
                clients::Severity::Hardening => "hardening".to_owned(),
            },
            source: it.topic.source().to_owned(),
            what: text("what"),
            mend: text("mend"),
            mendable: mends
                .iter()
                .any(|mend| mend.topic == it.topic && mend.value == it.value),
        }
    });
    Reply::one(&Report {
        findings: findings.collect(),
    })
}

async fn dependents(call: Call) -> Outcome {
    let id = id_of(&call);
    clients::read(&call.app, &call.context, &id).await?;
    let counted = clients::dependents(&call.app, &call.context, &id).await?;
    Reply::one(&Dependents {
        people: counted.people,
        sessions: counted.sessions,
        refresh_tokens: counted.refresh_tokens,
    })
}

async fn refusals(call: Call) -> Outcome {
    let id = id_of(&call);
    clients::read(&call.app, &call.context, &id).await?;
    let found = clients::refused_requests(&call.app, &call.context, id.as_str()).await?;
    let rows = found.into_iter().map(|it| RefusedRequest {
        at: it.at,
        reason: it.reason,
        parameter: it.mismatch.as_ref().map(|it| it.parameter.clone()),
        received: it.mismatch.as_ref().map(|it| it.received.clone()),
        registered: it.mismatch.map(|it| it.registered).unwrap_or_default(),
        request_id: it.request_id,
    });
    call.list(rows.collect(), None, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_merge_patch_changes_what_it_names() {
        // RFC 7396 §3
        let mut target = json!({"a": "b", "c": {"d": "e", "f": "g"}, "list": [1, 2]});
        merge(
            &mut target,
            json!({"a": "z", "c": {"f": null}, "list": [3], "new": {"x": null}}),
        );
        assert_eq!(target, json!({"a": "z", "c": {"d": "e"}, "list": [3], "new": {}}));
    }
}
