//! What is true of every call: the token opens the API, with the power that the operation needs; calls are counted, and the
//! answer says how many are left; path, query and body are read before the handler sees them (security.md G-1, G-2, DS-1).

use std::collections::BTreeMap;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequestParts, RawPathParams, Request};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tracing::Instrument;

use super::call::{Call, Reply, bad};
use super::idempotency::Key;
use super::operation::{Operation, Outcome, Values, Verb};
use super::precondition::{IfMatch, unless_known};
use crate::app::App;
use crate::domain::actor::Context;
use crate::http::extract::Program;
use crate::http::extract::form::{self, FormError, Pairs, TABLE_BODY};
use crate::http::problem::{Kind, Problem, REALM};
use crate::limits::{Allowance, Limit, Refused};
use crate::oidc::endpoints;
use crate::oidc::resource;
use crate::telemetry::span::carried;

/// The longest part of a path that names a thing.
const LONGEST_ID: usize = 255;

/// Answers a call of an operation.
pub async fn answer(app: App, operation: &'static Operation, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let program = match admit(&app, operation, &parts).await {
        Ok(program) => program,
        Err(problem) => return problem.into_response(),
    };
    let subject = program.context.actor.program_label();
    let counted = app.limits.count_up(Limit::ApiCalls, &subject).await;
    let allowance = app
        .limits
        .allowance(Limit::ApiCalls, counted.as_ref().ok().copied());
    let outcome = match counted {
        Ok(_) => serve(app, operation, program.context, (&mut parts, body)).await,
        Err(Refused::TooMany { retry_after }) => Err(Problem::too_many(retry_after.as_secs())),
        Err(Refused::Store(_)) => Err(Problem::unavailable()), // G-11
    };
    let mut response = match outcome {
        Ok(reply) => reply.into_response(),
        Err(problem) => problem.into_response(),
    };
    if parts.method == Method::GET {
        response = unless_known(&parts.headers, response);
    }
    if let Some(allowance) = allowance {
        write(&allowance, &mut response);
    }
    response
}

async fn admit(app: &App, operation: &Operation, parts: &Parts) -> Result<Program, Problem> {
    let resource = app.config.issuer.at(endpoints::API);
    let admitted = Program::admit(app, parts, &resource, &[]).await;
    let program = admitted.map_err(|it| Problem::challenged(REALM, it))?;
    resource::require(&program.context, operation.power)
        .map_err(|it| Problem::challenged(REALM, it.of_client(&program.holder.client.id)))?;
    Ok(program)
}

/// States the limit and what is left of it, as the draft of the IETF on rate limit fields has them.
fn write(allowance: &Allowance, response: &mut Response) {
    const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
    const STATE: HeaderName = HeaderName::from_static("ratelimit");
    let policy = format!("\"calls\";q={};w={}", allowance.most, allowance.window.as_secs());
    let state = format!("\"calls\";r={};t={}", allowance.left, allowance.ends_in.as_secs());
    for (name, value) in [(POLICY, policy), (STATE, state)] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
}

async fn serve(
    app: App,
    operation: &'static Operation,
    context: Context,
    (parts, body): (&mut Parts, Body),
) -> Outcome {
    let if_match = IfMatch::read(&parts.headers)?;
    if operation.needs_version && if_match.is_none() {
        return Err(Problem::new(Kind::PreconditionRequired));
    }
    let body = match operation.body {
        Some(_) => read_body(operation, parts, body).await?,
        None if operation.takes_table => read_table(parts, body).await?,
        None => Bytes::new(),
    };
    let path = parts.uri.path().to_owned();
    let key = match operation.verb {
        Verb::Post => Key::read(&app, &context, &parts.headers, (operation, &path, &body))?,
        _ => None,
    };
    let call = Call {
        app,
        context,
        ids: ids(parts).await?,
        query: query(operation, parts)?,
        path,
        body,
        if_match,
    };
    match key {
        None => (operation.handler)(call).await,
        Some(key) => once(operation, call, key).await,
    }
}

