//! Post/Redirect/Get: a POST leaves its outcome for the GET of a page, which shows it (see `http::outcome`).

use axum::http::StatusCode;
use axum::response::Response;

use crate::http::error::PageError;
use crate::http::extract::page_context::PageContext;
use crate::http::outcome::{self, Outcome, Owner};
use crate::paths;
use crate::templates::{Flash, FormState, Tone};

impl PageContext {
    /// Redirects to this page, which shows the form again with what was typed and what is wrong with it.
    pub async fn again(&self, form: FormState) -> Result<Response, PageError> {
        self.again_as(StatusCode::UNPROCESSABLE_ENTITY, form).await
    }

    /// Redirects to this page, which shows the form again with this status.
    pub async fn again_as(&self, status: StatusCode, form: FormState) -> Result<Response, PageError> {
        self.again_with(Outcome::refused(status, form)).await
    }

    /// Redirects to this page, which says how long to wait before the next try (security.md PW-4).
    pub async fn again_later(&self, form: FormState, time: chrono::Duration) -> Result<Response, PageError> {
        self.again_with(Outcome {
            wait_until: Some(self.app.clock.now() + time),
            ..Outcome::refused(StatusCode::TOO_MANY_REQUESTS, form)
        })
        .await
    }

    pub async fn again_with(&self, outcome: Outcome) -> Result<Response, PageError> {
        let owner = self.owner();
        self.again_to(owner.as_ref(), outcome).await
    }

    /// Redirects to this page, which shows the outcome to the account that typed it and may have to log in first.
    pub(in crate::http) async fn again_to(
        &self,
        owner: Option<&Owner>,
        outcome: Outcome,
    ) -> Result<Response, PageError> {
        let here = without(&self.address(), &[outcome::PARAMETER, "ui_locales"]);
        self.show_to(&here, owner, outcome).await
    }

    /// Redirects to a page of ours, which shows the outcome.
    pub async fn show_at(&self, to: &str, outcome: Outcome) -> Result<Response, PageError> {
        let owner = self.owner();
        self.show_to(to, owner.as_ref(), outcome).await
    }

    async fn show_to(
        &self,
        to: &str,
        owner: Option<&Owner>,
        outcome: Outcome,
    ) -> Result<Response, PageError> {
        let handle = self.keep_for(to, owner, outcome).await?;
        Ok(self.redirect(&paths::with_parameter(to, outcome::PARAMETER, &handle)))
    }

    /// Redirects to a page of ours, which shows what this one was to show.
    pub async fn show_elsewhere(&self, to: &str) -> Result<Response, PageError> {
        if self.outcome().form.is_some() {
            self.show_at(to, self.outcome().clone()).await
        } else {
            Ok(self.redirect(to))
        }
    }

    /// Keeps an outcome for a page of ours and returns its handle.
    pub(in crate::http) async fn keep_for(
        &self,
        page: &str,
        owner: Option<&Owner>,
        outcome: Outcome,
    ) -> Result<String, PageError> {
        outcome::keep(&self.app, self.place(page, owner), outcome).await
    }

    /// Redirects to a page of ours, which says what was done: the text `flash.<done>`.
    pub async fn done(&self, to: &str, done: &str) -> Result<Response, PageError> {
        Ok(self.flash(to, done, Tone::Good).await)
    }

    /// Redirects to a page of ours, which says what could not be done.
    pub async fn failed(&self, to: &str, failed: &str) -> Result<Response, PageError> {
        Ok(self.flash(to, failed, Tone::Bad).await)
    }

    /// Redirects to the page of the view that goes on, which says that nothing was done (security.md AD-12).
    pub(in crate::http) async fn refused_in_view(&self) -> Response {
        let outcome = Outcome {
            status: Some(StatusCode::FORBIDDEN.as_u16()),
            ..Outcome::default()
        };
        self.flash_with(paths::VIEWING, "refused_in_view", Tone::Bad, outcome)
            .await
    }

    /// Redirects also if the store is away: what was done is done, and only the message is lost.
    async fn flash(&self, to: &str, key: &str, tone: Tone) -> Response {
        self.flash_with(to, key, tone, Outcome::default()).await
    }

    async fn flash_with(&self, to: &str, key: &str, tone: Tone, outcome: Outcome) -> Response {
        let flash = Flash {
            key: format!("flash.{key}"),
            tone,
        };
        let outcome = Outcome {
            flash: Some(flash),
            ..outcome
        };
        match self.show_to(to, None, outcome).await {
            Ok(response) => response,
            Err(error) => {
                tracing::warn!(?error, "the outcome of a POST cannot be kept");
                self.redirect(to)
            }
        }
    }
}

/// Returns an address of ours without these parameters.
fn without(uri: &str, names: &[&str]) -> String {
    let Some((path, query)) = uri.split_once('?') else {
        return uri.to_owned();
    };
    let is_kept = |part: &&str| !names.contains(&part.split_once('=').map_or(*part, |(name, _)| name));
    let kept: Vec<&str> = query.split('&').filter(is_kept).collect();
    if kept.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{}", kept.join("&"))
    }
}
