//! Answers with documents that everybody may read and keep: metadata, keys, the description of the API.

use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};

use super::api::precondition::unless_known;
use crate::app::App;
use crate::domain::public_document::PublicDocument;

/// The header of a document that changes seldom: it may be kept for a quarter of an hour (BR-3).
pub(super) const CACHEABLE: &str = "public, max-age=900";

/// Returns the handler of a document that stays as it is while the process runs.
pub(super) fn constant(document: PublicDocument) -> MethodRouter<App> {
    get(async move |asked: HeaderMap| answer(&asked, document))
}

/// Answers with a document, or says that the caller has it (RFC 9110 §13.1.2).
pub(super) fn answer(asked: &HeaderMap, document: PublicDocument) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, CACHEABLE),
        (header::ETAG, &document.entity_tag),
    ];
    unless_known(asked, (headers, document.body).into_response())
}
