//! The POST by which a mail program stops mails of one kind for its reader (RFC 8058 §3.2), whatever the kind is.

use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::PageError;
use crate::domain::actor::{Actor, Context};
use crate::http::extract::{actor_context, form};

/// The body is two words.
const LONGEST_BODY: usize = 4096;

/// Returns `true` if a token of a link has the letters that ours have.
pub fn is_well_formed(token: &str) -> bool {
    let is_ours = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    token.len() <= 200 && token.bytes().all(is_ours)
}

/// Reads the POST: it has no cookie, no form token and no login, and gets no page. Returns who sends it, or the refusal.
pub async fn read(request: Request) -> Result<Context, Response> {
    let (parts, body) = request.into_parts();
    let context = actor_context::of(&parts.headers, &parts.extensions, Actor::Visitor);
    let body = match form::read_bytes(body, LONGEST_BODY).await {
        Ok(body) => body,
        Err(error) => return Err(PageError::from(error).into_response()),
    };
    if asks_to_stop(&parts.headers, &body) {
        Ok(context)
    } else {
        Err(StatusCode::BAD_REQUEST.into_response())
    }
}

/// Returns `true` if the body says `List-Unsubscribe=One-Click` and nothing else, in either encoding of RFC 8058 §3.2.
fn asks_to_stop(headers: &HeaderMap, body: &[u8]) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok());
    let (kind, parameters) = kind
        .unwrap_or_default()
        .split_once(';')
        .unwrap_or((kind.unwrap_or_default(), ""));
    match kind.trim().to_ascii_lowercase().as_str() {
        "application/x-www-form-urlencoded" => {
            let mut pairs = form_urlencoded::parse(body);
            pairs
                .next()
                .is_some_and(|(name, value)| name == "List-Unsubscribe" && value == "One-Click")
                && pairs.next().is_none()
        }
        "multipart/form-data" => {
            let boundary = parameters
                .trim()
                .strip_prefix("boundary=")
                .map(|it| it.trim_matches('"'));
            boundary.is_some_and(|it| is_one_part(it, body))
        }
        _ => false,
    }
}

/// Returns `true` if the body has one part (RFC 7578), and it is the two words.
fn is_one_part(boundary: &str, body: &[u8]) -> bool {
    let Ok(body) = std::str::from_utf8(body) else {
        return false;
    };
    let delimiter = format!("--{boundary}");
    let parts: Vec<&str> = body.split(delimiter.as_str()).collect();
    let [before, part, end] = parts.as_slice() else {
        return false;
    };
    let Some((head, value)) = part.trim_start_matches("\r\n").split_once("\r\n\r\n") else {
        return false;
    };
    let names = head.split("\r\n").any(|line| {
        let line = line.to_ascii_lowercase();
        line.starts_with("content-disposition: form-data") && line.contains("name=\"list-unsubscribe\"")
    });
    before.trim().is_empty() && end.trim() == "--" && names && value.trim_end() == "One-Click"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(kind: &str, body: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, kind.parse().expect("a header"));
        asks_to_stop(&headers, body.as_bytes())
    }

    #[test]
    fn both_encodings_of_the_two_words_are_read_and_nothing_else() {
        // RFC 8058 §3.2
        const FORM: &str = "application/x-www-form-urlencoded";
        const PARTS: &str = "multipart/form-data; boundary=\"---x\"";
        let part = |name: &str, value: &str| {
            format!(
                "-----x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n-----x--\r\n"
            )
        };
        assert!(asks(FORM, "List-Unsubscribe=One-Click"));
        assert!(asks(
            &format!("{FORM}; charset=utf-8"),
            "List-Unsubscribe=One-Click"
        ));
        assert!(asks(PARTS, &part("List-Unsubscribe", "One-Click")));
        for (kind, body) in [
            (FORM, String::new()),
            (FORM, "List-Unsubscribe=Two-Clicks".to_owned()),
            (FORM, "List-Unsubscribe=One-Click&a=b".to_owned()),
            ("text/plain", "List-Unsubscribe=One-Click".to_owned()),
            (PARTS, part("Other", "One-Click")),
            (PARTS, part("List-Unsubscribe", "No")),
            (PARTS, part("List-Unsubscribe", "One-Click").repeat(2)),
        ] {
            assert!(!asks(kind, &body), "{kind}: {body}");
        }
    }
}
