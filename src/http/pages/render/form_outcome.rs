//! Post/Redirect/Get: a POST leaves its outcome for the GET of a page, which shows it (see `http::outcome`).

use axum::http::StatusCode;
use axum::response::Response;

use super::{PageContext, is_handle, with_parameter};
use crate::http::error::PageError;
use crate::http::outcome::{self, Outcome, Owner, Place};
use crate::templates::{Flash, FormState, Tone};

impl PageContext {
    /// What the POST before this GET came to.
    pub(super) async fn find_outcome(&self) -> Option<Outcome> {
        let handle = self.query(outcome::PARAMETER).filter(|it| is_handle(it))?;
        outcome::find(
            &self.app,
            &handle,
            self.place_of(self.path(), self.owner().as_ref()),
        )
        .await
    }

    fn place_of<'a>(&'a self, path: &'a str, owner: Option<&'a Owner>) -> Place<'a> {
        Place {
            path,
            browser: &self.browser,
            owner,
        }
    }

    /// The login says why it is asked for again.
    pub fn say_session_is_over(&mut self) {
        let flash = Flash {
            key: "flash.session_expired".to_owned(),
            tone: Tone::Warn,
        };
        self.outcome.flash.get_or_insert(flash);
    }

    /// The form as the POST before left it, else as it is to begin with.
    pub fn form_or(&self, first: FormState) -> FormState {
        self.outcome.form.clone().unwrap_or(first)
    }

    /// A parameter of the page: from its address, or from the form that it shows again.
    pub fn given(&self, name: &str) -> Option<String> {
        let kept = || self.outcome.form.as_ref()?.values.get(name).cloned();
        self.query(name).or_else(kept)
    }

    /// What the POST before left for this page to show, beyond its form.
    pub fn content<T: serde::de::DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_value(self.outcome.content.clone()?).ok()
    }

    /// Whole minutes, rounded up, until the same may be tried again.
    pub fn wait_minutes(&self) -> Option<u64> {
        let left = self.outcome.wait_until? - self.app.clock.now();
        let seconds = u64::try_from(left.num_seconds()).ok().filter(|it| *it > 0)?;
        Some(seconds.div_ceil(60))
    }

    /// 303 to this page, which shows the form again with what was typed and what is wrong with it.
    pub async fn again(&self, form: FormState) -> Result<Response, PageError> {
        self.again_as(StatusCode::UNPROCESSABLE_ENTITY, form).await
    }

    /// The same with a status of its own.
    pub async fn again_as(&self, status: StatusCode, form: FormState) -> Result<Response, PageError> {
        self.again_with(Outcome::refused(status, form)).await
    }

    /// The same, and how long to wait before the next try (security.md PW-4).
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

    /// The same, shown to the account that typed it, which may have to log in first.
    pub(in crate::http) async fn again_to(
        &self,
        owner: Option<&Owner>,
        outcome: Outcome,
    ) -> Result<Response, PageError> {
        let here = without(&self.address(), &[outcome::PARAMETER, "ui_locales"]);
        self.show_to(&here, owner, outcome).await
    }

    /// 303 to a page of ours, which shows the outcome.
    pub async fn show_at(&self, to: &str, outcome: Outcome) -> Result<Response, PageError> {
        let owner = self.owner();
        self.show_to(to, owner.as_ref(), outcome).await
    }

    /// The same, to the account that typed it, signed in by now or not.
    pub(in crate::http) async fn show_to(
        &self,
        to: &str,
        owner: Option<&Owner>,
        outcome: Outcome,
    ) -> Result<Response, PageError> {
        let handle = self.keep_for(to, owner, outcome).await?;
        Ok(self.redirect(&with_parameter(to, outcome::PARAMETER, &handle)))
    }

    /// 303 to a page of ours, which shows what this one was to show.
    pub async fn show_elsewhere(&self, to: &str) -> Result<Response, PageError> {
        match self.outcome.form.is_some() {
            true => self.show_at(to, self.outcome.clone()).await,
            false => Ok(self.redirect(to)),
        }
    }

    /// Keeps an outcome for a page of ours and returns its handle.
    pub(in crate::http) async fn keep_for(
        &self,
        page: &str,
        owner: Option<&Owner>,
        outcome: Outcome,
    ) -> Result<String, PageError> {
        let path = page.split_once('?').map_or(page, |(path, _)| path);
        outcome::keep(&self.app, self.place_of(path, owner), outcome).await
    }

    /// 303 to a page of ours, which says what was done: the text `flash.<done>`.
    pub async fn done(&self, to: &str, done: &str) -> Result<Response, PageError> {
        Ok(self.flash(to, done, Tone::Good).await)
    }

    /// 303 to a page of ours, which says what could not be done.
    pub async fn failed(&self, to: &str, failed: &str) -> Result<Response, PageError> {
        Ok(self.flash(to, failed, Tone::Bad).await)
    }

    /// What was done is done, also if the store is away: then it is not said.
    async fn flash(&self, to: &str, key: &str, tone: Tone) -> Response {
        let flash = Flash {
            key: format!("flash.{key}"),
            tone,
        };
        let outcome = Outcome {
            flash: Some(flash),
            ..Outcome::default()
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

/// An address of ours without these parameters.
fn without(uri: &str, names: &[&str]) -> String {
    let Some((path, query)) = uri.split_once('?') else {
        return uri.to_owned();
    };
    let is_kept = |part: &&str| !names.contains(&part.split_once('=').map_or(*part, |(name, _)| name));
    let kept: Vec<&str> = query.split('&').filter(is_kept).collect();
    match kept.is_empty() {
        true => path.to_owned(),
        false => format!("{path}?{}", kept.join("&")),
    }
}
