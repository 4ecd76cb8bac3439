//! The endpoints of SCIM (RFC 7644): extract, call `oidc::scim`, answer as `application/scim+json`.

use std::collections::BTreeMap;

use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequest, Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::error::Challenge;
use super::extract::Program;
use super::extract::client::one_header;
use super::extract::form::{self, FORM_BODY, FormError, Pairs};
use crate::app::App;
use crate::domain::actor::Context;
use crate::domain::scim::{GROUP, Projection, ResourceType, USER};
use crate::domain::scope;
use crate::oidc::scim::listing::{Begin, parse, projection};
use crate::oidc::scim::writing::{self, Change};
use crate::oidc::scim::{Error, ListRequest, Page, Reader, ScimType, discovery, groups, reader, users};

const MEDIA_TYPE: &str = "application/scim+json";
const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// A refusal, in the form of RFC 7644 §3.12.
#[derive(Debug)]
pub struct Refused(Error);

impl<E: Into<Error>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl From<FormError> for Refused {
    fn from(error: FormError) -> Self {
        let status = error.status().as_u16();
        Self(match status {
            400 => Error::bad(ScimType::InvalidSyntax, error.to_string()),
            other => Error::new(other, error.to_string()),
        })
    }
}

impl From<PathRejection> for Refused {
    fn from(_: PathRejection) -> Self {
        Self(Error::not_found())
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let Self(error) = self;
        let mut body = json!({"schemas": [ERROR], "detail": error.detail});
        if let Some(scim_type) = error.scim_type {
            body["scimType"] = scim_type.as_str().into();
        }
        // The challenge says how to authenticate, the body what was wrong; it is logged once.
        let challenge = error.source.map(|it| Challenge::at_resource("scim", *it));
        let status = match challenge.as_ref().map(Challenge::status) {
            Some(status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)) => status,
            _ => StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        };
        body["status"] = status.as_str().into();
        let mut response = scim_json(status, &body);
        if let Some(challenge) = challenge {
            let is_asked = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
            let logged = challenge.into_response();
            let names = [(header::WWW_AUTHENTICATE, is_asked), (header::RETRY_AFTER, true)];
            for (name, _) in names.into_iter().filter(|(_, is_sent)| *is_sent) {
                for value in logged.headers().get_all(&name) {
                    response.headers_mut().append(&name, value.clone());
                }
            }
        }
        response
    }
}

type Answer = Result<Response, Refused>;

/// A request of an admitted client.
pub struct ScimRequest {
    reader: Reader,
    context: Context,
    query: BTreeMap<String, String>,
    headers: HeaderMap,
    /// The body of a request that has one.
    body: Value,
}

impl FromRequest<App> for ScimRequest {
    type Rejection = Refused;

    async fn from_request(request: Request, app: &App) -> Result<Self, Refused> {
        let (parts, body) = request.into_parts();
        let issuer = app.config.issuer.as_str();
        let admitted = Program::admit(app, &parts, issuer, &[scope::SCIM_READ, scope::SCIM]).await?;
        let reader = reader::of(app, &admitted.holder, &admitted.context).await?;
        let context = admitted.context;
        let query = Pairs::parse(parts.uri.query().unwrap_or_default().as_bytes())?.unique()?;
        let request = Request::from_parts(parts, body);
        let headers = request.headers().clone();
        let has_body = matches!(*request.method(), Method::POST | Method::PUT | Method::PATCH);
        let body = if has_body {
            read(request).await?
        } else {
            Value::Null
        };
        Ok(Self {
            reader,
            context,
            query,
            headers,
            body,
        })
    }
}

/// Reads a body of JSON (RFC 7644 §3.1).
async fn read(request: Request) -> Result<Value, Refused> {
    let headers = request.headers();
    let is_json = |media_type: &str| form::of_type(headers, media_type).is_ok();
    if !is_json(MEDIA_TYPE) && !is_json("application/json") {
        return Err(Error::new(415, format!("The body must be {MEDIA_TYPE}")).into());
    }
    Ok(parse(&form::read_bytes(request.into_body(), FORM_BODY).await?)?)
}

fn scim_json(status: StatusCode, body: &Value) -> Response {
    let media_type = HeaderValue::from_static(MEDIA_TYPE);
    let mut response = (status, body.to_string()).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, media_type);
    response
}

fn list(page: Page, kind: &'static ResourceType, projection: &Projection) -> Response {
    let chosen = page.resources.into_iter();
    let page = Page {
        resources: chosen.map(|it| projection.apply(kind, it)).collect(),
        ..page
    };
    scim_json(StatusCode::OK, &page.into_json())
}

/// Answers with one resource, unless the client has this version of it (RFC 7644 §3.14).
fn resource(
    request: &ScimRequest,
    kind: &'static ResourceType,
    projection: &Projection,
    whole: Value,
) -> Answer {
    let known = match request.body {
        Value::Null => one_header(&request.headers, header::IF_NONE_MATCH)?,
        _ => None,
    };
    let version = whole["meta"]["version"].as_str().map(str::to_owned);
    let location = whole["meta"]["location"].as_str().map(str::to_owned);
    let mut response = if known.is_some_and(|it| writing::is_among(&it, &whole)) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        scim_json(StatusCode::OK, &projection.apply(kind, whole))
    };
    for (name, value) in [(header::ETAG, version), (header::CONTENT_LOCATION, location)] {
        if let Some(value) = value.and_then(|it| HeaderValue::from_str(&it).ok()) {
            response.headers_mut().insert(name, value);
        }
    }
    Ok(response)
}

pub async fn service_provider_config(State(app): State<App>, request: Request) -> Answer {
    described(&request, discovery::service_provider_config(&app))
}

