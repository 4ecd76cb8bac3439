//! `/admin/organizations/import`: a table of organizations that an administrator pastes or takes from a file. Every problem
//! is shown with its line; what a sound table would change is shown record by record before anything is applied. What a
//! table means is decided in `affiliations::directory::csv`.
//!
//! Between the two steps the table is kept sealed, for its administrator alone.

use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use crate::affiliations;
use crate::affiliations::directory::csv::{self, ImportError, LineError, MOST_CHANGES};
use crate::domain::difference::{Difference, Effect, Unnamed};
use crate::domain::secret::Digest;
use crate::http::outcome::Outcome;
use crate::http::pages::Tick;
use crate::http::pages::paging::{Position, paging};
use crate::http::pages::{ListQuery, PageContext, PageError, PageForm};
use crate::paths;
use crate::sealed::{self, Purpose};
use crate::templates::FormState;
use crate::templates::pages::{AdminImport, AdminImportPreview, ImportMember, ImportProblem, ImportRow};
use std::time::Duration;

/// The time for which a table waits to be applied.
const KEPT: Duration = Duration::from_mins(30);
/// The problems that are shown of a table.
const SHOWN_PROBLEMS: usize = 100;
/// The records of a page (security.md AD-4).
const ROWS: u64 = 50;
const FILTERS: [&str; 3] = ["upload", "q", "effect"];

/// A table that waits to be applied.
#[derive(Serialize, Deserialize)]
struct Waiting {
    table: String,
    prune: bool,
}

impl Waiting {
    fn unnamed(&self) -> Unnamed {
        Unnamed::pruned_if(self.prune)
    }

    /// Names the table: sent twice, it is one.
    fn name(&self) -> String {
        let text = format!("{}\n{}", self.prune, self.table);
        Digest::of(text.as_bytes()).as_str().to_owned()
    }
}

/// The problems of a table, for the page that shows them.
#[derive(Default, Serialize, Deserialize)]
struct Problems {
    lines: Vec<(u64, String)>,
    total: usize,
}

