//! A form of one of our pages. Before the handler runs, three things are checked: that the browser sent it from a page
//! of ours (security.md BR-1), that it is well-formed, and that it has no field but its own (G-2, G-3).

mod values;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use axum::extract::{FromRequest, FromRequestParts, Request};
use serde::Deserialize;
use serde::de::value::MapDeserializer;
use serde::de::{DeserializeOwned, IgnoredAny};

use self::values::Values;
use super::form::{self, FORM_BODY, FormError, Pairs};
use super::page_context::PageContext;
use crate::app::App;
use crate::http::csrf::{self, FormToken};
use crate::http::error::PageError;
use crate::http::outcome::Owner;
use crate::http::return_path::ReturnPath;
use crate::i18n::Locale;
use crate::templates::FormState;

/// The fields as they were sent. `T` has `#[serde(default, deny_unknown_fields)]` and a `String` for each field: a
/// missing one is empty, and the room says what empty means. Boxes that share a name are a `Vec<String>`; no other name
/// comes twice.
#[derive(Debug)]
pub struct PageForm<T> {
    pub ctx: PageContext,
    pub fields: T,
    /// The form with what was typed, to be shown again; it never has passwords or codes.
    pub typed: FormState,
}

/// A box to tick. It says `on`, as those of our pages do, or another yes of a program's, or nothing; any
/// other value is none of the form's (security.md G-1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum Tick {
    #[default]
    #[serde(rename = "")]
    Off,
    #[serde(rename = "on", alias = "yes", alias = "true", alias = "1")]
    On,
}

impl Tick {
    pub fn is_on(self) -> bool {
        self == Self::On
    }
}

impl<T: DeserializeOwned> FromRequest<App> for PageForm<T> {
    type Rejection = PageError;

    async fn from_request(request: Request, app: &App) -> Result<Self, PageError> {
        let limit = form::limit(request.uri().path());
        Self::read(request, app, limit).await
    }
}

impl<T: DeserializeOwned> PageForm<T> {
    async fn read(request: Request, app: &App, limit: usize) -> Result<Self, PageError> {
        let (mut parts, body) = request.into_parts();
        let ctx = PageContext::from_request_parts(&mut parts, app).await?;
        csrf::check_origin(&parts.headers, app.config.issuer.as_str())?;
        let holder = parts.extensions.get::<TypedForm>().cloned();
        let pairs = form::read(Request::from_parts(parts, body), limit).await?;
        let mut map = by_name(pairs);
        let token = take(&mut map, "csrf")?.unwrap_or_default();
        let ctx = ctx.part_of(take(&mut map, "request")?);
        let ctx = match take(&mut map, "next")? {
            Some(next) => ctx.returning_to(Some(&next)),
            None => ctx,
        };
        let language = take(&mut map, "ui_locales")?;
        let typed = typed(&map);
        if let Some(holder) = holder {
            holder.set(&ctx, &typed, FormToken::read(&token).and_then(|it| it.owner));
        }
        if !csrf::is_valid(&ctx, &token) {
            return Err(PageError::FormExpired);
        }
        if let Some(language) = language.as_deref().and_then(Locale::parse) {
            return Err(PageError::LanguageChosen(language));
        }
        let fields = deserialize(map)?;
        Ok(Self { ctx, fields, typed })
    }
}

/// Returns the values that the form shows again.
fn typed(map: &ByName) -> FormState {
    let visible = || map.iter().filter(|(name, _)| !is_secret(name));
    let values = visible().filter_map(|(name, values)| Some((name, values.first()?)));
    let several = visible().filter(|(_, values)| values.len() > 1);
    FormState {
        ticked: several.map(|(name, all)| (name.clone(), all.clone())).collect(),
        ..FormState::new(values)
    }
}

/// Holds the form that a request brought, for the layer that draws refusals: what was typed outlives them.
#[derive(Clone, Default)]
pub struct TypedForm(Arc<OnceLock<Typed>>);

/// The form that a `TypedForm` holds.
#[derive(Clone, Debug)]
pub struct Typed {
    /// The service's request that the page is part of.
    pub request: Option<String>,
    /// The page to go to after the login.
    pub return_path: Option<ReturnPath>,
    pub form: FormState,
    /// The account that the form's page was made for.
    pub owner: Option<Owner>,
}

