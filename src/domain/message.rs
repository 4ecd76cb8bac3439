//! A message to a person about a field or a form: a text of the catalogue and what fills its holes. Rooms make it,
//! pages show it in the language of the reader; the value in a hole is data and never markup (security.md BR-5).

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The key of the text.
    pub key: Cow<'static, str>,
    #[serde(default)]
    pub holes: BTreeMap<Cow<'static, str>, String>,
    /// The number that chooses the plural and fills the hole `count`.
    #[serde(default)]
    pub count: Option<u64>,
}

impl Message {
    pub fn new(key: impl Into<Cow<'static, str>>) -> Self {
        Self {
            key: key.into(),
            ..Self::default()
        }
    }

    /// Returns the message about a list: without a choice, to choose from it; else that there is no such value.
    pub fn choose(field: &str, chosen: &str) -> Self {
        match chosen {
            "" => Self::new(format!("error.choose.{field}")),
            _ => Self::new("error.choose"),
        }
    }

    pub fn with(mut self, hole: &'static str, value: impl ToString) -> Self {
        self.holes.insert(hole.into(), value.to_string());
        self
    }

    pub const fn counting(mut self, count: u64) -> Self {
        self.count = Some(count);
        self
    }
}

impl From<&'static str> for Message {
    fn from(key: &'static str) -> Self {
        Self::new(key)
    }
}

impl PartialEq<&str> for Message {
    fn eq(&self, key: &&str) -> bool {
        self.key == *key
    }
}

/// The reasons why fields of a form were refused: the field's name, and the message about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldErrors(BTreeMap<&'static str, Message>);

impl FieldErrors {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn insert(&mut self, field: &'static str, message: impl Into<Message>) {
        self.0.insert(field, message.into());
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn keys(&self) -> impl Iterator<Item = &&'static str> {
        self.0.keys()
    }

    pub fn iter(&self) -> std::collections::btree_map::Iter<'_, &'static str, Message> {
        self.0.iter()
    }

    pub fn contains_key(&self, field: &str) -> bool {
        self.0.contains_key(field)
    }
}

impl<M: Into<Message>, const N: usize> From<[(&'static str, M); N]> for FieldErrors {
    fn from(errors: [(&'static str, M); N]) -> Self {
        Self(errors.map(|(field, message)| (field, message.into())).into())
    }
}

impl Extend<(&'static str, Message)> for FieldErrors {
    fn extend<I: IntoIterator<Item = (&'static str, Message)>>(&mut self, errors: I) {
        self.0.extend(errors);
    }
}

impl IntoIterator for FieldErrors {
    type Item = (&'static str, Message);
    type IntoIter = std::collections::btree_map::IntoIter<&'static str, Message>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a FieldErrors {
    type Item = (&'a &'static str, &'a Message);
    type IntoIter = std::collections::btree_map::Iter<'a, &'static str, Message>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl std::ops::Index<&str> for FieldErrors {
    type Output = Message;

    fn index(&self, field: &str) -> &Message {
        &self.0[field]
    }
}
