//! A document that everybody may read and keep: its bytes, made once, and the entity tag that names them, by which whoever
//! has them asks whether they are still the same (RFC 9110 §8.8.3).

use bytes::Bytes;

use super::secret::Digest;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicDocument {
    /// JSON, in UTF-8.
    pub body: Bytes,
    /// A strong entity tag, with its quotes.
    pub entity_tag: String,
}

impl PublicDocument {
    pub fn new(body: impl Into<Bytes>) -> Self {
        let body = body.into();
        let entity_tag = format!("\"{}\"", Digest::of(&body).as_str());
        Self { body, entity_tag }
    }
}
