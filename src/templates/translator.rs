//! `t` in templates: `t("login.title")`, `t("mail.hello", name=mail.name)`, `t.date(page.since)`. A value in a hole is
//! escaped as if it were in the template itself; in a right-to-left text it is isolated, so that a Latin name does not
//! turn its sentence around.

use std::fmt::Write as _;
use std::sync::Arc;

use minijinja::value::{Kwargs, Object, Serde, from_args};
use minijinja::{AutoEscape, Error, ErrorKind, HtmlEscape, State, Value};
use serde::Deserialize;

use crate::domain::Time;
use crate::domain::message::Message;
use crate::i18n::{self, Arguments, Locale, countries};

#[derive(Debug)]
pub(super) struct Translator(pub(super) Locale);

struct Holes<'a> {
    values: &'a Kwargs,
    html: bool,
    isolate: bool,
}

impl Arguments for Holes<'_> {
    fn fill(&self, hole: &str, out: &mut String) -> bool {
        let Ok(value) = self.values.get::<Value>(hole) else {
            return false;
        };
        let isolate = self.isolate && !value.is_number();
        if isolate {
            out.push('\u{2068}'); // FIRST STRONG ISOLATE
        }
        // A block captured by `{% set %}` is markup already; it was escaped when it was written.
        if value.is_safe() || !self.html {
            let _ = write!(out, "{value}");
        } else {
            let _ = write!(out, "{}", HtmlEscape(&value.to_string()));
        }
        if isolate {
            out.push('\u{2069}'); // POP DIRECTIONAL ISOLATE
        }
        true
    }

    fn count(&self) -> Option<u64> {
        self.values.peek::<u64>("count").ok()
    }

    fn literal(&self, text: &str, out: &mut String) {
        if self.html {
            let _ = write!(out, "{}", HtmlEscape(text));
        } else {
            out.push_str(text);
        }
    }
}

fn bad(what: String) -> Error {
    Error::new(ErrorKind::InvalidOperation, what)
}

impl Translator {
    fn text(&self, state: &State<'_, '_>, args: &[Value]) -> Result<Value, Error> {
        let (key, values): (&str, Kwargs) = from_args(args)?;
        let html = !matches!(state.auto_escape(), AutoEscape::None);
        let holes = Holes {
            values: &values,
            html,
            isolate: self.0.direction() == "rtl",
        };
        let text = i18n::text(self.0, key, &holes)
            .ok_or_else(|| bad(format!("no text `{key}`, or a hole of it is not filled")))?;
        Ok(if html {
            Value::from_safe_string(text)
        } else {
            Value::from(text)
        })
    }
}

impl Object for Translator {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match key.as_str()? {
            "locale" => Some(Value::from(self.0.as_str())),
            "dir" => Some(Value::from(self.0.direction())),
            _ => None,
        }
    }

    fn call(self: &Arc<Self>, state: &mut State<'_, '_>, args: &[Value]) -> Result<Value, Error> {
        self.text(state, args)
    }

    fn call_method(
        self: &Arc<Self>,
        state: &mut State<'_, '_>,
        method: &str,
        args: &[Value],
    ) -> Result<Value, Error> {
        match method {
            // The message is chosen at run time, and a wrong name must not lose a form that somebody filled in.
            "message" => {
                let (message,): (Value,) = from_args(args)?;
                let message = match message.as_str() {
                    Some(key) => Message::new(key.to_owned()),
                    None => Message::deserialize(message)?,
                };
                let exists = i18n::exists(&message.key);
                debug_assert!(exists, "no text `{}`", message.key);
                let key = Value::from(if exists { &*message.key } else { "error.invalid" });
                let holes = message
                    .holes
                    .iter()
                    .map(|(name, value)| (&**name, Value::from(&**value)));
                let count = message.count.map(|it| ("count", Value::from(it)));
                self.text(state, &[key, Kwargs::from_iter(holes.chain(count)).into()])
            }
            // A value that is data has its own label, or the catalog's, or is its label itself.
            "label" => {
                let (family, value): (&str, &str) = from_args(args)?;
                let text = i18n::text(self.0, &format!("{family}.{value}"), &());
                Ok(Value::from(text.unwrap_or_else(|| value.to_owned())))
            }
            "country" => {
                let (code,): (&str,) = from_args(args)?;
                Ok(Value::from(
                    countries::name(code, self.0).unwrap_or_else(|| code.to_owned()),
                ))
            }
            "countries" => Ok(Value::from(Serde(countries::list(self.0)))),
            "date" => Ok(Value::from(i18n::date(self.0, time(args)?))),
            "time" => Ok(Value::from(i18n::date_and_time(self.0, time(args)?))),
            _ => Err(Error::from(ErrorKind::UnknownMethod)),
        }
    }
}

fn time(args: &[Value]) -> Result<Time, Error> {
    let (value,): (&str,) = from_args(args)?;
    value.parse().map_err(|_| bad(format!("`{value}` is not a time")))
}
