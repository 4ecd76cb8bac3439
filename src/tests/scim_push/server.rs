//! The SCIM server of a service: keeps users, and answers as the standard says, or as a test has it fail.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::USER;
use crate::support::Site;

pub const BASE: &str = "/scim/v2";
pub const TOKEN: &str = "of-the-service.7f3a";
const MEDIA_TYPE: &str = "application/scim+json";

/// What goes wrong with a request.
#[derive(Clone, Debug)]
pub enum Trouble {
    /// It is not looked at.
    Status(u16, Option<&'static str>),
    /// It is done, and nobody gets the answer.
    Mute,
    /// It is done, and the answer says nothing.
    Empty,
}

#[derive(Default)]
struct Inner {
    users: BTreeMap<String, Value>,
    made: usize,
    calls: Vec<String>,
    troubles: VecDeque<(&'static str, Trouble)>,
    refused_names: Vec<String>,
    has_no_patch: bool,
    /// Two users may have one name.
    is_careless: bool,
    /// What no client does that knows the standard.
    wrong: Vec<String>,
}

pub struct Server {
    pub site: Site,
    inner: Arc<Mutex<Inner>>,
}

impl Server {
    pub async fn start() -> Self {
        let inner = Arc::new(Mutex::new(Inner::default()));
        let router = Router::new().fallback(answer).with_state(inner.clone());
        Self {
            site: Site::with(router).await,
            inner,
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the users, after nothing wrong has come.
    pub fn users(&self) -> Vec<Value> {
        let inner = self.lock();
        assert!(inner.wrong.is_empty(), "{:?}", inner.wrong);
        inner.users.values().cloned().collect()
    }

    pub fn user(&self, name: &str) -> Value {
        let users = self.users();
        let found = users.iter().find(|it| it["userName"] == name);
        found.unwrap_or_else(|| panic!("{name} in {users:?}")).clone()
    }

    /// Returns the methods and paths of all calls since the last time.
    pub fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.lock().calls)
    }

    pub fn count(&self, method: &str) -> usize {
        let inner = self.lock();
        let start = format!("{method} ");
        inner.calls.iter().filter(|it| it.starts_with(&start)).count()
    }

    /// Makes a user by hand, as the service's own administrators do.
    pub fn has(&self, user: Value) -> String {
        let mut inner = self.lock();
        inner.made += 1;
        let id = format!("u {}/é", inner.made);
        let mut user = user;
        user["id"] = id.as_str().into();
        inner.users.insert(id.clone(), user);
        id
    }

    pub fn loses(&self, id: &str) {
        self.lock().users.remove(id);
    }

    /// The next request with this method fails.
    pub fn fails(&self, method: &'static str, trouble: Trouble) {
        self.lock().troubles.push_back((method, trouble));
    }

    /// Users of this name are never taken.
    pub fn refuses(&self, name: &str) {
        self.lock().refused_names.push(name.to_owned());
    }

    pub fn has_no_patch(&self) {
        self.lock().has_no_patch = true;
    }

    pub fn is_careless(&self) {
        self.lock().is_careless = true;
    }
}

async fn answer(
    State(inner): State<Arc<Mutex<Inner>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let (response, is_mute) = {
        let mut inner = inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.calls.push(format!("{method} {}", uri.path()));
        let next = inner.troubles.iter().position(|it| it.0 == method.as_str());
        let trouble = next.and_then(|it| inner.troubles.remove(it)).map(|it| it.1);
        match trouble {
            Some(Trouble::Status(status, retry_after)) => {
                let status = StatusCode::from_u16(status).expect("a status");
                let headers = retry_after.map(|it| [("retry-after", it)]);
                let response =
                    headers.map_or_else(|| status.into_response(), |it| (status, it).into_response());
                (response, false)
            }
            other => {
                let response = inner.serve(&method, &uri, &headers, &body);
                match other {
                    Some(Trouble::Empty) => (response.status().into_response(), false),
                    other => (response, other.is_some()),
                }
            }
        }
    };
    if is_mute {
        std::future::pending::<()>().await;
    }
    response
}

fn shown(status: u16, body: &Value) -> Response {
    let status = StatusCode::from_u16(status).expect("a status");
    (status, [("content-type", MEDIA_TYPE)], body.to_string()).into_response()
}

fn error(status: u16, scim_type: &str) -> Response {
    let body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
        "status": status.to_string(),
        "scimType": scim_type,
        "detail": "alice@example.org is not taken",
    });
    shown(status, &body)
}

