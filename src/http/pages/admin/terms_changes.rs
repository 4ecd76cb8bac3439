//! `/admin/terms/{kind}/{version}/confirm`: another day for a published version whose day is to come, and its end, each on a page
//! that says what it does. Who may, and what can be changed, is decided in `accounts::publications`.

use axum::extract::Path;
use axum::response::Response;
use serde::Deserialize;

use super::terms::row;
use crate::accounts::Error;
use crate::accounts::publications;
use crate::accounts::terms_versions::{self, VersionView};
use crate::http::pages::{PageContext, PageError, PageForm, refused};
use crate::paths;
use crate::templates::FormState;
use crate::templates::pages::AdminTermsConfirm;

async fn find(ctx: &PageContext, kind: &str, version: &str) -> Result<VersionView, PageError> {
    Ok(terms_versions::find(&ctx.app, &ctx.actor_context(), kind, version).await?)
}

/// Says what `act` will do.
pub async fn confirm(
    ctx: PageContext,
    Path((kind, version)): Path<(String, String)>,
) -> Result<Response, PageError> {
    let found = find(&ctx, &kind, &version).await?;
    let act = match ctx.given("action").as_deref() {
        Some("schedule") => "schedule",
        Some("withdraw") => "withdraw",
        _ => "",
    };
    if act.is_empty() || !found.can_be_changed() {
        return ctx
            .show_elsewhere(&paths::admin_terms_version(&kind, &version))
            .await;
    }
    let people = publications::count_people(&ctx.app).await?;
    let day = found.effective_from.date_naive().to_string();
    let page = AdminTermsConfirm {
        row: row(&found),
        act,
        seen: found.generation.to_string(),
        people: people.map(|it| it.number),
        form: ctx.form_or(FormState::new([("effective", day)])),
    };
    ctx.page(&page).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fields {
    action: String,
    /// The state of the documents that the page was about.
    seen: String,
    effective: String,
}

pub async fn act(
    Path((kind, version)): Path<(String, String)>,
    form: PageForm<Fields>,
) -> Result<Response, PageError> {
    let PageForm { ctx, fields, typed } = form;
    find(&ctx, &kind, &version).await?;
    let (app, context) = (&ctx.app, ctx.actor_context());
    let (of, page) = (
        (kind.as_str(), version.as_str()),
        paths::admin_terms_version(&kind, &version),
    );
    // A number that is none was never that of the documents.
    let seen = Some(fields.seen.parse().unwrap_or(-1));
    let (outcome, to, done) = match fields.action.as_str() {
        "schedule" => {
            let moved = publications::reschedule(app, &context, of, &fields.effective, seen).await;
            (moved.map(drop), page.as_str(), "terms_rescheduled")
        }
        "withdraw" => {
            let withdrawn = publications::withdraw(app, &context, of, seen).await;
            (withdrawn, paths::ADMIN_TERMS, "terms_withdrawn")
        }
        _ => return ctx.again(typed.error("action", "error.choose")).await,
    };
    match outcome {
        Ok(()) => ctx.done(to, done).await,
        Err(Error::Fields(wrong)) => ctx.again(refused(typed, wrong)).await,
        // Somebody else was faster, or its day has come.
        Err(Error::Conflict) => ctx.failed(&page, "terms_changed").await,
        Err(other) => Err(other.into()),
    }
}
