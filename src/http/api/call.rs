//! One call of an operation: what the handler relies on, and what it answers.

use std::collections::BTreeMap;

use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::precondition::IfMatch;
use crate::app::App;
use crate::domain::actor::Context;
use crate::domain::secret::Digest;
use crate::http::problem::{Kind, Problem};

/// The rows of a list, unless the request asks for another number.
const ROWS: u64 = 25;
pub const MOST_ROWS: u64 = 100;
/// The last page to which a cursor can lead.
const LAST_PAGE: u64 = 1_000_000;

pub struct Call {
    pub app: App,
    pub context: Context,
    /// The path as it was called.
    pub path: String,
    pub ids: BTreeMap<String, String>,
    pub query: BTreeMap<String, String>,
    pub body: Bytes,
    pub if_match: Option<IfMatch>,
}

/// The part of a list that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slice {
    pub page: u64,
    pub size: u64,
}

impl Call {
    /// Returns what the request has in the hole `id` of the path.
    pub fn id(&self) -> &str {
        self.in_path("id")
    }

    pub fn in_path(&self, name: &str) -> &str {
        self.ids.get(name).map_or("", String::as_str)
    }

    /// Returns a parameter of the query; empty if it was not sent.
    pub fn given(&self, name: &str) -> &str {
        self.query.get(name).map_or("", String::as_str)
    }

    /// Reads the body, an object. A member that is unknown, repeated or of another type is refused.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        // Where all members are optional, serde takes a list for an object.
        if self.body.trim_ascii_start().first() == Some(&b'[') {
            return Err(Problem::new(Kind::Invalid).detailed("The body is not an object"));
        }
        serde_json::from_slice(&self.body).map_err(|error| match error.classify() {
            serde_json::error::Category::Data => {
                Problem::new(Kind::Invalid).detailed(format!("The body is not what this takes: {error}"))
            }
            _ => Problem::new(Kind::BadRequest).detailed(format!("The body is not JSON: {error}")),
        })
    }

    /// Reads the body as the members that it has, whatever they are.
    pub fn members(&self) -> Result<Map<String, Value>, Problem> {
        self.read()
    }

    /// Refuses a change of another version than the one that the request names.
    pub fn require_version(&self, current: &str) -> Result<(), Problem> {
        match &self.if_match {
            Some(named) if named.holds(&etag(current)) => Ok(()),
            Some(_) => Err(Problem::new(Kind::PreconditionFailed)),
            None => Err(Problem::new(Kind::PreconditionRequired)),
        }
    }

    /// Returns how many rows are asked for.
    pub fn limit(&self) -> Result<u64, Problem> {
        match self.given("limit") {
            "" => Ok(ROWS),
            typed => typed.parse().map_err(|_| bad("limit")),
        }
    }

    /// Returns the part of the list that the request asks for.
    pub fn slice(&self) -> Result<Slice, Problem> {
        let size = self.limit()?;
        let page = match self.place()? {
            None => 1,
            Some(text) => {
                let page = text.parse().map_err(|_| bad("cursor"))?;
                if !(1..=LAST_PAGE).contains(&page) {
                    return Err(bad("cursor"));
                }
                page
            }
        };
        Ok(Slice { page, size })
    }

    /// Returns the place that the cursor names, if it is one of this list with these conditions.
    pub fn place(&self) -> Result<Option<String>, Problem> {
        let typed = self.given("cursor");
        if typed.is_empty() {
            return Ok(None);
        }
        let text = URL_SAFE_NO_PAD.decode(typed).ok();
        let text = text
            .and_then(|it| String::from_utf8(it).ok())
            .ok_or_else(|| bad("cursor"))?;
        match text.split_once(' ') {
            Some((conditions, place)) if conditions == self.conditions() => Ok(Some(place.to_owned())),
            _ => Err(bad("cursor")),
        }
    }

    /// Returns the cursor that leads to a place in this list with these conditions.
    pub fn cursor(&self, place: &str) -> String {
        URL_SAFE_NO_PAD.encode(format!("{} {place}", self.conditions()))
    }

    /// Returns the cursor of the page after this one, if there is one.
    pub fn next_page(&self, slice: Slice, total: u64) -> Option<String> {
        (slice.page * slice.size < total).then(|| self.cursor(&(slice.page + 1).to_string()))
    }

    /// Names the list and its conditions, so that a cursor leads nowhere else.
    fn conditions(&self) -> String {
        let mut text = self.path.clone();
        for (name, value) in self.query.iter().filter(|(name, _)| *name != "cursor") {
            text.push_str(&format!("\n{name}={value}"));
        }
        let digest = Digest::of(text.as_bytes());
        digest.as_str().chars().take(16).collect()
    }

    /// Answers with rows.
    pub fn list<T: Serialize>(
        &self,
        rows: Vec<T>,
        next: Option<String>,
        total: Option<u64>,
    ) -> Result<Reply, Problem> {
        let mut members = Map::new();
        members.insert("items".into(), json(&rows)?);
        members.insert("next".into(), json(&next)?);
        if let Some(total) = total {
            members.insert("total".into(), total.into());
        }
        let mut reply = Reply::of(StatusCode::OK, Value::Object(members));
        if let Some(next) = next {
            let mut pairs = form_urlencoded::Serializer::new(String::new());
            let kept = self.query.iter().filter(|(name, _)| *name != "cursor");
            pairs.extend_pairs(kept).append_pair("cursor", &next);
            let link = format!("<{}?{}>; rel=\"next\"", self.path, pairs.finish());
            reply.headers.push((header::LINK, link)); // RFC 8288
        }
        Ok(reply)
    }
}

/// Refuses a parameter of the query.
pub fn bad(name: &str) -> Problem {
    Problem::new(Kind::BadRequest).detailed(format!("The parameter {name} has a value that it cannot have"))
}

fn json(value: &impl Serialize) -> Result<Value, Problem> {
    serde_json::to_value(value).map_err(Problem::internal)
}

/// Writes a version as an entity tag (RFC 9110 §8.8.3).
pub fn etag(version: &str) -> String {
    format!("\"{version}\"")
}

/// The answer to a request that succeeded.
#[derive(Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub body: Option<Value>,
    pub headers: Vec<(HeaderName, String)>,
}

impl Reply {
    fn of(status: StatusCode, body: Value) -> Self {
        Self {
            status,
            body: Some(body),
            headers: Vec::new(),
        }
    }

    pub fn done() -> Self {
        Self {
            status: StatusCode::NO_CONTENT,
            body: None,
            headers: Vec::new(),
        }
    }

    /// Answers with a thing as it is now.
    pub fn one(thing: &impl Serialize) -> Result<Self, Problem> {
        let body = json(thing)?;
        let digest = Sha256::digest(body.to_string().as_bytes());
        let version = URL_SAFE_NO_PAD.encode(&digest[..12]);
        Ok(Self::of(StatusCode::OK, body).at_version(&version))
    }

    /// Answers with something that is new. `location` is its path, if it has one.
    pub fn created(thing: &impl Serialize, location: Option<String>) -> Result<Self, Problem> {
        let mut reply = Self::of(StatusCode::CREATED, json(thing)?);
        reply.headers.extend(location.map(|it| (header::LOCATION, it)));
        Ok(reply)
    }

    /// States the version that a later change names.
    pub fn at_version(mut self, version: &str) -> Self {
        self.headers.retain(|(name, _)| *name != header::ETAG);
        self.headers.push((header::ETAG, etag(version)));
        self
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let body = self.body.map(|it| it.to_string());
        let has_body = body.is_some();
        let mut response = Response::new(body.map_or_else(Body::empty, Body::from));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        if has_body {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}
