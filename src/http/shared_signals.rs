//! Serves the endpoints of Shared Signals (SSF 1.0 §7.2, §8.1; RFC 8936): JSON in, JSON out, for clients that act on their
//! own behalf. `oidc::shared_signals` decides.

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::error::Challenge;
use super::extract::form::{self, OAUTH_BODY};
use super::extract::program::Program;
use super::protocol::NoStore;
use crate::app::App;
use crate::domain::scope::{SSF_MANAGE, SSF_READ};
use crate::oidc;
use crate::oidc::shared_signals::{self, StreamError};

const READ: &[&str] = &[SSF_READ, SSF_MANAGE];
const MANAGE: &[&str] = &[SSF_MANAGE];

/// A refusal, in the form of RFC 8935 §2.3: SSF names the status alone.
pub struct Refused(StreamError);

impl From<StreamError> for Refused {
    fn from(error: StreamError) -> Self {
        Self(error)
    }
}

impl From<oidc::Error> for Refused {
    fn from(error: oidc::Error) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let description = self.0.to_string();
        let (status, err) = match self.0 {
            StreamError::Protocol(error) => return Challenge::at_resource("ssf", error).into_response(),
            StreamError::Database(error) => {
                return Challenge::at_resource("ssf", error.into()).into_response();
            }
            StreamError::Invalid(_) => (StatusCode::BAD_REQUEST, "invalid_request"),
            StreamError::NotFound => (StatusCode::NOT_FOUND, "not_found"),
            StreamError::Exists | StreamError::Conflict => (StatusCode::CONFLICT, "conflict"),
            StreamError::TooSoon(seconds) => {
                let mut response = refusal(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", &description);
                let wait = HeaderValue::from(seconds);
                response.headers_mut().insert(header::RETRY_AFTER, wait);
                return response;
            }
        };
        refusal(status, err, &description)
    }
}

fn refusal(status: StatusCode, err: &str, description: &str) -> Response {
    NoStore((status, Json(json!({ "err": err, "description": description })))).into_response()
}

/// Admits a client by its token, on its own behalf: a stream is none of a person.
async fn admit(app: &App, request: Request, any_of: &[&str]) -> Result<(Program, Request), Refused> {
    let (parts, body) = request.into_parts();
    let program = Program::admit(app, &parts, app.config.issuer.as_str(), any_of).await?;
    if program.holder.account.is_some() {
        let error = oidc::Error::insufficient_scope("A stream belongs to the client itself, not to a person");
        return Err(error.of_client(&program.holder.client.id).into());
    }
    Ok((program, Request::from_parts(parts, body)))
}

async fn body_of(request: Request) -> Result<axum::body::Bytes, Refused> {
    let read = form::read_json(request, OAUTH_BODY).await;
    Ok(read.map_err(oidc::Error::from)?)
}

/// Returns the stream that the query names, if it names one.
fn stream_of(request: &Request) -> Result<Option<String>, Refused> {
    let query = request.uri().query().unwrap_or_default().as_bytes();
    let mut named = form_urlencoded::parse(query).filter(|(name, _)| name == "stream_id");
    let first = named.next().map(|(_, id)| id.into_owned());
    match named.next() {
        None => Ok(first),
        Some(_) => Err(StreamError::Invalid("stream_id is sent twice".into()).into()),
    }
}

fn needed(stream: Option<String>) -> Result<String, Refused> {
    stream.ok_or_else(|| StreamError::Invalid("stream_id is missing".into()).into())
}

fn answer(status: StatusCode, body: Value) -> Response {
    NoStore((status, Json(body))).into_response()
}

pub async fn create(State(app): State<App>, request: Request) -> Result<Response, Refused> {
    let (program, request) = admit(&app, request, MANAGE).await?;
    let body = body_of(request).await?;
    let client = &program.holder.client;
    let made = shared_signals::create(&app, &program.context, client, &body).await?;
    Ok(answer(StatusCode::CREATED, made))
}

pub async fn read(State(app): State<App>, request: Request) -> Result<Response, Refused> {
    let (program, request) = admit(&app, request, READ).await?;
    let stream = stream_of(&request)?;
    let found = shared_signals::read_streams(&app, &program.holder.client, stream.as_deref()).await?;
    Ok(answer(StatusCode::OK, found))
}

pub async fn update(State(app): State<App>, request: Request) -> Result<Response, Refused> {
    let (program, request) = admit(&app, request, MANAGE).await?;
    let body = body_of(request).await?;
    let client = &program.holder.client;
    let updated = shared_signals::update(&app, &program.context, client, &body).await?;
    Ok(answer(StatusCode::OK, updated))
}

pub async fn replace(State(app): State<App>, request: Request) -> Result<Response, Refused> {
    let (program, request) = admit(&app, request, MANAGE).await?;
    let body = body_of(request).await?;
    let client = &program.holder.client;
    let replaced = shared_signals::replace(&app, &program.context, client, &body).await?;
    Ok(answer(StatusCode::OK, replaced))
}

pub async fn delete(State(app): State<App>, request: Request) -> Result<Response, Refused> {
    let (program, request) = admit(&app, request, MANAGE).await?;
    let stream = needed(stream_of(&request)?)?;
    shared_signals::delete_stream(&app, &program.context, &program.holder.client, &stream).await?;
    Ok(NoStore(StatusCode::NO_CONTENT).into_response())
}

pub async fn read_status(State(app): State<App>, request: Request) -> Result<Response, Refused> {
    let (program, request) = admit(&app, request, READ).await?;
    let stream = needed(stream_of(&request)?)?;
    let status = shared_signals::read_status(&app, &program.holder.client, &stream).await?;
    Ok(answer(StatusCode::OK, status))
}

pub async fn change_status(State(app): State<App>, request: Request) -> Result<Response, Refused> {
    let (program, request) = admit(&app, request, MANAGE).await?;
    let body = body_of(request).await?;
    let client = &program.holder.client;
    let status = shared_signals::change_status(&app, &program.context, client, &body).await?;
    Ok(answer(StatusCode::OK, status))
}

pub async fn add_subject(State(app): State<App>, request: Request) -> Result<Response, Refused> {
    let (program, request) = admit(&app, request, MANAGE).await?;
    let body = body_of(request).await?;
    shared_signals::add_subject(&app, &program.context, &program.holder.client, &body).await?;
    Ok(NoStore(StatusCode::OK).into_response())
}

pub async fn remove_subject(State(app): State<App>, request: Request) -> Result<Response, Refused> {
    let (program, request) = admit(&app, request, MANAGE).await?;
    let body = body_of(request).await?;
    shared_signals::remove_subject(&app, &program.context, &program.holder.client, &body).await?;
    Ok(NoStore(StatusCode::NO_CONTENT).into_response())
}

pub async fn verify(State(app): State<App>, request: Request) -> Result<Response, Refused> {
    let (program, request) = admit(&app, request, MANAGE).await?;
    let body = body_of(request).await?;
    shared_signals::request_verification(&app, &program.context, &program.holder.client, &body).await?;
    Ok(NoStore(StatusCode::NO_CONTENT).into_response())
}

pub async fn poll(
    State(app): State<App>,
    Path(stream): Path<String>,
    request: Request,
) -> Result<Response, Refused> {
    let (program, request) = admit(&app, request, READ).await?;
    let body = body_of(request).await?;
    let sets = shared_signals::poll(&app, &program.holder.client, &stream, &body).await?;
    Ok(answer(StatusCode::OK, sets))
}