pub async fn show(ctx: PageContext) -> Result<Response, PageError> {
    let problems = ctx.outcome().content.clone();
    let problems: Problems = problems
        .and_then(|it| serde_json::from_value(it).ok())
        .unwrap_or_default();
    let lines = problems.lines.into_iter();
    let page = AdminImport {
        form: ctx.form_or(FormState::default()),
        total: problems.total,
        problems: lines
            .map(|(line, reason)| ImportProblem { line, reason })
            .collect(),
        columns: csv::COLUMNS.join(","),
    };
    ctx.page(&page).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Table {
    table: String,
    prune: Tick,
}

/// Judges the table, and keeps a sound one for the page that shows what it changes.
pub async fn read(form: PageForm<Table>) -> Result<Response, PageError> {
    let PageForm { ctx, fields, typed } = form;
    let waiting = Waiting {
        table: fields.table,
        prune: fields.prune.is_on(),
    };
    if waiting.table.trim().is_empty() {
        return ctx.again(typed.error("table", "error.required")).await;
    }
    let (app, context) = (&ctx.app, ctx.actor_context());
    match csv::preview(app, &context, waiting.table.as_bytes(), waiting.unnamed()).await {
        Ok(_) => {
            let name = waiting.name();
            keep(&ctx, &name, &waiting).await?;
            Ok(ctx.redirect(&paths::with_parameter(
                paths::ADMIN_ORGANIZATIONS_IMPORT_CONFIRM,
                "upload",
                &name,
            )))
        }
        Err(ImportError::Lines(problems)) => refuse(&ctx, typed, &problems).await,
        Err(ImportError::Room(error)) => Err(error.into()),
    }
}

async fn refuse(ctx: &PageContext, typed: FormState, problems: &[LineError]) -> Result<Response, PageError> {
    let lines = problems.iter().take(SHOWN_PROBLEMS);
    let content = Problems {
        lines: lines.map(|it| (it.line, it.reason.clone())).collect(),
        total: problems.len(),
    };
    let form = typed.error("table", "admin.import.refused");
    let outcome = Outcome {
        content: Outcome::of(&content)?.content,
        ..Outcome::refused(StatusCode::UNPROCESSABLE_ENTITY, form)
    };
    ctx.again_with(outcome).await
}

/// Shows what the table would change.
pub async fn confirm(ctx: PageContext, query: ListQuery) -> Result<Response, PageError> {
    let name = query.get("upload");
    let Some(waiting) = find(&ctx, name).await? else {
        return ctx
            .failed(paths::ADMIN_ORGANIZATIONS_IMPORT, "import_expired")
            .await;
    };
    let preview = csv::preview(
        &ctx.app,
        &ctx.actor_context(),
        waiting.table.as_bytes(),
        waiting.unnamed(),
    )
    .await;
    let preview = match preview {
        Ok(preview) => preview,
        // The directory has changed since, so that the table no longer fits.
        Err(ImportError::Lines(problems)) => {
            let typed = FormState::new([
                ("table", waiting.table.as_str()),
                ("prune", if waiting.prune { "on" } else { "" }),
            ]);
            let content = Problems {
                total: problems.len(),
                lines: problems
                    .into_iter()
                    .take(SHOWN_PROBLEMS)
                    .map(|it| (it.line, it.reason))
                    .collect(),
            };
            let outcome = Outcome {
                content: Outcome::of(&content)?.content,
                ..Outcome::refused(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    typed.error("table", "admin.import.refused"),
                )
            };
            return ctx.show_at(paths::ADMIN_ORGANIZATIONS_IMPORT, outcome).await;
        }
        Err(ImportError::Room(error)) => return Err(error.into()),
    };
    let matching: Vec<&Difference> = preview
        .differences
        .iter()
        .filter(|it| is_searched(it, &query))
        .collect();
    let total = matching.len() as u64;
    let pages = total.div_ceil(ROWS).max(1);
    let page = query.page()?.clamp(1, pages);
    let from = usize::try_from((page - 1) * ROWS).unwrap_or(usize::MAX);
    let rows = matching.into_iter().skip(from).take(ROWS as usize);
    let counts = preview.counts;
    let position = Position {
        page,
        size: ROWS,
        total,
    };
    let page = AdminImportPreview {
        upload: name.to_owned(),
        created: counts.created as u64,
        changed: counts.changed as u64,
        ended: counts.ended as u64,
        unchanged: counts.unchanged as u64,
        people: preview.differences.iter().map(|it| it.people).sum(),
        is_too_large: counts.changed + counts.ended > MOST_CHANGES,
        most: MOST_CHANGES as u64,
        seen: preview.seen,
        prune: waiting.prune,
        rows: rows.map(row).collect(),
        paging: paging(
            position,
            paths::ADMIN_ORGANIZATIONS_IMPORT_CONFIRM,
            &query,
            &FILTERS,
        ),
        form: query.form(&FILTERS),
    };
    ctx.page(&page).await
}

fn is_searched(it: &Difference, query: &ListQuery) -> bool {
    let (text, effect) = (query.get("q").trim().to_lowercase(), query.get("effect"));
    let is_found = it.id.to_lowercase().contains(&text) || it.name.to_lowercase().contains(&text);
    is_found && (effect.is_empty() || effect == it.effect.as_str())
}

fn row(difference: &Difference) -> ImportRow {
    let members = difference.members.iter().map(|it| ImportMember {
        member: it.member.clone(),
        before: it.before.as_ref().map(text),
        after: it.after.as_ref().map(text),
    });
    ImportRow {
        id: difference.id.clone(),
        name: difference.name.clone(),
        effect: difference.effect.as_str(),
        is_new: difference.effect == Effect::Added,
        people: difference.people,
        members: members.collect(),
    }
}

/// Writes a value as the cell of a table would.
pub(super) fn text(value: &serde_json::Value) -> String {
    use serde_json::Value;
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(text).collect::<Vec<_>>().join("; "),
        other => other.to_string(),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Confirmation {
    upload: String,
    seen: String,
}

/// Applies the table, if it still does what was shown.
pub async fn apply(form: PageForm<Confirmation>) -> Result<Response, PageError> {
    let PageForm { ctx, fields, .. } = form;
    let Some(waiting) = find(&ctx, &fields.upload).await? else {
        return ctx
            .failed(paths::ADMIN_ORGANIZATIONS_IMPORT, "import_expired")
            .await;
    };
    let table = (waiting.table.as_bytes(), waiting.unnamed());
    match csv::import_as_seen(&ctx.app, &ctx.actor_context(), table, &fields.seen).await {
        Ok(_) => {
            ctx.done(paths::ADMIN_ORGANIZATIONS, "organizations_imported")
                .await
        }
        // Its page shows what the table does now, or why it no longer can.
        Err(ImportError::Room(affiliations::Error::Conflict) | ImportError::Lines(_)) => {
            let to = paths::with_parameter(
                paths::ADMIN_ORGANIZATIONS_IMPORT_CONFIRM,
                "upload",
                &fields.upload,
            );
            ctx.failed(&to, "import_changed").await
        }
        Err(ImportError::Room(error)) => Err(error.into()),
    }
}

/// Names the table of one administrator.
fn key(ctx: &PageContext, name: &str) -> String {
    let context = ctx.actor_context();
    let account = context.actor.account().map_or("", |it| it.as_str());
    format!("{account}\n{name}")
}

async fn keep(ctx: &PageContext, name: &str, waiting: &Waiting) -> Result<(), PageError> {
    let kept = sealed::put(
        &ctx.app,
        Purpose::OrganizationsTable,
        &key(ctx, name),
        waiting,
        KEPT,
    )
    .await;
    Ok(kept?)
}

async fn find(ctx: &PageContext, name: &str) -> Result<Option<Waiting>, PageError> {
    Ok(sealed::get(&ctx.app, Purpose::OrganizationsTable, &key(ctx, name)).await?)
}
