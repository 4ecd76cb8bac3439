//! `/demo/outbox`: shows the mails of the demo, in place of a mail server. Whoever opens it reads everybody's mail, so
//! it exists on loopback only.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;

use super::mails;
use crate::app::App;
use crate::http::pages::mail_part::html_part;
use crate::http::pages::{ListQuery, PageContext, PageError};
use crate::http::routes::{Audience, Routes};
use crate::paths;
use crate::storage::outbox::{self, Entry};
use crate::templates::pages::{Outbox, OutboxMail, OutboxRow};

const MOST_LISTED: u64 = 100;

pub fn routes(routes: Routes) -> Routes {
    use Audience::Public;
    routes
        .at(paths::DEMO_OUTBOX, Public, get(list))
        .at(paths::DEMO_OUTBOX_JSON, Public, get(json))
        .at(paths::DEMO_OUTBOX_MAIL, Public, get(show))
        .at(paths::DEMO_OUTBOX_MAIL_HTML, Public, get(html))
        .with(mails::routes)
}

/// Lists the mails, the newest first: all, or those to one address with `?to=`.
async fn find(app: &App, query: &ListQuery) -> Result<Vec<Entry>, PageError> {
    let to = query.has("to").then(|| query.get("to"));
    let found = outbox::list(app.db.read(), to, 0, MOST_LISTED).await;
    found.map_err(PageError::internal)
}

async fn list(ctx: PageContext, query: ListQuery) -> Result<Response, PageError> {
    let mails = find(&ctx.app, &query).await?;
    let mails = mails.iter().map(row).collect();
    ctx.page(&Outbox { mails }).await
}

async fn show(ctx: PageContext, Path(id): Path<String>) -> Result<Response, PageError> {
    let mail = outbox::find(ctx.app.db.read(), &id)
        .await
        .map_err(PageError::internal)?
        .ok_or(PageError::NotFound)?;
    let html = format!("{}{}/", ctx.app.config.issuer, paths::DEMO_OUTBOX);
    let ctx = ctx.with_frames(&[html]);
    ctx.page(&OutboxMail::new(row(&mail), mail.text)).await
}

/// Shows the HTML part alone, as a mail program does: without scripts, its links on top.
async fn html(State(app): State<App>, Path(id): Path<String>) -> Result<Response, PageError> {
    let mail = outbox::find(app.db.read(), &id)
        .await
        .map_err(PageError::internal)?
        .ok_or(PageError::NotFound)?;
    Ok(html_part(&mail.html))
}

/// Lists the mails for programs, with the text parts.
async fn json(State(app): State<App>, query: ListQuery) -> Result<Json<Vec<Entry>>, PageError> {
    Ok(Json(find(&app, &query).await?))
}

fn row(mail: &Entry) -> OutboxRow {
    OutboxRow {
        id: mail.id.clone(),
        recipient: mail.recipient.clone(),
        subject: mail.subject.clone(),
        at: mail.created_at,
    }
}
