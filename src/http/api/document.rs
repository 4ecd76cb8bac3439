//! The OpenAPI 3.1 document of the REST API, made from the table of operations and from the types that handlers read and
//! write.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::operation::{Answer, Model, Operation, Parameter, Schemas, Values, Verb};
use super::{call, operations};
use crate::domain::powers::Area;
use crate::domain::scope;
use crate::http::problem::Kind;
use crate::oidc::endpoints;
use crate::paths;

/// The name of the security scheme.
const OAUTH: &str = "oauth";
const JSON: &str = "application/json";
const PROBLEM: &str = "application/problem+json";

const ABOUT: &str = "The administration of ITU User Account for programs. An access token is one of this provider, for the \
    resource <issuer>/api/v1 (RFC 8707): by client_credentials for a machine, or by a login of a person, whose role limits \
    it. It is presented as a bearer token, or bound to a key (RFC 9449) or a certificate (RFC 8705). Refusals are problem \
    details (RFC 9457); each type is described at its address. Lists go on with `next`. A change names the version that was \
    read by `If-Match`. A POST with an `Idempotency-Key` can be sent again within a day.";

pub fn document() -> Value {
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    let mut schemas = Schemas::new();
    for operation in operations::all() {
        let entry = paths.entry(operation.path).or_default();
        let verb = operation.verb.as_str().to_lowercase();
        entry.insert(verb, described(operation));
        for model in models(operation) {
            (model.collect)(&mut schemas);
        }
    }
    let mut named = Map::new();
    for (name, schema) in schemas {
        named.insert(name, serde_json::to_value(schema).unwrap_or_default());
    }
    named.insert("Problem".into(), problem_schema());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "ITU User Account",
            "version": "1",
            "description": ABOUT,
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": named,
            "securitySchemes": { OAUTH: security() },
        },
    })
}

fn models(operation: &Operation) -> impl Iterator<Item = Model> {
    let answer = match operation.answer {
        Answer::Done => None,
        Answer::One(model) | Answer::Created(model) | Answer::List(model) => Some(model),
    };
    operation.body.into_iter().chain(answer)
}

fn security() -> Value {
    let mut scopes = Map::new();
    scopes.insert(scope::ADMIN.into(), "Everything, roles included".into());
    for area in Area::ALL {
        let name = area.scope().trim_start_matches("admin:");
        scopes.insert(area.scope().into(), format!("Read and change {name}").into());
        scopes.insert(area.read_scope().into(), format!("Read {name}").into());
    }
    json!({
        "type": "oauth2",
        "flows": {
            "clientCredentials": { "tokenUrl": endpoints::TOKEN, "scopes": scopes },
            "authorizationCode": {
                "authorizationUrl": endpoints::AUTHORIZATION,
                "tokenUrl": endpoints::TOKEN,
                "scopes": scopes,
            },
        },
    })
}

fn problem_schema() -> Value {
    let types: Vec<String> = Kind::ALL.iter().map(|it| paths::api_problem(it.name())).collect();
    json!({
        "type": "object",
        "description": "Problem details (RFC 9457).",
        "required": ["type", "title", "status"],
        "properties": {
            "type": { "type": "string", "enum": types },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "detail": { "type": "string" },
            "errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["member", "reason"],
                    "properties": {
                        "member": { "type": "string" },
                        "reason": { "type": "string" },
                    },
                },
            },
        },
    })
}

fn reference(model: Model) -> Value {
    json!({ "$ref": format!("#/components/schemas/{}", (model.name)()) })
}

fn described(operation: &Operation) -> Value {
    let scopes = operation.power.scopes();
    let security: Vec<Value> = scopes.iter().map(|it| json!({ OAUTH: [it] })).collect();
    let mut members = json!({
        "operationId": operation.id,
        "tags": [operation.tag()],
        "summary": operation.summary,
        "description": format!("Needs one of the scope values {}.", scopes.join(", ")),
        "security": security,
        "parameters": parameters(operation),
        "responses": responses(operation),
    });
    if operation.takes_table {
        let content = json!({ "text/csv": { "schema": { "type": "string" } } });
        members["requestBody"] = json!({ "required": true, "content": content });
    }
    if let Some(body) = operation.body {
        let mut content = Map::new();
        content.insert(JSON.into(), json!({ "schema": reference(body) }));
        if operation.verb == Verb::Patch {
            let schema = json!({ "schema": reference(body) });
            content.insert("application/merge-patch+json".into(), schema);
        }
        members["requestBody"] = json!({ "required": true, "content": content });
    }
    members
}

