//! Compresses what a browser draws: pages, the style sheet, scripts and pictures, for clients that accept gzip.
//!
//! The length of a compressed answer tells something of what it holds beside what a visitor brought (the attack called
//! BREACH). The secrets of a page are new in each answer, the form's token and the nonce, so lengths of several answers
//! add up to nothing. Pages with a secret that stays are left as they are: `Uncompressed` marks them (security.md BR-8).
//! What programs ask for is not compressed: it is small, and has tokens.

use axum::http::{Extensions, HeaderMap, StatusCode, Version, header};
use tower_http::compression::predicate::{Predicate, SizeAbove};
use tower_http::compression::{CompressionLayer, CompressionLevel};

/// Marks an answer with a secret that other answers have, too.
#[derive(Clone, Copy, Debug)]
pub struct Uncompressed;

/// The types that are compressed.
const TYPES: [&str; 4] = ["text/html", "text/css", "text/javascript", "image/svg+xml"];
/// The size below which compression saves nothing.
const LEAST: u64 = 512;

pub fn layer() -> CompressionLayer<impl Predicate> {
    CompressionLayer::new()
        .gzip(true)
        // The best level takes three times as long for two percent.
        .quality(CompressionLevel::Precise(5))
        .compress_when(SizeAbove::new(LEAST).and(is_drawn))
}

fn is_drawn(_: StatusCode, _: Version, headers: &HeaderMap, extensions: &Extensions) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE);
    let content_type = content_type.and_then(|it| it.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default();
    TYPES.contains(&essence) && extensions.get::<Uncompressed>().is_none()
}