impl TypedForm {
    fn set(&self, ctx: &PageContext, form: &FormState, owner: Option<Owner>) {
        // A request brings one form.
        let _ = self.0.set(Typed {
            request: ctx.request().map(str::to_owned),
            return_path: ctx.return_path().cloned(),
            form: form.clone(),
            owner,
        });
    }

    pub fn get(&self) -> Option<&Typed> {
        self.0.get()
    }
}

/// Reads a form that no handler will see, as its page's audience is not met: what was typed is kept.
pub async fn read_unheard(request: Request, app: &App) -> Result<(), PageError> {
    // Whoever is not of the audience sends no table.
    PageForm::<IgnoredAny>::read(request, app, FORM_BODY)
        .await
        .map(drop)
}

type ByName = BTreeMap<String, Vec<String>>;

fn by_name(pairs: Pairs) -> ByName {
    let mut map = ByName::new();
    for (name, value) in pairs.0 {
        map.entry(name).or_default().push(value);
    }
    map
}

/// Takes the one value of a name (G-2).
fn take(map: &mut ByName, name: &str) -> Result<Option<String>, FormError> {
    let mut values = map.remove(name).unwrap_or_default();
    match values.len() {
        0 | 1 => Ok(values.pop()),
        _ => Err(FormError::Repeated(name.to_owned())),
    }
}

fn deserialize<T: DeserializeOwned>(map: ByName) -> Result<T, FormError> {
    let twice = map.iter().find(|(_, values)| values.len() > 1);
    let twice = twice.map(|(name, _)| name.clone());
    let fields = map.into_iter().map(|(name, values)| (name, Values(values)));
    T::deserialize(MapDeserializer::new(fields))
        .map_err(|_| twice.map_or(FormError::UnknownField, FormError::Repeated))
}

/// Returns `true` if the field is never written into a page again.
fn is_secret(name: &str) -> bool {
    name.contains("password") || matches!(name, "code" | "otp" | "token" | "work")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(fields: &[(&str, &str)]) -> ByName {
        let pairs = fields.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
        by_name(Pairs(pairs.collect()))
    }

    #[test]
    fn a_form_has_its_own_fields_only() {
        // G-2, G-3
        #[derive(Debug, Default, serde::Deserialize)]
        #[serde(default, deny_unknown_fields)]
        struct Fields {
            email: String,
            newsletter: Tick,
            accepted: Option<Tick>,
            chosen: Vec<String>,
        }
        let of = |name: &str| sent(&[(name, "x")]);
        assert_eq!(deserialize::<Fields>(of("email")).unwrap().email, "x");
        assert!(deserialize::<Fields>(of("role")).is_err());
        assert!(deserialize::<Fields>(BTreeMap::new()).unwrap().email.is_empty());
        // G-1
        let ticked = |value: &str| {
            let fields = deserialize::<Fields>(sent(&[("newsletter", value), ("accepted", value)]));
            fields.map(|it| (it.newsletter, it.accepted))
        };
        for yes in ["on", "yes", "true", "1"] {
            assert_eq!(ticked(yes), Ok((Tick::On, Some(Tick::On))));
        }
        assert_eq!(ticked(""), Ok((Tick::Off, Some(Tick::Off))));
        assert!(ticked("no").is_err() && ticked("ON").is_err());
        // G-2: only boxes share a name.
        let chosen = |values: &[(&str, &str)]| deserialize::<Fields>(sent(values)).map(|it| it.chosen);
        assert_eq!(chosen(&[("chosen", "a"), ("chosen", "b")]).unwrap(), ["a", "b"]);
        assert_eq!(chosen(&[("chosen", "a")]).unwrap(), ["a"]);
        assert!(chosen(&[]).unwrap().is_empty());
        for name in ["email", "newsletter", "accepted"] {
            let twice = chosen(&[(name, "on"), (name, "on")]);
            assert_eq!(twice, Err(FormError::Repeated(name.into())));
            assert!(take(&mut sent(&[(name, "on"), (name, "on")]), name).is_err());
        }
    }
}
