//! `/account/data`: all that is held on the person, requested here and built by a job; below it the file, and the same to
//! be read. Each needs a recent login (security.md SE-4), and only the account itself has it.

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Deserialize;

use super::data_read;
use crate::accounts::data_download::{self, Opening};
use crate::accounts::data_file::DataFile;
use crate::domain::data_download::Stage;
use crate::http::pages::{PageContext, PageError, PageForm, SignedIn};
use crate::paths;
use crate::templates::FormState;
use crate::templates::pages::{AccountData, AccountDataRead, DataFileState};

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fields {
    action: String,
}

pub async fn show(ctx: PageContext, person: SignedIn) -> Result<Response, PageError> {
    let now = ctx.app.clock.now();
    let found = data_download::find(&ctx.app, &person.account().id).await?;
    let stage = found.as_ref().map(|it| it.stage(now));
    let file = found.as_ref().and_then(|it| it.file(now));
    let page = AccountData {
        form: ctx.form_or(FormState::default()),
        stage: match stage {
            None => "none",
            Some(Stage::Building) => "building",
            Some(Stage::Ready) => "ready",
            Some(Stage::Expired) => "expired",
            Some(Stage::Failed) => "failed",
        },
        may_request: stage != Some(Stage::Building) && found.is_none_or(|it| it.wait(now).is_none()),
        file: file.map(|it| DataFileState {
            since: it.since,
            until: it.until,
        }),
        is_admitted: data_download::is_admitted(&ctx.app, person.session()).await?,
        first: super::first(&ctx, &person).await?,
    };
    ctx.page(&page).await
}

pub async fn request(person: SignedIn, form: PageForm<Fields>) -> Result<Response, PageError> {
    let PageForm { ctx, fields, .. } = form;
    if fields.action != "request" {
        return Err(PageError::Invalid);
    }
    data_download::request(&ctx.app, &ctx.actor_context(), person.session()).await?;
    Ok(ctx.redirect(paths::ACCOUNT_DATA))
}

async fn open(ctx: &PageContext, person: &SignedIn, opening: Opening) -> Result<Option<DataFile>, PageError> {
    let context = ctx.actor_context();
    Ok(data_download::open(&ctx.app, &context, person.session(), opening).await?)
}

/// Shows the data in the language of the page.
pub async fn read(ctx: PageContext, person: SignedIn) -> Result<Response, PageError> {
    let Some(file) = open(&ctx, &person, Opening::Page).await? else {
        // It has expired, or was never built: the page says which.
        return Ok(ctx.redirect(paths::ACCOUNT_DATA));
    };
    let data = file.excerpt().await?;
    let page = AccountDataRead {
        made_at: data.made_at,
        sections: data_read::sections(&data),
        first: super::first(&ctx, &person).await?,
    };
    ctx.page(&page).await
}

/// Sends the file.
pub async fn download(ctx: PageContext, person: SignedIn) -> Result<Response, PageError> {
    let Some(file) = open(&ctx, &person, Opening::File).await? else {
        return Ok(ctx.redirect(paths::ACCOUNT_DATA));
    };
    let mut response = Body::from_stream(stream::iter(file.into_parts())).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(
        header::CONTENT_DISPOSITION,
        HeaderValue::from_static("attachment; filename=\"itu-account-data.json\""),
    );
    Ok(ctx.send(response))
}
