//! The static files: their address changes with their content, so a browser may keep them for ever.

use axum::http::{Uri, header};
use axum::response::{IntoResponse, Response};

use super::error::PageError;
use crate::templates::assets;

pub async fn asset(uri: Uri) -> Response {
    match assets::find(uri.path()) {
        Some(asset) => (
            [
                (header::CONTENT_TYPE, asset.content_type),
                (header::CACHE_CONTROL, assets::CACHE_CONTROL),
            ],
            asset.body,
        )
            .into_response(),
        None => PageError::NotFound.into_response(),
    }
}
