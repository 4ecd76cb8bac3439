//! `/admin/mail/templates`: every kind of mail with its samples in each language, as a mail program shows it and as plain
//! text. Nothing is sent, and nothing of anybody is in a sample.

use axum::extract::Path;
use axum::response::Response;

use crate::app::App;
use crate::http::pages::mail_part::html_part;
use crate::http::pages::{ListQuery, PageContext, PageError};
use crate::i18n::Locale;
use crate::paths;
use crate::templates::RenderedMail;
use crate::templates::mails::previews::{self, Kind};
use crate::templates::pages::{AdminMailTemplate, AdminMailTemplates, MailKind};

pub async fn list(ctx: PageContext, query: ListQuery) -> Result<Response, PageError> {
    let page = AdminMailTemplates {
        form: query.form(&["q"]),
        kinds: kinds(&ctx, &query)?,
    };
    ctx.page(&page).await
}

/// Returns the kinds, or those of which the name or a subject has the words of `q`.
pub fn kinds(ctx: &PageContext, query: &ListQuery) -> Result<Vec<MailKind>, PageError> {
    let sought = query.get("q").trim().to_lowercase();
    let mut kinds = Vec::new();
    for kind in previews::ALL {
        let mails = samples(&ctx.app, kind, ctx.locale())?;
        let subjects: Vec<String> = mails.into_iter().map(|it| it.subject).collect();
        let fits = |text: &str| text.to_lowercase().contains(&sought);
        if fits(kind.name) || subjects.iter().any(|it| fits(it)) {
            kinds.push(MailKind {
                name: kind.name,
                subject: subjects.into_iter().next().unwrap_or_default(),
            });
        }
    }
    Ok(kinds)
}

fn samples(app: &App, kind: &Kind, locale: Locale) -> Result<Vec<RenderedMail>, PageError> {
    kind.samples(&app.templates, locale).map_err(PageError::internal)
}

/// One of the samples of a kind.
pub struct Sample {
    pub kind: &'static Kind,
    pub number: usize,
    pub of: usize,
    pub mail: RenderedMail,
}

/// Returns the sample of this number, from 1, of a path's kind and language.
pub fn find(app: &App, kind: &str, language: &str, number: usize) -> Result<Sample, PageError> {
    let kind = previews::find(kind).ok_or(PageError::NotFound)?;
    let locale = Locale::parse(language).ok_or(PageError::NotFound)?;
    let mut mails = samples(app, kind, locale)?;
    let of = mails.len();
    if !(1..=of).contains(&number) {
        return Err(PageError::NotFound);
    }
    Ok(Sample {
        kind,
        number,
        of,
        mail: mails.swap_remove(number - 1),
    })
}

/// Returns the number that a page's query asks for.
pub fn number_of(query: &ListQuery) -> Result<usize, PageError> {
    match query.get("number") {
        "" => Ok(1),
        typed => typed.parse().map_err(|_| PageError::NotFound),
    }
}

/// Shows one sample of a kind: the one of `number`, from 1.
pub async fn show(
    ctx: PageContext,
    Path((kind, language)): Path<(String, String)>,
    query: ListQuery,
) -> Result<Response, PageError> {
    let found = find(&ctx.app, &kind, &language, number_of(&query)?)?;
    let page = AdminMailTemplate {
        kind: found.kind.name,
        language,
        number: found.number,
        of: found.of,
        subject: found.mail.subject,
        text: found.mail.text,
    };
    let html = format!("{}{}/", ctx.app.config.issuer, paths::ADMIN_MAIL_TEMPLATES);
    ctx.with_frames(&[html]).page(&page).await
}

pub async fn html(
    ctx: PageContext,
    Path((kind, language, number)): Path<(String, String, usize)>,
) -> Result<Response, PageError> {
    Ok(html_part(&find(&ctx.app, &kind, &language, number)?.mail.html))
}
