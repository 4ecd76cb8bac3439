//! The language of a page: the person's choice, in the address or by an earlier one; the account's; the browser's.
//! `extract::page_context` calls it. The language that a service asks for counts only where the person chose nothing.

use axum::http::request::Parts;
use axum::http::{HeaderValue, header};

use super::cookies::Cookie;
use crate::app::App;
use crate::domain::account::Account;
use crate::i18n::Locale;
use crate::oidc::endpoints;

#[derive(Clone, Debug)]
pub struct PageLanguage {
    pub locale: Locale,
    /// `true` if the person asked for it, in the address or by an earlier choice.
    is_chosen: bool,
    /// The cookie that keeps a choice for the pages that follow.
    pub cookie: Option<HeaderValue>,
}

impl PageLanguage {
    /// Chooses the language for a request that names `ui_locales` or not.
    pub fn of(app: &App, parts: &Parts, ui_locales: Option<&str>, account: Option<&Account>) -> Self {
        // At the authorization endpoint the service asks, and nothing is remembered of that.
        let by_person = parts.uri.path() != endpoints::AUTHORIZATION;
        let kept = Cookie::Language.read(app, &parts.headers);
        let accept = parts.headers.get(header::ACCEPT_LANGUAGE);
        let accept: String = accept
            .and_then(|it| it.to_str().ok())
            .unwrap_or("")
            .chars()
            .take(256)
            .collect();
        // The choice for the account counts in a browser that has none of its own.
        let preferred = account.map(|it| it.language.as_str());
        let locale = Locale::choose(ui_locales, kept.as_deref().or(preferred), Some(&accept));
        let is_asked = ui_locales.is_some() && by_person;
        let is_new = is_asked && kept.as_deref() != Some(locale.as_str());
        Self {
            locale,
            is_chosen: is_asked || kept.is_some(),
            cookie: is_new.then(|| Cookie::Language.set(app, locale.as_str())),
        }
    }

    /// Takes the language that a service asked for, unless the person chose one.
    pub fn asked_by_service(mut self, ui_locales: Option<&str>) -> Self {
        if !self.is_chosen && ui_locales.is_some() {
            self.locale = Locale::choose(ui_locales, Some(self.locale.as_str()), None);
        }
        self
    }
}
