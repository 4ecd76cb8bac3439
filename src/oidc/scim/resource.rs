//! What users and groups have in common: their addresses, their times, their versions.

use serde_json::{Map, Value};

use crate::app::App;
use crate::domain::Time;
use crate::domain::secret::Digest;
use crate::oidc::endpoints;

/// Returns the members that have a value: what has none is absent, never null or empty (product.md).
pub fn texts<const N: usize>(members: [(&'static str, Option<String>); N]) -> Map<String, Value> {
    let members = members.into_iter();
    members
        .filter_map(|(name, value)| Some((name.to_owned(), value.filter(|it| !it.is_empty())?.into())))
        .collect()
}

/// Completes a resource with `meta`.
pub fn with_meta(
    app: &App,
    mut resource: Map<String, Value>,
    kind: &'static str,
    path: &str,
    times: Option<(Time, Time)>,
) -> Value {
    let mut meta = Map::new();
    meta.insert("resourceType".into(), kind.into());
    meta.insert("location".into(), address_of(app, path).into());
    if let Some((created, modified)) = times {
        meta.insert("created".into(), written(created).into());
        meta.insert("lastModified".into(), written(modified).into());
    }
    resource.insert("meta".into(), Value::Object(meta));
    versioned(resource.into())
}

/// Gives a resource the version of all that it says (RFC 7644 §3.14).
pub fn versioned(mut resource: Value) -> Value {
    if let Some(meta) = resource["meta"].as_object_mut() {
        meta.remove("version");
    }
    let digest = Digest::of(resource.to_string().as_bytes());
    let version = format!("W/\"{}\"", &digest.as_str()[..32]);
    resource["meta"]["version"] = version.into();
    resource
}

/// Writes a time as precisely as it is kept, so that a filter with it finds what is later and nothing twice.
pub fn written(time: Time) -> String {
    time.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
}

pub fn address_of(app: &App, path: &str) -> String {
    app.config.issuer.at(&format!("{}{path}", endpoints::SCIM))
}
