//! `/admin/requests`: of organizations without a Focal Point who could decide. The page of one request
//! takes any, as its mail went to the administrators when that was so.

use axum::extract::Path;
use axum::response::Response;

use super::super::focal_point::requests::{Decision, again, asked_for, is_decided_elsewhere, outcome};
use super::super::focal_point::{refusal, request_row, show_of, waits};
use super::super::organization_lists as lists;
use super::super::{ListQuery, PageContext, PageError, PageForm};
use crate::affiliations::roster::{self, Entry, Search, Show};
use crate::domain::AffiliationId;
use crate::domain::affiliation::AffiliationStatus;
use crate::domain::organization::Organization;
use crate::http::outcome::Outcome;
use crate::paths;
use crate::templates::FormState;
use crate::templates::pages::{AdminRequest, AdminRequests, OrganizationRef, RequestRow};

const WAITING: &str = "waiting";

pub async fn list(ctx: PageContext, query: ListQuery) -> Result<Response, PageError> {
    // Whoever comes without a filter looks for what waits, TIES rights as well.
    let status = match query.has("status") {
        true => query.get("status"),
        false => WAITING,
    };
    let show = match status {
        WAITING => Show::Requests,
        other => show_of(other).ok_or(PageError::NotFound)?,
    };
    let search = Search {
        text: query.get("q"),
        show,
        page: query.page()?,
        ..Search::default()
    };
    let found = roster::list_without_focal_point(&ctx.app, &ctx.actor_context(), &search).await?;
    let row = |it: &Entry| RequestRow {
        organization: Some(it.person.organization_name.clone()),
        ..request_row(it)
    };
    let page = AdminRequests {
        form: FormState::new([("q", query.get("q")), ("status", status)]),
        rows: found.entries.iter().map(row).collect(),
        paging: lists::paging(
            found.page,
            found.size,
            found.total,
            paths::ADMIN_REQUESTS,
            &query,
            &["q", "status"],
        ),
    };
    ctx.page(&page).await
}

pub async fn show(ctx: PageContext, Path(id): Path<String>) -> Result<Response, PageError> {
    let (entry, organization) = find(&ctx, &id).await?;
    if is_decided_elsewhere(&entry) {
        return Ok(ctx.redirect(&paths::focal_point_person(
            &organization.id,
            &entry.person.affiliation.account,
        )));
    }
    ctx.page(&view(&ctx, &organization, &entry, ctx.form_or(FormState::default())).await?)
        .await
}

pub async fn decide(Path(id): Path<String>, form: PageForm<Decision>) -> Result<Response, PageError> {
    let PageForm { ctx, fields, typed } = form;
    let (entry, organization) = find(&ctx, &id).await?;
    match outcome(&ctx, &AffiliationId::new(id.as_str()), &fields).await {
        Ok("approved") if waits(&entry) => {
            ctx.done(
                &paths::focal_point_person(&organization.id, &entry.person.affiliation.account),
                "approved",
            )
            .await
        }
        Ok(done) => ctx.done(paths::ADMIN_REQUESTS, done).await,
        Err(error) => {
            let (status, form) = refusal(error, typed)?;
            let (entry, organization) = again(find(&ctx, &id).await)?;
            let outcome = Outcome::refused(status, form);
            match is_decided_elsewhere(&entry) {
                true => {
                    ctx.show_at(
                        &paths::focal_point_person(&organization.id, &entry.person.affiliation.account),
                        outcome,
                    )
                    .await
                }
                false => ctx.again_with(outcome).await,
            }
        }
    }
}

async fn find(ctx: &PageContext, id: &str) -> Result<(Entry, Organization), PageError> {
    let (app, context) = (&ctx.app, ctx.actor_context());
    let (entry, organization, _) = roster::find(app, &context, &AffiliationId::new(id)).await?;
    Ok((entry, organization))
}

async fn view(
    ctx: &PageContext,
    organization: &Organization,
    entry: &Entry,
    form: FormState,
) -> Result<AdminRequest, PageError> {
    let affiliation = &entry.person.affiliation;
    let decision = affiliation.last_decision();
    Ok(AdminRequest {
        form,
        organization: OrganizationRef {
            id: organization.id.as_str().to_owned(),
            name: organization.name.clone(),
        },
        request: request_row(entry),
        decided_at: decision.map(|it| it.at),
        reason: decision.and_then(|it| it.reason.clone()),
        decidable: affiliation.status() == AffiliationStatus::Pending && !entry.own,
        own: entry.own,
        rights: asked_for(ctx, entry).await?,
    })
}
