//! `If-Match` and `If-None-Match` (RFC 9110 §13.1): a change names the version that it is a change of, and what the caller
//! has already is not sent again.

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;

use crate::http::problem::{Kind, Problem};

/// The versions that a request names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IfMatch {
    /// Whatever there is.
    Any,
    /// One of these entity tags.
    OneOf(Vec<String>),
}

impl IfMatch {
    /// Reads the header; `None` if it was not sent.
    pub fn read(headers: &HeaderMap) -> Result<Option<Self>, Problem> {
        Ok(match listed(headers, header::IF_MATCH)? {
            None => None,
            Some(tags) if tags == ["*"] => Some(Self::Any),
            Some(tags) => Some(Self::OneOf(tags)),
        })
    }

    /// Returns `true` if `tag` is the one. RFC 9110 §13.1.1: weak tags never match here.
    pub fn holds(&self, tag: &str) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(tags) => tags.iter().any(|it| it == tag),
        }
    }
}

/// Returns the entity tags of a header, or `*`.
fn listed(headers: &HeaderMap, name: header::HeaderName) -> Result<Option<Vec<String>>, Problem> {
    let mut tags = Vec::new();
    let mut is_there = false;
    for value in headers.get_all(&name) {
        is_there = true;
        let text = value.to_str().map_err(|_| malformed(&name))?;
        for tag in text.split(',').map(str::trim).filter(|it| !it.is_empty()) {
            let opaque = tag.strip_prefix("W/").unwrap_or(tag);
            let is_quoted = opaque.len() >= 2 && opaque.starts_with('"') && opaque.ends_with('"');
            if tag != "*" && !is_quoted {
                return Err(malformed(&name));
            }
            tags.push(tag.to_owned());
        }
    }
    match (is_there, tags.is_empty()) {
        (false, _) => Ok(None),
        (true, true) => Err(malformed(&name)),
        (true, false) => Ok(Some(tags)),
    }
}

fn malformed(name: &header::HeaderName) -> Problem {
    Problem::new(Kind::BadRequest).detailed(format!("The header {name} is not a list of entity tags"))
}

/// Leaves the body away if the caller has it. A header that cannot be read asks for nothing.
pub fn unless_known(asked: &HeaderMap, mut response: Response) -> Response {
    let current = response
        .headers()
        .get(header::ETAG)
        .and_then(|it| it.to_str().ok());
    let (Some(current), Ok(Some(known))) = (current, listed(asked, header::IF_NONE_MATCH)) else {
        return response;
    };
    // RFC 9110 §13.1.2: compared weakly.
    let is_known = |tag: &String| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == current;
    if known.iter().any(is_known) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = axum::body::Body::empty();
        response.headers_mut().remove(header::CONTENT_TYPE);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: header::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().expect("a value"))])
    }

    #[test]
    fn a_change_names_the_version() {
        let read = |value| IfMatch::read(&headers(header::IF_MATCH, value));
        let named = read("\"1\", \"2\"").expect("good").expect("there");
        assert!(named.holds("\"2\"") && !named.holds("\"3\""));
        assert!(!read("W/\"2\"").expect("good").expect("there").holds("\"2\""));
        assert!(read("*").expect("good").expect("there").holds("\"9\""));
        assert!(read("2").is_err() && read("").is_err());
        assert!(IfMatch::read(&HeaderMap::new()).expect("good").is_none());
    }
}
