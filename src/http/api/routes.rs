//! The URLs of the REST API: those of the table of operations, the document, and the types of problems.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, get, on};
use serde_json::json;

use super::operation::{Operation, Verb};
use super::{admission, document, operations};
use crate::app::App;
use crate::domain::public_document::PublicDocument;
use crate::http::dpop;
use crate::http::problem::{Kind, Problem};
use crate::http::public_document;
use crate::http::routes::Audience::{Client, Public};
use crate::http::routes::Routes;
use crate::paths;

/// Adds the API.
pub fn add(app: &App, routes: Routes) -> Routes {
    let mut by_path: BTreeMap<&'static str, MethodRouter<App>> = BTreeMap::new();
    for operation in operations::all() {
        let endpoint = by_path.remove(operation.path).unwrap_or_default();
        let endpoint = endpoint.merge(endpoint_of(operation));
        by_path.insert(operation.path, endpoint);
    }
    let routes = by_path.into_iter().fold(routes, |routes, (path, endpoint)| {
        routes.at(path, Client, dpop::with_nonces(app, endpoint))
    });
    routes
        .at_with_head(paths::API_DOCUMENT, get(openapi))
        .at(paths::API_PROBLEM, Public, get(problem))
}

fn endpoint_of(operation: &'static Operation) -> MethodRouter<App> {
    let method = match operation.verb {
        Verb::Get => MethodFilter::GET,
        Verb::Post => MethodFilter::POST,
        Verb::Put => MethodFilter::PUT,
        Verb::Patch => MethodFilter::PATCH,
        Verb::Delete => MethodFilter::DELETE,
    };
    on(
        method,
        move |State(app): State<App>, request: Request| async move {
            admission::answer(app, operation, request).await
        },
    )
}

async fn openapi(asked: HeaderMap) -> Response {
    static DOCUMENT: OnceLock<PublicDocument> = OnceLock::new();
    let document = DOCUMENT.get_or_init(|| PublicDocument::new(document::document().to_string()));
    public_document::answer(&asked, document.clone())
}

/// Describes a type of problem (RFC 9457 §3.1.1).
async fn problem(Path(name): Path<String>) -> Response {
    let Some(kind) = Kind::ALL.iter().find(|it| it.name() == name) else {
        return Problem::new(Kind::NotFound).into_response();
    };
    let body = json!({
        "type": paths::api_problem(kind.name()),
        "title": kind.title(),
        "status": kind.status().as_u16(),
        "description": kind.meaning().trim(),
    });
    ([(header::CACHE_CONTROL, public_document::CACHEABLE)], Json(body)).into_response()
}