/// Does what a key stands for once, to its end, also if the caller stops listening.
async fn once(operation: &'static Operation, call: Call, key: Key) -> Result<Reply, Problem> {
    if let Some(reply) = key.answered().await? {
        return Ok(reply);
    }
    let handled = async move {
        let outcome = (operation.handler)(call).await;
        key.finish(&outcome).await;
        outcome
    };
    let handled = tokio::spawn(carried(handled.instrument(tracing::Span::current())));
    handled.await.map_err(Problem::internal)?
}

/// Reads the holes of the path. What no identifier has names nothing.
async fn ids(parts: &mut Parts) -> Result<BTreeMap<String, String>, Problem> {
    let nothing = || Problem::new(Kind::NotFound);
    let found = RawPathParams::from_request_parts(parts, &())
        .await
        .map_err(|_| nothing())?;
    let mut ids = BTreeMap::new();
    for (name, value) in &found {
        let is_name = !value.is_empty() && value.len() <= LONGEST_ID;
        if !is_name || value.chars().any(char::is_control) {
            return Err(nothing());
        }
        ids.insert(name.to_owned(), value.to_owned());
    }
    Ok(ids)
}

/// Reads the query: each parameter is one of the operation's, comes once, and has a value that it can have.
fn query(operation: &Operation, parts: &Parts) -> Result<BTreeMap<String, String>, Problem> {
    let text = parts.uri.query().unwrap_or_default();
    let pairs = Pairs::parse(text.as_bytes())
        .and_then(Pairs::unique)
        .map_err(unreadable)?;
    for (name, value) in &pairs {
        let Some(parameter) = operation.query.iter().find(|it| it.name == name) else {
            let detail = "The query has a parameter that this operation does not have";
            return Err(Problem::new(Kind::BadRequest).detailed(detail));
        };
        let fits = match parameter.values {
            Values::Text(longest) => value.chars().count() <= longest,
            Values::Choice(choices) => choices.contains(&value.as_str()),
            Values::Limit => {
                let digits = value.len() <= 3 && value.bytes().all(|it| it.is_ascii_digit());
                digits
                    && value
                        .parse()
                        .is_ok_and(|it| (1..=super::call::MOST_ROWS).contains(&it))
            }
            Values::Cursor => !value.is_empty() && value.len() <= 512,
        };
        if !fits {
            return Err(bad(parameter.name));
        }
    }
    Ok(pairs)
}

fn unreadable(error: FormError) -> Problem {
    let kind = match error.status().as_u16() {
        413 => Kind::TooLarge,
        415 => Kind::UnsupportedMediaType,
        _ => Kind::BadRequest,
    };
    Problem::new(kind).detailed(error.to_string())
}

/// Reads a body of JSON. No text in it has a NUL, which no database takes.
async fn read_body(operation: &Operation, parts: &Parts, body: Body) -> Result<Bytes, Problem> {
    let mut accepted = form::of_type(&parts.headers, "application/json");
    if operation.verb == Verb::Patch && accepted.is_err() {
        accepted = form::of_type(&parts.headers, "application/merge-patch+json");
    }
    accepted.map_err(|it| unreadable(FormError::NotJson(it)))?;
    let bytes = form::read_bytes(body, operation.largest_body)
        .await
        .map_err(unreadable)?;
    let value: Value = serde_json::from_slice(&bytes)
        .map_err(|error| Problem::new(Kind::BadRequest).detailed(format!("The body is not JSON: {error}")))?;
    if has_nul(&value) {
        let detail = "A text in the body has the character NUL";
        return Err(Problem::new(Kind::BadRequest).detailed(detail));
    }
    Ok(bytes)
}

/// Reads a body that is a table. What is in it is judged by the room, line by line.
async fn read_table(parts: &Parts, body: Body) -> Result<Bytes, Problem> {
    form::of_type(&parts.headers, "text/csv").map_err(|_| {
        Problem::new(Kind::UnsupportedMediaType)
            .detailed("The body of this operation is taken as text/csv only")
    })?;
    form::read_bytes(body, TABLE_BODY).await.map_err(unreadable)
}

fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(members) => members
            .iter()
            .any(|(name, it)| name.contains('\0') || has_nul(it)),
        _ => false,
    }
}
