//! `/admin/terms`: the versions of the Terms of Use and of the Privacy Notice, who accepted them, and one of them as people see it,
//! with what changed in it. Who may is decided in `accounts::terms_versions`.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;

use crate::accounts::Error;
use crate::accounts::terms_versions::{self, VersionSearch, VersionView};
use crate::domain::profile::Language;
use crate::http::pages::documents;
use crate::http::pages::paging::{Position, paging};
use crate::http::pages::{ListQuery, PageContext, PageError, refused};
use crate::i18n::Locale;
use crate::paths;
use crate::templates::pages::{
    AdminTerms, AdminTermsVersion, Publisher, VersionDifference, VersionLanguage, VersionRow,
};

const FILTERS: [&str; 3] = ["q", "kind", "state"];

pub async fn list(ctx: PageContext, query: ListQuery) -> Result<Response, PageError> {
    let search = VersionSearch {
        text: query.get("q"),
        kind: query.get("kind"),
        state: query.get("state"),
        page: query.page()?,
        size: 0,
    };
    let form = query.form(&FILTERS);
    let page = match terms_versions::list(&ctx.app, &ctx.actor_context(), search).await {
        Ok(found) => AdminTerms {
            form,
            rows: found.rows.iter().map(row).collect(),
            paging: paging(&found, paths::ADMIN_TERMS, &query, &FILTERS),
        },
        Err(Error::Fields(wrong)) => {
            let page = AdminTerms {
                form: refused(form, wrong),
                rows: Vec::new(),
                paging: paging(Position::EMPTY, paths::ADMIN_TERMS, &query, &FILTERS),
            };
            return ctx.page_with(StatusCode::UNPROCESSABLE_ENTITY, &page).await;
        }
        Err(other) => return Err(other.into()),
    };
    ctx.page(&page).await
}

/// Shows a version in the language of `language`, or of the page.
pub async fn show(
    ctx: PageContext,
    Path((kind, version)): Path<(String, String)>,
    query: ListQuery,
) -> Result<Response, PageError> {
    let (app, context) = (&ctx.app, ctx.actor_context());
    let found = terms_versions::find(app, &context, &kind, &version).await?;
    let language = match query.get("language") {
        "" => documents::language(&ctx),
        typed => Language::parse(typed).ok_or(PageError::NotFound)?,
    };
    let text = terms_versions::text(app, &context, found.kind, &version, language).await?;
    let changes = terms_versions::changes(app, &context, found.kind, &version, language).await?;
    let sha256 = |language: Language| {
        let text = found.texts.iter().find(|it| it.language == language)?;
        Some(text.sha256.clone())
    };
    let publisher = terms_versions::publisher(app, &context, &found).await?;
    let written_in = Locale::from(text.language);
    let page = AdminTermsVersion {
        can_be_changed: found.can_be_changed(),
        published_at: found.publication.as_ref().map(|it| it.at),
        publisher: publisher.map(|it| Publisher {
            id: it.id.to_string(),
            name: it.profile.full_name(),
        }),
        trail: found.publication.as_ref().map(|_| {
            let object = format!("document:{}/{version}", found.kind.as_str());
            paths::with_parameter(paths::ADMIN_AUDIT, "subject", &object)
        }),
        row: row(&found),
        source: found.source.as_str(),
        languages: Language::ALL
            .iter()
            .map(|it| VersionLanguage {
                code: it.as_str(),
                sha256: sha256(*it),
            })
            .collect(),
        language: language.as_str(),
        written_in: written_in.as_str(),
        dir: written_in.direction(),
        changed: text.changed.clone(),
        blocks: text.blocks.clone(),
        changes: changes.map(|it| VersionDifference {
            before: it.before.version.clone(),
            difference: it.difference,
        }),
    };
    ctx.page(&page).await
}

pub(super) fn row(of: &VersionView) -> VersionRow {
    VersionRow {
        kind: of.kind.as_str(),
        version: of.version.clone(),
        state: of.state.as_str(),
        effective_from: of.effective_from,
        until: of.until,
        missing: of.missing.iter().map(|it| it.as_str()).collect(),
        accepted: of.accepted.map(|it| it.number),
        yet_to_accept: of.yet_to_accept,
        counted_at: of.accepted.map(|it| it.at),
    }
}
