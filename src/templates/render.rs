//! Renders a page or a mail: minijinja with the settings that every template relies on. Rooms call `Templates::mail`,
//! pages call `Templates::render`.

use std::sync::Arc;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};
use serde::Serialize;

use super::assets;
use super::files::source;
use super::frame::{Frame, Site};
use super::mail_styles;
use super::translator::Translator;
use crate::i18n::Locale;

#[derive(Debug, thiserror::Error)]
#[error("a template cannot be rendered: {0:#}")]
pub struct Error(#[from] minijinja::Error);

/// All that one page may show. `templates/pages/<TEMPLATE>.html` has it as `page`.
pub trait Page: Serialize + Sized {
    const TEMPLATE: &'static str;
    /// `true` if the page shows a secret that stays from one answer to the next (security.md BR-8).
    const HAS_LASTING_SECRET: bool = false;
    /// Returns every state of the page, for the tests that render them.
    fn samples() -> Vec<Self>;
}

/// What a mail holds that opens something to whoever reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opens {
    /// Plain links alone, which lead to a login, or stop a newsletter.
    Nothing,
    /// A code to the address.
    Code,
    /// A link for a new password.
    ResetLink,
    /// Another link, for so long.
    Link(chrono::Duration),
}

/// All that one mail may say. `subject.txt`, `body.txt` and `body.html` in `templates/emails/<NAME>/` have it as
/// `mail`.
pub trait MailTemplate: Serialize + Sized {
    const NAME: &'static str;
    fn samples() -> Vec<Self>;

    /// Returns what the mail holds that opens something. A test finds a mail that has a code or a token and does not say so.
    fn opens(&self) -> Opens {
        Opens::Nothing
    }

    /// Returns the path by which the reader stops mails of this kind; `None` where they belong to the account.
    fn unsubscribe(&self) -> Option<String> {
        None
    }
}

/// A rendered mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderedMail {
    pub subject: String,
    pub text: String,
    pub html: String,
    /// The address by which the reader stops mails of this kind (RFC 8058).
    pub unsubscribe: Option<String>,
}

#[derive(Clone, Debug)]
pub struct Templates {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    environment: Environment<'static>,
    site: Value,
    issuer: String,
    translators: [Value; 6],
}

impl Templates {
    pub fn new(site: Site) -> Self {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        // An error must not print what a page or a mail was about to say (security.md LG-3).
        environment.set_debug(false);
        environment.set_auto_escape_callback(|name| match name.rsplit('.').next() {
            Some("txt") => AutoEscape::None,
            _ => AutoEscape::Html,
        });
        let syntax = SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build();
        environment.set_syntax(syntax.expect("the delimiters are the usual ones"));
        // A template is compiled at its first use, so that a start waits for none.
        environment.set_loader(|name| Ok(source(name).map(str::to_owned)));
        environment.add_function("asset", assets::url);
        Self {
            inner: Arc::new(Inner {
                environment,
                site: Value::from(Serde(&site)),
                issuer: site.issuer.trim_end_matches('/').to_owned(),
                translators: Locale::ALL.map(|it| Value::from_object(Translator(it))),
            }),
        }
    }

    pub(super) fn environment(&self) -> &Environment<'static> {
        &self.inner.environment
    }

    pub fn render<P: Page>(&self, page: &P, frame: &Frame) -> Result<String, Error> {
        let name = format!("pages/{}.html", P::TEMPLATE);
        let template = self.environment().get_template(&name)?;
        let out = template.render(context! {
            page => Value::from(Serde(page)),
            frame => Value::from(Serde(frame)),
            site => self.inner.site.clone(),
            t => self.inner.translators[frame.locale as usize].clone(),
        })?;
        Ok(out)
    }

    pub fn mail<M: MailTemplate>(&self, mail: &M, locale: Locale) -> Result<RenderedMail, Error> {
        let context = context! {
            mail => Value::from(Serde(mail)),
            site => self.inner.site.clone(),
            t => self.inner.translators[locale as usize].clone(),
        };
        let part = |part: &str| {
            let name = format!("emails/{}/{part}", M::NAME);
            Ok::<_, Error>(self.environment().get_template(&name)?.render(&context)?)
        };
        Ok(RenderedMail {
            // A subject is one line whatever it names (security.md G-14).
            subject: part("subject.txt")?
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" "),
            text: part("body.txt")?,
            html: mail_styles::inlined(&part("body.html")?),
            unsubscribe: mail
                .unsubscribe()
                .map(|path| format!("{}{path}", self.inner.issuer)),
        })
    }
}
