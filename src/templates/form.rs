//! The values that a form was sent with and what is wrong with them, so that nothing typed is lost when it is shown
//! again (contract.md, "Every form").

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::message::Message;

/// The state of a form, which a page has as `form`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct FormState {
    /// The typed values by field name. Passwords and codes are never put here.
    pub values: BTreeMap<String, String>,
    /// The values of all ticked boxes by field name, where several share the name.
    pub ticked: BTreeMap<String, Vec<String>>,
    /// The message by field name.
    pub errors: BTreeMap<String, Message>,
    /// A message about the form as a whole.
    pub notice: Option<Message>,
}

impl FormState {
    pub fn new<N: Into<String>, V: Into<String>>(values: impl IntoIterator<Item = (N, V)>) -> Self {
        let values = values.into_iter().map(|(n, v)| (n.into(), v.into()));
        Self {
            values: values.collect(),
            ..Self::default()
        }
    }

    pub fn error(mut self, field: &str, message: impl Into<Message>) -> Self {
        self.add_error(field, message);
        self
    }

    /// Adds a message about a field. The first one stays.
    pub fn add_error(&mut self, field: &str, message: impl Into<Message>) {
        self.errors
            .entry(field.to_owned())
            .or_insert_with(|| message.into());
    }

    pub fn notice(mut self, message: impl Into<Message>) -> Self {
        self.notice = Some(message.into());
        self
    }

    pub fn value(&self, field: &str) -> &str {
        self.values.get(field).map_or("", String::as_str)
    }
}

/// What a form asks of a program, and a person does not notice (security.md DS-5, DS-6).
#[derive(Clone, Debug, Default, Serialize)]
pub struct FormGuard {
    /// The challenge that the page's worker solves.
    pub challenge: Option<String>,
    /// `true` if the form has a field that no person sees.
    pub has_decoy: bool,
}

impl FormGuard {
    /// Returns the guard of samples.
    pub fn sample() -> Self {
        Self {
            challenge: Some("12.1764500000.cmFuZG9t.bWFj".into()),
            has_decoy: true,
        }
    }
}

/// One entry of a list to choose from whose values are data (membership types, TIES rights).
#[derive(Clone, Debug, Serialize)]
pub struct FormChoice {
    pub value: String,
    /// The label in the page's language.
    pub label: String,
}

impl FormChoice {
    pub fn new(value: impl Into<String>, label: impl Into<String>) -> Self {
        Self {
            value: value.into(),
            label: label.into(),
        }
    }
}
