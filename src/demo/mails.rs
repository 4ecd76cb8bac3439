//! `/demo/mails`: previews of every kind of mail in six languages, HTML and text side by side. Nothing is sent.

use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;

use crate::app::App;
use crate::http::pages::admin::mail_previews;
use crate::http::pages::mail_part::html_part;
use crate::http::pages::{ListQuery, PageContext, PageError};
use crate::http::routes::{Audience, Routes};
use crate::paths;
use crate::templates::pages::{DemoMail, DemoMails};

pub fn routes(routes: Routes) -> Routes {
    use Audience::Public;
    routes
        .at(paths::DEMO_MAILS, Public, get(list))
        .at(paths::DEMO_MAIL, Public, get(show))
        .at(paths::DEMO_MAIL_HTML, Public, get(html))
}

/// Lists the kinds, or those of which the name or a subject has the words of `q`.
async fn list(ctx: PageContext, query: ListQuery) -> Result<Response, PageError> {
    let page = DemoMails {
        form: query.form(&["q"]),
        kinds: mail_previews::kinds(&ctx, &query)?,
    };
    ctx.page(&page).await
}

/// Shows one sample of a kind: the one of `number`, from 1.
async fn show(
    ctx: PageContext,
    Path((kind, language)): Path<(String, String)>,
    query: ListQuery,
) -> Result<Response, PageError> {
    let number = mail_previews::number_of(&query)?;
    let found = mail_previews::find(&ctx.app, &kind, &language, number)?;
    let page = DemoMail {
        kind: found.kind.name,
        language,
        number: found.number,
        of: found.of,
        subject: found.mail.subject,
        text: found.mail.text,
    };
    let html = format!("{}{}/", ctx.app.config.issuer, paths::DEMO_MAILS);
    ctx.with_frames(&[html]).page(&page).await
}

async fn html(
    State(app): State<App>,
    Path((kind, language, number)): Path<(String, String, usize)>,
) -> Result<Response, PageError> {
    Ok(html_part(
        &mail_previews::find(&app, &kind, &language, number)?.mail.html,
    ))
}
