//! The query of a list's page: what is searched for, and which page of it. It is read as strictly as a form
//! (security.md G-1, G-2); names that no list has are ignored, as links add their own.

use std::collections::BTreeMap;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::form::Pairs;
use crate::app::App;
use crate::http::error::PageError;
use crate::templates::FormState;

#[derive(Clone, Debug, Default)]
pub struct ListQuery(BTreeMap<String, String>);

impl ListQuery {
    /// Returns the value of a name; empty if it was not sent.
    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Returns the requested page, from 1. Text that is no number is no page.
    pub fn page(&self) -> Result<u64, PageError> {
        match self.get("page") {
            "" => Ok(1),
            typed => typed.parse().map_err(|_| PageError::NotFound),
        }
    }

    /// Returns the parameters of these names that were sent, and the page.
    pub fn sent(&self, names: &[&'static str]) -> Vec<(&'static str, &str)> {
        let names = names.iter().copied().chain(["page"]);
        names
            .filter(|name| self.has(name))
            .map(|name| (name, self.get(name)))
            .collect()
    }

    /// Returns the address of a list at this path, as these parameters narrow it down.
    pub fn address_of(&self, path: &str, names: &[&'static str]) -> String {
        let sent = self.sent(names);
        if sent.is_empty() {
            return path.to_owned();
        }
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(sent)
            .finish();
        format!("{path}?{query}")
    }

    /// Returns the form with the values that it was sent with.
    pub fn form(&self, names: &[&str]) -> FormState {
        FormState::new(names.iter().map(|name| (*name, self.get(name))))
    }
}

impl FromRequestParts<App> for ListQuery {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, PageError> {
        let query = parts.uri.query().unwrap_or_default();
        Ok(Self(Pairs::parse(query.as_bytes())?.unique()?))
    }
}
