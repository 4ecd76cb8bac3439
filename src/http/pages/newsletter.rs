//! `/newsletter/stop`: stops the newsletter by the link of a mail, without a login. A mail program POSTs to the link
//! itself (RFC 8058); a person who opens it gets a page, whose GET shows and whose POST acts. As with other links, the
//! token leaves the address with the first step.

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::{PageContext, PageError, PageForm};
use crate::accounts::{self, newsletter};
use crate::app::App;
use crate::domain::actor::Actor;
use crate::domain::newsletter::StoppedBy;
use crate::http::cookies::Cookie;
use crate::http::extract::{actor_context, form};
use crate::paths;
use crate::templates::pages::NewsletterStop;

/// The body of RFC 8058 §3.2 is two words.
const LONGEST_BODY: usize = 4096;

/// Moves the token of the mail's link into a cookie, and shows the address without it.
pub async fn enter(ctx: PageContext, Path(token): Path<String>) -> Result<Response, PageError> {
    let well_formed = token.len() <= 200
        && token
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    if !well_formed {
        return ctx.page(&NewsletterStop::Void).await;
    }
    let cookie = Cookie::Newsletter.set(&ctx.app, &token);
    Ok(ctx.with_cookie(cookie).redirect(paths::NEWSLETTER_STOP))
}

/// Takes the POST of a mail program: it has no cookie, no form token and no login, and gets no page (RFC 8058 §3.2).
pub async fn one_click(State(app): State<App>, Path(token): Path<String>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let context = actor_context::of(&parts.headers, &parts.extensions, Actor::Visitor);
    let body = match form::read_bytes(body, LONGEST_BODY).await {
        Ok(body) => body,
        Err(error) => return PageError::from(error).into_response(),
    };
    if !asks_to_stop(&parts.headers, &body) {
        return StatusCode::BAD_REQUEST.into_response();
    }
    match newsletter::stop_by_link(&app, &context, &token, StoppedBy::OneClick).await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(accounts::Error::LinkVoid) => StatusCode::NOT_FOUND.into_response(),
        Err(other) => PageError::from(other).into_response(),
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

pub async fn show(ctx: PageContext) -> Result<Response, PageError> {
    let Some(token) = ctx.cookie(Cookie::Newsletter) else {
        return ctx.page(&NewsletterStop::Void).await;
    };
    let page = match newsletter::open(&ctx.app, &token).await {
        Ok(state) if state.is_subscribed => NewsletterStop::Open,
        Ok(state) => NewsletterStop::Stopped {
            can_be_undone: state.can_be_undone,
        },
        Err(accounts::Error::LinkVoid) => NewsletterStop::Void,
        Err(other) => return Err(other.into()),
    };
    ctx.page(&page).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fields {
    action: String,
}

pub async fn act(form: PageForm<Fields>) -> Result<Response, PageError> {
    let PageForm { ctx, fields, .. } = form;
    let (app, context) = (&ctx.app, ctx.actor_context());
    let Some(token) = ctx.cookie(Cookie::Newsletter) else {
        return Ok(ctx.redirect(paths::NEWSLETTER_STOP));
    };
    let done = match fields.action.as_str() {
        "stop" => newsletter::stop_by_link(app, &context, &token, StoppedBy::Link).await,
        "again" => newsletter::subscribe_again(app, &context, &token, ctx.locale().into()).await,
        _ => return Err(PageError::Invalid),
    };
    match done {
        // The page says what has become of it, or that the link is void.
        Ok(()) | Err(accounts::Error::LinkVoid) => Ok(ctx.redirect(paths::NEWSLETTER_STOP)),
        Err(other) => Err(other.into()),
    }
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