/// Decodes a part of a path.
fn decoded(part: &str) -> String {
    let part = part.replace('+', "%2B");
    let mut parts = form_urlencoded::parse(part.as_bytes());
    parts.next().map_or_else(String::new, |it| it.0.into_owned())
}

impl Inner {
    fn serve(&mut self, method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Response {
        let header = |name: &str| headers.get(name).map_or("", |it| it.to_str().expect("text"));
        if header("authorization") != format!("Bearer {TOKEN}") {
            return error(401, "");
        }
        if !body.is_empty() && header("content-type") != MEDIA_TYPE {
            self.wrong.push(format!("{method} {uri} without the media type"));
        }
        let path = uri.path().strip_prefix(BASE).unwrap_or_default();
        let parts: Vec<String> = path.split('/').skip(1).map(decoded).collect();
        let body: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        match (method.as_str(), parts.as_slice()) {
            ("GET", ["ServiceProviderConfig"]) => shown(200, &json!({"patch": {"supported": true}})),
            ("GET", ["Users"]) => self.search(uri),
            ("POST", ["Users"]) => self.make(body),
            ("PUT", ["Users", id]) => self.replace(id, body),
            ("PATCH", ["Users", id]) => self.patch(id, &body),
            ("DELETE", ["Users", id]) => match self.users.remove(*id) {
                Some(_) => StatusCode::NO_CONTENT.into_response(),
                None => error(404, ""),
            },
            _ => error(404, ""),
        }
    }

    fn search(&self, uri: &Uri) -> Response {
        let query = uri.query().unwrap_or_default();
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        let filter = pairs.find(|it| it.0 == "filter").map(|it| it.1.into_owned());
        let filter = filter.unwrap_or_default();
        let Some((attribute, value)) = filter.split_once(" eq ") else {
            return error(400, "invalidFilter");
        };
        let value: Value = serde_json::from_str(value).expect("a text");
        let found = self.users.values().filter(|it| it[attribute] == value);
        let found: Vec<&Value> = found.collect();
        shown(200, &json!({"totalResults": found.len(), "Resources": found}))
    }

    /// Checks what RFC 7643 has of a user that a client writes.
    fn check(&mut self, what: &str, user: &Value) {
        let schemas = user["schemas"].as_array().cloned().unwrap_or_default();
        let has_name = user["userName"].as_str().is_some_and(|it| !it.is_empty());
        let is_bare = user.get("meta").is_none() && user.get("groups").is_none();
        let extensions = user.as_object().expect("an object").keys();
        let mut extensions = extensions.filter(|it| it.starts_with("urn:"));
        let are_named = extensions.all(|it| schemas.contains(&it.as_str().into()));
        if !schemas.contains(&USER.into()) || !has_name || !is_bare || !are_named {
            self.wrong.push(format!("{what} {user}"));
        }
    }

    fn make(&mut self, mut user: Value) -> Response {
        self.check("POST", &user);
        if user.get("id").is_some() {
            self.wrong.push(format!("POST with an id: {user}"));
        }
        if self
            .refused_names
            .iter()
            .any(|it| user["userName"] == it.as_str())
        {
            return error(400, "invalidValue");
        }
        let is_taken = self.users.values().any(|it| it["userName"] == user["userName"]);
        if is_taken && !self.is_careless {
            return error(409, "uniqueness");
        }
        self.made += 1;
        let id = format!("u {}/é", self.made);
        user["id"] = id.as_str().into();
        self.users.insert(id, user.clone());
        shown(201, &user)
    }

    fn replace(&mut self, id: &str, user: Value) -> Response {
        self.check("PUT", &user);
        if !self.users.contains_key(id) {
            return error(404, "");
        }
        if user["id"] != id {
            self.wrong.push(format!("PUT of another id: {user}"));
        }
        self.users.insert(id.to_owned(), user.clone());
        shown(200, &user)
    }

    fn patch(&mut self, id: &str, patch: &Value) -> Response {
        if self.has_no_patch {
            return error(501, "");
        }
        let operation = json!([{"op": "replace", "path": "active", "value": false}]);
        if patch["Operations"] != operation {
            self.wrong.push(format!("PATCH {patch}"));
        }
        match self.users.get_mut(id) {
            None => error(404, ""),
            Some(user) => {
                user["active"] = false.into();
                StatusCode::NO_CONTENT.into_response()
            }
        }
    }
}
