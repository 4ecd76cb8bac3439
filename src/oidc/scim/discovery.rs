//! The documents that describe this provider: configuration, resource types and schemas (RFC 7643 §5 to §7, RFC 7644 §4).

use serde_json::{Map, Value, json};

use super::error::{Error, Result};
use super::listing::{Begin, MOST, Page};
use super::remembered::LIFETIME;
use super::resource::address_of;
use crate::app::App;
use crate::domain::scim::{ALL, Attribute, AttributeType, GROUP, ResourceType, Schema, USER};

const CORE: &str = "urn:ietf:params:scim:schemas:core:2.0";

pub fn service_provider_config(app: &App) -> Value {
    let kind = "ServiceProviderConfig";
    json!({
        "schemas": [format!("{CORE}:{kind}")],
        "patch": {"supported": true},
        "bulk": {"supported": false, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": true, "maxResults": MOST},
        "changePassword": {"supported": false},
        "sort": {"supported": true},
        "etag": {"supported": true},
        // RFC 9865 §4
        "pagination": {
            "cursor": true,
            "index": true,
            "defaultPaginationMethod": "index",
            "defaultPageSize": MOST,
            "maxPageSize": MOST,
            "cursorTimeout": LIFETIME.as_secs(),
        },
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "OAuth 2.0 access token",
            "description": "An access token of the client itself (client_credentials) with the scope scim:read or scim",
            "specUri": "https://www.rfc-editor.org/info/rfc6750",
            "primary": true,
        }],
        "meta": meta(app, kind, &format!("/{kind}")),
    })
}

pub fn resource_types(app: &App) -> Value {
    all([&USER, &GROUP].map(|it| resource_type(app, it)).into())
}

pub fn find_resource_type(app: &App, name: &str) -> Result<Value> {
    let found = [&USER, &GROUP].into_iter().find(|it| it.name == name);
    found
        .map(|it| resource_type(app, it))
        .ok_or_else(Error::not_found)
}

fn resource_type(app: &App, it: &ResourceType) -> Value {
    let kind = "ResourceType";
    let extensions: Vec<Value> = it
        .extensions
        .iter()
        .map(|it| json!({"schema": it.id, "required": false}))
        .collect();
    json!({
        "schemas": [format!("{CORE}:{kind}")],
        "id": it.name,
        "name": it.name,
        "description": it.description,
        "endpoint": it.endpoint,
        "schema": it.schema.id,
        "schemaExtensions": extensions,
        "meta": meta(app, kind, &format!("/{kind}s/{}", it.name)),
    })
}

pub fn schemas(app: &App) -> Value {
    all(ALL.iter().map(|it| schema(app, it)).collect())
}

pub fn find_schema(app: &App, id: &str) -> Result<Value> {
    let found = ALL.iter().find(|it| it.id == id);
    found.map(|it| schema(app, it)).ok_or_else(Error::not_found)
}

fn schema(app: &App, it: &Schema) -> Value {
    let kind = "Schema";
    json!({
        "schemas": [format!("{CORE}:{kind}")],
        "id": it.id,
        "name": it.name,
        "description": it.description,
        "attributes": it.attributes.iter().map(attribute).collect::<Vec<_>>(),
        "meta": meta(app, kind, &format!("/{kind}s/{}", it.id)),
    })
}

fn attribute(it: &Attribute) -> Value {
    let mut all = Map::new();
    let mut put = |name: &str, value: Value| all.insert(name.to_owned(), value);
    put("name", it.name.into());
    put("type", it.kind.as_str().into());
    put("multiValued", it.multi_valued.into());
    put("description", it.description.into());
    put("required", it.required.into());
    put("caseExact", it.case_exact.into());
    put("mutability", it.mutability.as_str().into());
    put("returned", it.returned.as_str().into());
    put("uniqueness", if it.is_unique { "server" } else { "none" }.into());
    if it.kind == AttributeType::Reference {
        put("referenceTypes", it.reference_types.into());
    }
    if it.kind == AttributeType::Complex {
        let below: Vec<Value> = it.sub_attributes.iter().map(attribute).collect();
        put("subAttributes", below.into());
    }
    all.into()
}

fn meta(app: &App, kind: &str, path: &str) -> Value {
    json!({"resourceType": kind, "location": address_of(app, path)})
}

fn all(resources: Vec<Value>) -> Value {
    let total = resources.len() as u64;
    Page::of(resources, total, &Begin::Index(1)).into_json()
}