pub async fn resource_types(State(app): State<App>, request: Request) -> Answer {
    described(&request, discovery::resource_types(&app))
}

pub async fn resource_type(
    State(app): State<App>,
    name: Result<Path<String>, PathRejection>,
    request: Request,
) -> Answer {
    described(&request, discovery::find_resource_type(&app, &name?)?)
}

pub async fn schemas(State(app): State<App>, request: Request) -> Answer {
    described(&request, discovery::schemas(&app))
}

pub async fn schema(
    State(app): State<App>,
    id: Result<Path<String>, PathRejection>,
    request: Request,
) -> Answer {
    described(&request, discovery::find_schema(&app, &id?)?)
}

/// Answers with a document, which has no filter (RFC 7644 §4).
fn described(request: &Request, document: Value) -> Answer {
    let query = Pairs::parse(request.uri().query().unwrap_or_default().as_bytes())?.unique()?;
    if query.contains_key("filter") {
        return Err(Error::new(403, "These documents cannot be filtered").into());
    }
    Ok(scim_json(StatusCode::OK, &document))
}

pub async fn users(State(app): State<App>, request: ScimRequest) -> Answer {
    answer_users(&app, &request, &ListRequest::of_query(&request.query)?).await
}

pub async fn search_users(State(app): State<App>, request: ScimRequest) -> Answer {
    answer_users(&app, &request, &ListRequest::of_json(&request.body)?).await
}

async fn answer_users(app: &App, request: &ScimRequest, asked: &ListRequest) -> Answer {
    let page = users::list(app, &request.reader, asked, &[]).await?;
    Ok(list(page, &USER, &asked.projection))
}

pub async fn groups(State(app): State<App>, request: ScimRequest) -> Answer {
    answer_groups(&app, &request, &ListRequest::of_query(&request.query)?).await
}

pub async fn search_groups(State(app): State<App>, request: ScimRequest) -> Answer {
    answer_groups(&app, &request, &ListRequest::of_json(&request.body)?).await
}

async fn answer_groups(app: &App, request: &ScimRequest, asked: &ListRequest) -> Answer {
    let page = groups::list(app, &request.reader, asked, &[]).await?;
    Ok(list(page, &GROUP, &asked.projection))
}

/// Searches users, then groups (RFC 7644 §3.4.2.1). Pages go by number, in the order of each type.
pub async fn search(State(app): State<App>, request: ScimRequest) -> Answer {
    let asked = ListRequest::of_json(&request.body)?;
    let Begin::Index(index) = asked.begin else {
        return Err(Error::bad(ScimType::InvalidCursor, "All types together have pages by number").into());
    };
    if asked.sort_by.is_some() {
        return Err(Error::bad(ScimType::InvalidPath, "All types together are not sorted").into());
    }
    let projection = &asked.projection;
    let users = users::list(&app, &request.reader, &asked, &[&GROUP]).await?;
    let of_groups = ListRequest {
        begin: Begin::Index(index.saturating_sub(users.total).max(1)),
        count: asked.count - users.resources.len() as u64,
        ..asked.clone()
    };
    let groups = groups::list(&app, &request.reader, &of_groups, &[&USER]).await?;
    let users_chosen = users.resources.into_iter().map(|it| projection.apply(&USER, it));
    let groups_chosen = groups
        .resources
        .into_iter()
        .map(|it| projection.apply(&GROUP, it));
    let page = Page {
        resources: users_chosen.chain(groups_chosen).collect(),
        total: users.total + groups.total,
        start: Some(index),
        next_cursor: None,
    };
    Ok(scim_json(StatusCode::OK, &page.into_json()))
}

pub async fn user(
    State(app): State<App>,
    id: Result<Path<String>, PathRejection>,
    request: ScimRequest,
) -> Answer {
    let projection = projection(&request.query)?;
    let (whole, _) = users::find(&app, &request.reader, &id?).await?;
    resource(&request, &USER, &projection, whole)
}

pub async fn group(
    State(app): State<App>,
    id: Result<Path<String>, PathRejection>,
    request: ScimRequest,
) -> Answer {
    let projection = projection(&request.query)?;
    let whole = groups::find(&app, &request.reader, &id?, &projection).await?;
    resource(&request, &GROUP, &projection, whole)
}

pub async fn replace_user(
    State(app): State<App>,
    id: Result<Path<String>, PathRejection>,
    request: ScimRequest,
) -> Answer {
    change(&app, &id?, &request, true).await
}

pub async fn patch_user(
    State(app): State<App>,
    id: Result<Path<String>, PathRejection>,
    request: ScimRequest,
) -> Answer {
    change(&app, &id?, &request, false).await
}

async fn change(app: &App, id: &str, request: &ScimRequest, is_whole: bool) -> Answer {
    let projection = projection(&request.query)?;
    let if_match = one_header(&request.headers, header::IF_MATCH)?;
    let change = Change {
        id,
        body: &request.body,
        is_whole,
        if_match: if_match.as_deref(),
    };
    let whole = writing::change(app, &request.context, &request.reader, &change).await?;
    resource(request, &USER, &projection, whole)
}

/// RFC 7644 §3.7: what is not offered is not implemented.
pub async fn bulk() -> Answer {
    Err(Error::new(501, "Bulk operations are not supported").into())
}

/// Answers below the base where nothing is.
pub async fn elsewhere() -> Answer {
    Err(Error::not_found().into())
}

/// Answers to a method that the resource does not have: accounts are made and deleted by their people, organizations by
/// the administration.
pub async fn refuse_method(request: Request) -> Answer {
    let method = request.method();
    let detail =
        format!("{method} is not possible here: accounts and groups are not made or deleted by SCIM");
    Err(Error::new(405, detail).into())
}
