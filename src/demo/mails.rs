//! `/demo/mails`: previews of every kind of mail in six languages, HTML and text side by side. Nothing is sent.

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;

use crate::app::App;
use crate::http::pages::{ListQuery, PageContext, PageError};
use crate::http::routes::{Audience, Routes};
use crate::i18n::Locale;
use crate::paths;
use crate::templates::RenderedMail;
use crate::templates::mails::previews::{self, Kind};
use crate::templates::pages::{DemoMail, DemoMails, MailKind};

pub fn routes(routes: Routes) -> Routes {
    use Audience::Public;
    routes
        .at(paths::DEMO_MAILS, Public, get(list))
        .at(paths::DEMO_MAIL, Public, get(show))
        .at(paths::DEMO_MAIL_HTML, Public, get(html))
}

/// Lists the kinds, or those of which the name or a subject has the words of `q`.
async fn list(ctx: PageContext, query: ListQuery) -> Result<Response, PageError> {
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
    let form = query.form(&["q"]);
    ctx.page(&DemoMails { form, kinds }).await
}

fn samples(app: &App, kind: &Kind, locale: Locale) -> Result<Vec<RenderedMail>, PageError> {
    kind.samples(&app.templates, locale).map_err(PageError::internal)
}

/// Returns the samples of a path's kind and language.
fn find(app: &App, kind: &str, language: &str) -> Result<(&'static Kind, Vec<RenderedMail>), PageError> {
    let kind = previews::find(kind).ok_or(PageError::NotFound)?;
    let locale = Locale::parse(language).ok_or(PageError::NotFound)?;
    Ok((kind, samples(app, kind, locale)?))
}

/// Shows one sample of a kind: the one of `number`, from 1.
async fn show(
    ctx: PageContext,
    Path((kind, language)): Path<(String, String)>,
    query: ListQuery,
) -> Result<Response, PageError> {
    let (kind, mails) = find(&ctx.app, &kind, &language)?;
    let number = match query.get("number") {
        "" => 1,
        typed => typed.parse().map_err(|_| PageError::NotFound)?,
    };
    let mail: usize = number;
    let mail = mails.get(mail.wrapping_sub(1)).ok_or(PageError::NotFound)?;
    let page = DemoMail {
        kind: kind.name,
        language,
        number,
        of: mails.len(),
        subject: mail.subject.clone(),
        text: mail.text.clone(),
    };
    let html = format!("{}{}/", ctx.app.config.issuer, paths::DEMO_MAILS);
    ctx.with_frames(&[html]).page(&page).await
}

async fn html(
    State(app): State<App>,
    Path((kind, language, number)): Path<(String, String, usize)>,
) -> Result<Response, PageError> {
    let (_, mails) = find(&app, &kind, &language)?;
    let mail = mails.get(number.wrapping_sub(1)).ok_or(PageError::NotFound)?;
    Ok(html_part(&mail.html))
}

/// Answers with the HTML part alone, as a mail program shows it: without scripts, its links on top.
pub(super) fn html_part(html: &str) -> Response {
    const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
        frame-ancestors 'self'; sandbox allow-top-navigation-by-user-activation";
    let headers = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_FRAME_OPTIONS, "SAMEORIGIN"),
    ];
    let html = html.replacen("<head>", "<head><base target=\"_top\">", 1);
    (headers, Html(html)).into_response()
}
