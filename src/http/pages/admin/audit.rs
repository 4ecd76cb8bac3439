//! `/admin/audit`: the search of the audit trail, one entry with its change and its seal, and the search as a file. What a
//! search means, and who may read the trail, is decided in `crate::audit`.

use axum::body::{Body, Bytes};
use axum::extract::Path;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;

use super::audit_change::changes;
use crate::audit::{self, Listing, Query, QueryError, Reader, Record};
use crate::domain::event::Action;
use crate::http::pages::{ListQuery, PageContext, PageError};
use crate::paths;
use crate::templates::FormState;
use crate::templates::pages::{AdminAudit, AdminAuditEntry, AuditRow, AuditSeal};

/// The entries of a page (security.md AD-4).
const ROWS: usize = 50;
/// The entries that an export reads at once.
const PART: u64 = 500;
const FILTERS: [&str; 5] = ["actor", "subject", "kind", "since", "until"];

fn typed(query: &ListQuery) -> Query<'_> {
    Query {
        actor: query.get("actor").trim(),
        subject: query.get("subject").trim(),
        kind: query.get("kind"),
        since: query.get("since"),
        until: query.get("until"),
    }
}

pub async fn list(ctx: PageContext, query: ListQuery) -> Result<Response, PageError> {
    let (app, context) = (&ctx.app, ctx.actor_context());
    let mut form = query.form(&FILTERS);
    let after = query.get("after");
    let found = match Reader::open(&app.db, &context, &typed(&query), Listing::NewestFirst).await {
        Ok(reader) => {
            let mut reader = reader.after(after).map_err(refused)?;
            // One more says whether there are older ones.
            reader.next(ROWS as u64 + 1).await.map_err(PageError::internal)?
        }
        Err(QueryError::Date(field)) => {
            form.add_error(field, "error.date");
            Vec::new()
        }
        Err(error) => return Err(refused(error)),
    };
    let shown = &found[..found.len().min(ROWS)];
    let older = shown.last().filter(|_| found.len() > shown.len());
    let state = audit::status(&app.db, &context).await.map_err(refused)?;
    let page = AdminAudit {
        kinds: Action::ALL.iter().map(|it| it.as_str().to_owned()).collect(),
        rows: shown.iter().map(row).collect(),
        older: older.map(|it| link(paths::ADMIN_AUDIT, &form, Some(&it.cursor()))),
        newest: Some(link(paths::ADMIN_AUDIT, &form, None)).filter(|_| !after.is_empty()),
        export: Some(link(paths::ADMIN_AUDIT_EXPORT, &form, None)).filter(|_| !shown.is_empty()),
        is_filtered: FILTERS.iter().any(|it| !query.get(it).is_empty()),
        position: state.head.position,
        sealed_at: state.sealed_at,
        waits: state.waiting_since.is_some(),
        form,
    };
    ctx.page(&page).await
}

pub async fn show(ctx: PageContext, Path(id): Path<String>) -> Result<Response, PageError> {
    let id: i64 = id.parse().map_err(|_| PageError::NotFound)?;
    let shown = audit::show(&ctx.app.db, &ctx.actor_context(), id).await;
    let shown = shown.map_err(refused)?.ok_or(PageError::NotFound)?;
    let entry = &shown.record.entry;
    let search = |name: &str, value: &str| link(paths::ADMIN_AUDIT, &FormState::new([(name, value)]), None);
    let subject = match &entry.account {
        Some(account) => format!("account:{account}"),
        None => entry.object.clone(),
    };
    let page = AdminAuditEntry {
        row: row(&shown.record),
        acted_as: entry.acted_as.clone(),
        account: entry.account.clone(),
        network: entry.network.clone(),
        browser: entry.browser.clone(),
        request_id: entry.request_id.clone(),
        is_change: entry.before.is_some(),
        changes: changes(entry.before().as_ref(), entry.after().as_ref()),
        seal: shown.record.seal.as_ref().map(|seal| AuditSeal {
            position: seal.position,
            sealed_at: seal.sealed_at,
            digest: seal.digest.clone(),
            holds: shown.holds,
            is_emptied: shown.is_emptied,
        }),
        same_actor: search("actor", &entry.actor),
        same_subject: search("subject", &subject),
    };
    ctx.page(&page).await
}

/// Sends what the search finds as JSON Lines, the oldest entry first, a part at a time.
pub async fn export(ctx: PageContext, query: ListQuery) -> Result<Response, PageError> {
    let (app, context, typed) = (&ctx.app, ctx.actor_context(), typed(&query));
    let reader = Reader::open(&app.db, &context, &typed, Listing::OldestFirst)
        .await
        .map_err(refused)?;
    audit::begin_export(&app.db, app.clock.now(), &context, &typed)
        .await
        .map_err(refused)?;
    let parts = stream::try_unfold(reader, |mut reader| async move {
        let records = reader.next(PART).await.map_err(std::io::Error::other)?;
        if records.is_empty() {
            return Ok::<_, std::io::Error>(None);
        }
        let mut lines = String::new();
        for record in &records {
            lines.push_str(&record.to_json().to_string());
            lines.push('\n');
        }
        Ok(Some((Bytes::from(lines), reader)))
    });
    let mut response = Body::from_stream(parts).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/jsonl; charset=utf-8"),
    );
    headers.insert(
        header::CONTENT_DISPOSITION,
        HeaderValue::from_static("attachment; filename=\"itu-account-audit.jsonl\""),
    );
    Ok(ctx.send(response))
}

fn refused(error: QueryError) -> PageError {
    match error {
        QueryError::Forbidden | QueryError::Cursor | QueryError::Date(_) => PageError::NotFound,
        QueryError::Database(error) => PageError::internal(error),
    }
}

fn row(record: &Record) -> AuditRow {
    let entry = &record.entry;
    AuditRow {
        id: entry.id,
        at: entry.at,
        action: entry.action.clone(),
        actor: entry.actor.clone(),
        object: entry.object.clone(),
        organization: entry.organization.clone(),
        success: entry.success,
        reason: entry.reason.clone(),
        is_sealed: record.seal.is_some(),
    }
}

/// Returns the address of a search, with the filters that have a value.
fn link(path: &str, form: &FormState, after: Option<&str>) -> String {
    let filters = FILTERS.iter().map(|name| (*name, form.value(name)));
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(filters.filter(|(_, value)| !value.is_empty()))
        .extend_pairs(after.map(|it| ("after", it)))
        .finish();
    if query.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{query}")
    }
}
