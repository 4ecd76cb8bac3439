//! `/admin/newsletter`: the subscribers to the newsletter, as a list and as a file, and the end of a subscription on the wish
//! of its person. Who may, and what is recorded, is decided in `accounts::newsletter_subscribers`.

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Deserialize;

use crate::accounts::Error;
use crate::accounts::newsletter_subscribers::{self as subscribers, COLUMNS, Reader, Search, Subscriber};
use crate::domain::AccountId;
use crate::http::pages::{ListQuery, PageContext, PageError, PageForm, refused};
use crate::paths;
use crate::tables::spreadsheet;
use crate::templates::FormState;
use crate::templates::pages::{AdminNewsletter, AdminNewsletterExport, Confirm, SubscriberRow};

/// The rows of a page (security.md AD-4).
const ROWS: u64 = 50;
/// The rows that a file reads at once.
const PART: u64 = 500;
const FILTERS: [&str; 3] = ["q", "language", "since"];

fn typed(query: &ListQuery) -> Search<'_> {
    Search {
        text: query.get("q"),
        language: query.get("language"),
        since: query.get("since"),
    }
}

pub async fn list(ctx: PageContext, query: ListQuery) -> Result<Response, PageError> {
    let after = query.get("after");
    let form = ctx.form_or(query.form(&FILTERS));
    let mut page = AdminNewsletter {
        rows: Vec::new(),
        total: 0,
        is_cut: false,
        is_filtered: FILTERS.iter().any(|it| !query.get(it).is_empty()),
        older: None,
        newest: (!after.is_empty()).then(|| link(paths::ADMIN_NEWSLETTER, &form, None)),
        export: link(paths::ADMIN_NEWSLETTER_EXPORT, &form, None),
        form,
    };
    let mut reader = match Reader::open(&ctx.app, &ctx.actor_context(), typed(&query)).await {
        Ok(reader) => reader.after(after)?,
        Err(Error::Fields(wrong)) => {
            page.form = refused(page.form, wrong);
            return ctx.page_with(StatusCode::UNPROCESSABLE_ENTITY, &page).await;
        }
        Err(other) => return Err(other.into()),
    };
    page.total = reader.count().await?;
    page.is_cut = reader.is_cut;
    let found = reader.next(ROWS).await?.unwrap_or_default();
    page.older = reader
        .cursor()
        .map(|it| link(paths::ADMIN_NEWSLETTER, &page.form, Some(&it)));
    let own = ctx.actor_context().actor.account().cloned();
    page.rows = found.iter().map(|it| row(it, own.as_ref())).collect();
    ctx.page(&page).await
}

fn row(of: &Subscriber, own: Option<&AccountId>) -> SubscriberRow {
    SubscriberRow {
        account_id: of.account.id.to_string(),
        name: of.account.profile.full_name(),
        email: of.account.email.as_str().to_owned(),
        language: of.language.as_str().to_owned(),
        since: of.place.given_at,
        can_be_stopped: own != Some(&of.account.id),
    }
}

/// Says what the file will have.
pub async fn confirm_export(ctx: PageContext, query: ListQuery) -> Result<Response, PageError> {
    let form = query.form(&FILTERS);
    let back = link(paths::ADMIN_NEWSLETTER, &form, None);
    let reader = match Reader::open(&ctx.app, &ctx.actor_context(), typed(&query)).await {
        Ok(reader) => reader,
        // The list says what is wrong.
        Err(Error::Fields(_)) => return Ok(ctx.redirect(&back)),
        Err(other) => return Err(other.into()),
    };
    let page = AdminNewsletterExport {
        total: reader.count().await?,
        fields: FILTERS
            .iter()
            .map(|it| (*it, query.get(it).to_owned()))
            .filter(|(_, value)| !value.is_empty())
            .collect(),
        back,
    };
    ctx.page(&page).await
}

/// Sends the subscribers as a table, the newest first, a part at a time.
pub async fn export(ctx: PageContext, query: ListQuery) -> Result<Response, PageError> {
    let begun = subscribers::begin_export(&ctx.app, &ctx.actor_context(), typed(&query)).await;
    let reader = match begun {
        Ok(reader) => reader,
        Err(Error::Fields(_)) => return Err(PageError::NotFound),
        Err(other) => return Err(other.into()),
    };
    let head = spreadsheet::write([COLUMNS]).map_err(PageError::internal)?;
    let parts = stream::try_unfold((reader, Some(head)), |(mut reader, head)| async move {
        if let Some(head) = head {
            return Ok::<_, std::io::Error>(Some((Bytes::from(head), (reader, None))));
        }
        let Some(found) = reader.next(PART).await.map_err(std::io::Error::other)? else {
            return Ok(None);
        };
        let rows = spreadsheet::write(found.iter().map(subscribers::cells))?;
        Ok(Some((Bytes::from(rows), (reader, None))))
    });
    let mut response = Body::from_stream(parts).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/csv; charset=utf-8"),
    );
    headers.insert(
        header::CONTENT_DISPOSITION,
        HeaderValue::from_static("attachment; filename=\"itu-account-newsletter.csv\""),
    );
    Ok(ctx.send(response))
}

/// Says that the subscription of a person will end. A question about nobody leads back to the list.
pub async fn confirm(ctx: PageContext) -> Result<Response, PageError> {
    let id = AccountId::new(ctx.given("account").unwrap_or_default());
    let account = match subscribers::find(&ctx.app, &ctx.actor_context(), &id).await {
        Ok(account) if account.newsletter => account,
        Ok(_) | Err(Error::NotFound) => return ctx.show_elsewhere(paths::ADMIN_NEWSLETTER).await,
        Err(other) => return Err(other.into()),
    };
    let page = Confirm::new(
        "newsletter",
        paths::ADMIN_NEWSLETTER,
        "stop",
        "admin.newsletter.stop",
    )
    .of(format!(
        "{} ({})",
        account.profile.full_name(),
        account.email.as_str()
    ))
    .with("account", id.as_str());
    ctx.page(&page.again(ctx.form_or(FormState::default()))).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Act {
    action: String,
    account: String,
}

pub async fn stop(form: PageForm<Act>) -> Result<Response, PageError> {
    let PageForm { ctx, fields, typed } = form;
    if fields.action != "stop" {
        return ctx.again(typed.error("action", "error.choose")).await;
    }
    let id = AccountId::new(fields.account);
    match subscribers::stop(&ctx.app, &ctx.actor_context(), &id).await {
        Ok(()) => ctx.done(paths::ADMIN_NEWSLETTER, "newsletter_ended").await,
        Err(Error::Conflict) => {
            let form = typed.notice("error.try_again");
            ctx.again_as(StatusCode::CONFLICT, form).await
        }
        Err(other) => Err(other.into()),
    }
}

/// Returns the address of a list, with the filters that have a value.
fn link(path: &str, form: &FormState, after: Option<&str>) -> String {
    FILTERS
        .iter()
        .map(|name| (*name, form.value(name)))
        .chain(after.map(|it| ("after", it)))
        .filter(|(_, value)| !value.is_empty())
        .fold(path.to_owned(), |link, (name, value)| {
            paths::with_parameter(&link, name, value)
        })
}
