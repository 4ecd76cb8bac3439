//! `/demo/outbox`: the mails of the demo, in place of a mail server. Whoever reads it reads everybody's
//! mail: it exists on loopback only.

use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;

use crate::app::App;
use crate::http::pages::{PageError, Visit};
use crate::storage::outbox::{self, Entry};
use crate::templates::pages::{Outbox, OutboxMail, OutboxRow};

const SHOWN: u64 = 100;

pub fn router(app: &App) -> Router {
    Router::new()
        .route("/demo/outbox", get(list))
        .route("/demo/outbox.json", get(json))
        .route("/demo/outbox/{id}", get(show))
        .with_state(app.clone())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Filter {
    to: Option<String>,
}

async fn list(visit: Visit, Query(filter): Query<Filter>) -> Result<Response, PageError> {
    let mails = outbox::list(visit.app.db.read(), filter.to.as_deref(), 0, SHOWN)
        .await
        .map_err(PageError::internal)?;
    visit
        .page(&Outbox {
            mails: mails.iter().map(row).collect(),
        })
        .await
}

async fn show(visit: Visit, Path(id): Path<String>) -> Result<Response, PageError> {
    let mail = outbox::find(visit.app.db.read(), &id)
        .await
        .map_err(PageError::internal)?
        .ok_or(PageError::NotFound)?;
    visit.page(&OutboxMail::new(row(&mail), mail.text)).await
}

/// The same for programs: newest first, with the text parts.
async fn json(State(app): State<App>, Query(filter): Query<Filter>) -> Result<Json<Vec<Entry>>, PageError> {
    Ok(Json(
        outbox::list(app.db.read(), filter.to.as_deref(), 0, SHOWN)
            .await
            .map_err(PageError::internal)?,
    ))
}

fn row(it: &Entry) -> OutboxRow {
    OutboxRow {
        id: it.id.clone(),
        recipient: it.recipient.clone(),
        subject: it.subject.clone(),
        at: it.created_at,
    }
}
