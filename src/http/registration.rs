//! Serves the registration endpoint and the client configuration endpoints (RFC 7591, RFC 7592): JSON in, JSON out,
//! tokens in the `Authorization` header only (security.md UI-1). `oidc::registration` decides.

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::error::Challenge;
use super::extract::client::{context, one_header};
use super::extract::form::{self, OAUTH_BODY};
use super::protocol::NoStore;
use crate::app::App;
use crate::domain::ClientId;
use crate::domain::actor::Actor;
use crate::oidc::client_authentication::scheme_of;
use crate::oidc::mismatch::printable;
use crate::oidc::{self, Code, registration};

/// A refusal: a challenge for a token, an answer for metadata (RFC 7591 §3.2.2).
pub struct Refused(oidc::Error);

impl From<oidc::Error> for Refused {
    fn from(error: oidc::Error) -> Self {
        Self(error)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let Self(error) = self;
        match error.code() {
            Code::InvalidToken => Challenge::new("registration", error).into_response(),
            _ => NoStore(error).into_response(),
        }
    }
}

pub async fn register(State(app): State<App>, request: Request) -> Result<Response, Refused> {
    let context = context(&request, Actor::Visitor);
    let token = bearer(&request)?;
    let body = form::read_json(request, OAUTH_BODY).await;
    let body = body.map_err(oidc::Error::from)?;
    let answer = registration::register(&app, &context, token.as_deref(), &body).await?;
    Ok(NoStore((StatusCode::CREATED, Json(answer))).into_response())
}

pub async fn show(
    State(app): State<App>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Refused> {
    let (context, token) = (context(&request, Actor::Visitor), needed(&request)?);
    let answer = of(&id, registration::show(&app, &context, &id, &token).await)?;
    Ok(NoStore(Json(answer)).into_response())
}

pub async fn replace(
    State(app): State<App>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Refused> {
    let (context, token) = (context(&request, Actor::Visitor), needed(&request)?);
    let body = form::read_json(request, OAUTH_BODY).await;
    let body = body.map_err(oidc::Error::from)?;
    let answer = of(
        &id,
        registration::replace(&app, &context, &id, &token, &body).await,
    )?;
    Ok(NoStore(Json(answer)).into_response())
}

pub async fn delete(
    State(app): State<App>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Refused> {
    let (context, token) = (context(&request, Actor::Visitor), needed(&request)?);
    of(&id, registration::delete(&app, &context, &id, &token).await)?;
    Ok(NoStore(StatusCode::NO_CONTENT).into_response())
}

/// Names in an error, for the log, the client of the address as it was written.
fn of<T>(id: &str, answer: Result<T, oidc::Error>) -> Result<T, oidc::Error> {
    answer.map_err(|it| it.of_client(&ClientId::new(printable(id))))
}

fn bearer(request: &Request) -> Result<Option<String>, oidc::Error> {
    let header = one_header(request.headers(), header::AUTHORIZATION)?;
    let read = header.as_deref().and_then(scheme_of);
    Ok(read
        .filter(|(scheme, _)| scheme == "bearer")
        .map(|(_, token)| token.to_owned()))
}

fn needed(request: &Request) -> Result<String, oidc::Error> {
    bearer(request)?.ok_or_else(oidc::Error::missing_token)
}