fn parameters(operation: &Operation) -> Vec<Value> {
    let mut all: Vec<Value> = operation
        .holes()
        .map(|name| {
            json!({
                "name": name,
                "in": "path",
                "required": true,
                "schema": { "type": "string", "pattern": "^[A-Za-z0-9._~-]{1,255}$" },
            })
        })
        .collect();
    all.extend(operation.query.iter().map(in_query));
    if operation.needs_version {
        all.push(header(
            "If-Match",
            true,
            "The ETag of what was read: entity tags, or an asterisk.",
            json!({ "type": "string", "pattern": r#"^(\*|"[!#-~]+")$"# }),
        ));
    }
    if operation.verb == Verb::Post {
        all.push(header(
            "Idempotency-Key",
            false,
            "A key of the caller's own, new for each act.",
            // Whatever a header has is text.
            json!({ "minLength": 1, "maxLength": 255 }),
        ));
    }
    all
}

fn header(name: &str, required: bool, about: &str, schema: Value) -> Value {
    json!({
        "name": name,
        "in": "header",
        "required": required,
        "description": about,
        "schema": schema,
    })
}

fn in_query(parameter: &Parameter) -> Value {
    let schema = match parameter.values {
        Values::Text(longest) => json!({ "type": "string", "maxLength": longest }),
        Values::Choice(choices) => json!({ "type": "string", "enum": choices }),
        Values::Limit => json!({ "type": "integer", "minimum": 1, "maximum": call::MOST_ROWS }),
        Values::Cursor => json!({ "type": "string", "minLength": 1, "maxLength": 512 }),
    };
    json!({
        "name": parameter.name,
        "in": "query",
        "required": false,
        "description": parameter.about,
        "schema": schema,
    })
}

fn responses(operation: &Operation) -> Map<String, Value> {
    let mut all = Map::new();
    let with_etag = json!({ "ETag": { "schema": { "type": "string" } } });
    match operation.answer {
        Answer::Done => {
            all.insert("204".into(), json!({ "description": "It is done." }));
        }
        Answer::One(model) => {
            let content = json!({ JSON: { "schema": reference(model) } });
            let response =
                json!({ "description": "As it is now.", "headers": with_etag, "content": content });
            all.insert("200".into(), response);
            if operation.verb == Verb::Get {
                let known = json!({ "description": "It is what `If-None-Match` names." });
                all.insert("304".into(), known);
            }
        }
        Answer::Created(model) => {
            let content = json!({ JSON: { "schema": reference(model) } });
            all.insert(
                "201".into(),
                json!({ "description": "It is there.", "content": content }),
            );
        }
        Answer::List(model) => {
            let schema = json!({
                "type": "object",
                "required": ["items", "next"],
                "properties": {
                    "items": { "type": "array", "items": reference(model) },
                    "next": { "type": ["string", "null"], "description": "The cursor of the rows after these." },
                    "total": { "type": "integer", "minimum": 0 },
                },
            });
            let link = json!({ "Link": { "schema": { "type": "string" }, "description": "`rel=\"next\"`" } });
            let content = json!({ JSON: { "schema": schema } });
            let response = json!({ "description": "Rows.", "headers": link, "content": content });
            all.insert("200".into(), response);
        }
    }
    // The front door refuses an address before it knows what it names.
    let text = json!({ "text/plain": { "schema": { "type": "string" } } });
    let long = json!({ "description": "The address is too long.", "content": text });
    all.insert("414".into(), long);
    for kind in refusals(operation) {
        let response = json!({
            "description": kind.title(),
            "content": { PROBLEM: { "schema": { "$ref": "#/components/schemas/Problem" } } },
        });
        all.insert(kind.status().as_u16().to_string(), response);
    }
    all
}

/// Returns the kinds of problems that an operation can answer with.
fn refusals(operation: &Operation) -> Vec<Kind> {
    let mut kinds = vec![
        Kind::BadRequest,
        Kind::Unauthorized,
        Kind::InsufficientScope,
        Kind::NotFound,
        Kind::TooManyRequests,
        Kind::Unavailable,
    ];
    if operation.takes_body() {
        kinds.extend([Kind::TooLarge, Kind::UnsupportedMediaType]);
    }
    if operation.takes_body() || matches!(operation.answer, Answer::List(_)) || operation.verb == Verb::Post {
        kinds.push(Kind::Invalid);
    }
    if operation.verb != Verb::Get {
        kinds.push(Kind::Conflict);
    }
    if operation.needs_version {
        kinds.extend([Kind::PreconditionFailed, Kind::PreconditionRequired]);
    }
    kinds
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_operation_is_described_under_a_name_of_its_own() {
        let document = document();
        let mut names = BTreeSet::new();
        for operation in operations::all() {
            assert!(names.insert(operation.id), "{}", operation.id);
            let verb = operation.verb.as_str().to_lowercase();
            let described = &document["paths"][operation.path][&verb];
            assert_eq!(described["operationId"], operation.id);
            assert!(!operation.summary.is_empty(), "{operation:?}");
            let security = described["security"].as_array().expect("scopes");
            assert!(!security.is_empty(), "{operation:?}");
        }
    }

    #[test]
    fn every_reference_leads_to_a_schema() {
        let document = document();
        let text = document.to_string();
        for (at, _) in text.match_indices("#/components/schemas/") {
            let name = &text[at + "#/components/schemas/".len()..];
            let name = name.split('"').next().expect("a name");
            assert!(document["components"]["schemas"].get(name).is_some(), "{name}");
        }
    }
}
