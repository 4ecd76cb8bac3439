//! The static files: their address changes with their content, so a browser may keep them for ever.

use axum::http::{Uri, header};
use axum::response::{IntoResponse, Response};

use super::error::PageError;
use crate::templates::assets;

pub async fn asset(uri: Uri) -> Response {
    match assets::find(uri.path()) {
        Some(it) => (
            [
                (header::CONTENT_TYPE, it.content_type),
                (header::CACHE_CONTROL, assets::CACHE_CONTROL),
            ],
            it.body,
        )
            .into_response(),
        None => PageError::NotFound.into_response(),
    }
}
