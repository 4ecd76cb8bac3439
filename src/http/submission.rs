//! Gives a second press of a button the outcome of the first: the same form of the same page, sent again by the same
//! browser, is answered as it was the first time, or waits until that outcome is there.
//!
//! Two forms are the same when their bytes are; the token of each page's forms is its own, so that a form that was
//! shown again is another form. The outcome is kept sealed for a minute, the latest of each page alone: a person who
//! saved something else since does not get an old outcome. While the store is away every form is handled as it comes
//! (security.md ST-1): the rooms refuse what cannot happen twice (G-8, G-9).

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use tracing::Instrument;

use super::cookies::Cookie;
use super::error::PageError;
use super::extract::form::{self, FORM_BODY};
use crate::accounts;
use crate::app::App;
use crate::domain::role::Role;
use crate::domain::secret::Digest;
use crate::sealed::{self, Found, Purpose};
use crate::telemetry::span::carried;

/// The time for which an outcome is repeated.
const KEPT: Duration = Duration::from_mins(1);
/// The time that a handler may take (DS-1), and some more.
const IN_PROGRESS: Duration = Duration::from_secs(20);
/// The interval at which a second press looks for the outcome of the first.
const INTERVAL: Duration = Duration::from_millis(50);

/// A redirect, by its header fields: where it leads and what it sets in the browser.
#[derive(Serialize, Deserialize)]
struct Answer(Vec<(String, String)>);

/// Lets each form through once, as a layer around every page.
pub async fn once(State(app): State<App>, request: Request, next: Next) -> Response {
    if request.method() != Method::POST || !form::is_form(request.headers()) {
        return next.run(request).await;
    }
    let Some(browser) = Cookie::Browser.read(&app, request.headers()) else {
        return next.run(request).await;
    };
    let limit = form::limit(request.uri().path());
    if limit > FORM_BODY && !is_administrator(&app, request.headers()).await {
        return next.run(request).await; // the route refuses it, without reading as much
    }
    let (parts, body) = request.into_parts();
    let bytes = match form::read_bytes(body, limit).await {
        Ok(bytes) => bytes,
        Err(error) => return PageError::from(error).into_response(),
    };
    let form = Form::new(&app, &browser, parts.uri.path(), &bytes);
    let request = Request::from_parts(parts, Body::from(bytes));
    match form.is_first().await {
        Ok(true) => {
            // The handler runs to its end also if the browser stops listening, as it does when a button is pressed
            // again.
            let handled = async move {
                let response = next.run(request).await;
                form.finish(Answer::of(&response)).await;
                response
            };
            let handled = tokio::spawn(carried(handled.instrument(tracing::Span::current()))).await;
            match handled {
                Ok(response) => response,
                Err(failure) if failure.is_panic() => std::panic::resume_unwind(failure.into_panic()),
                Err(failure) => PageError::internal(failure).into_response(),
            }
        }
        Ok(false) => match form.outcome().await {
            Some(response) => response,
            None => next.run(request).await,
        },
        Err(error) => {
            tracing::warn!(%error, "a form cannot be told from its repetition");
            next.run(request).await
        }
    }
}

/// Returns `true` if the session is that of an administrator: nobody else sends large forms.
async fn is_administrator(app: &App, headers: &HeaderMap) -> bool {
    let Some(session) = Cookie::Session.read(app, headers) else {
        return false;
    };
    let found = accounts::sessions::find(app, &session).await;
    found.is_ok_and(|it| it.is_some_and(|(_, account)| account.role == Role::Administrator))
}

/// One form of one page, as a browser sent it.
struct Form {
    app: App,
    key: String,
    /// The page of the browser that it came from.
    page: String,
}

impl Form {
    fn new(app: &App, browser: &str, path: &str, body: &Bytes) -> Self {
        let of = |parts: &[&[u8]]| Digest::of(&parts.join(&b'\n')).as_str().to_owned();
        Self {
            app: app.clone(),
            key: of(&[browser.as_bytes(), path.as_bytes(), body]),
            page: of(&[browser.as_bytes(), path.as_bytes()]),
        }
    }

    async fn is_first(&self) -> Result<bool, sealed::Error> {
        sealed::claim(&self.app, Purpose::Submission, &self.key, IN_PROGRESS).await
    }

    /// Keeps where the form led; a form that led nowhere may be tried again.
    async fn finish(&self, answer: Option<Answer>) {
        let kept = match answer {
            Some(answer) => self.keep(&answer).await,
            None => sealed::remove(&self.app, Purpose::Submission, &self.key).await,
        };
        if let Err(error) = kept {
            tracing::warn!(%error, "the outcome of a form cannot be kept");
        }
    }

    async fn keep(&self, answer: &Answer) -> Result<(), sealed::Error> {
        let app = &self.app;
        sealed::put(app, Purpose::LatestSubmission, &self.page, &self.key, KEPT).await?;
        sealed::put(app, Purpose::Submission, &self.key, answer, KEPT).await
    }

    /// Waits for the outcome of the first; returns `None` if there is none that still holds.
    async fn outcome(&self) -> Option<Response> {
        let app = &self.app;
        for _ in 0..IN_PROGRESS.as_millis() / INTERVAL.as_millis() {
            let answer: Answer = match sealed::find(app, Purpose::Submission, &self.key).await.ok()? {
                Found::Nothing => return None,
                Found::Claimed => {
                    tokio::time::sleep(INTERVAL).await;
                    continue;
                }
                Found::Value(answer) => answer,
            };
            let latest: Option<String> = sealed::get(app, Purpose::LatestSubmission, &self.page)
                .await
                .ok()?;
            return if latest.as_ref() == Some(&self.key) {
                answer.again(app).await
            } else {
                None
            };
        }
        None
    }
}

impl Answer {
    fn of(response: &Response) -> Option<Self> {
        // The page of a `PageError` is drawn by an outer layer, also where it is a redirect.
        if response.status() != StatusCode::SEE_OTHER || !response.headers().contains_key(header::LOCATION) {
            return None;
        }
        let fields = response.headers().iter();
        let fields =
            fields.map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())));
        fields.collect::<Option<Vec<_>>>().map(Self)
    }

    /// Repeats the answer, unless the session that it began has ended since.
    async fn again(self, app: &App) -> Option<Response> {
        let mut response = StatusCode::SEE_OTHER.into_response();
        let mut set = HeaderMap::new();
        for (name, value) in &self.0 {
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            let pair = value.split_once(';').map_or(value.as_str(), |(pair, _)| pair);
            if name == header::SET_COOKIE {
                set.append(header::COOKIE, HeaderValue::from_str(pair).ok()?);
            }
            response
                .headers_mut()
                .append(name, HeaderValue::from_str(value).ok()?);
        }
        if let Some(session) = Cookie::Session.read(app, &set) {
            accounts::sessions::find(app, &session).await.ok()??;
        }
        Some(response)
    }
}
