//! `/focal-point/{organization}/requests`: what waits, and the decision about each. Mails link here and
//! carry no power (security.md AF-2).

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::super::organization_lists as lists;
use super::super::{ListQuery, PageContext, PageError, PageForm};
use super::{page, reference, refusal, request_row, show_of, waits};
use crate::affiliations;
use crate::affiliations::lifecycle::decisions::{self, Attempt};
use crate::affiliations::roster::{self, Entry, Search};
use crate::domain::affiliation::AffiliationStatus;
use crate::domain::organization::Organization;
use crate::domain::ties::TiesStatus;
use crate::domain::{AffiliationId, OrganizationId};
use crate::http::outcome::Outcome;
use crate::paths;
use crate::templates::pages::{ApprovedTogether, FocalPointRequest, FocalPointRequests};
use crate::templates::{Choice, FormState};

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Decision {
    pub decision: String,
    pub reason: String,
}

pub async fn list(
    ctx: PageContext,
    Path(organization): Path<String>,
    query: ListQuery,
) -> Result<Response, PageError> {
    let mut page = waiting(&ctx, &organization, &query).await?;
    let typed = ctx.form_or(FormState::default());
    page.form.notice = typed.notice;
    page.form.ticked = typed.ticked;
    if let Some(one) = typed.values.get("requests") {
        page.form.values.insert("requests".into(), one.clone());
    }
    page.approved_together = ctx.content();
    ctx.page(&page).await
}

async fn waiting(
    ctx: &PageContext,
    organization: &str,
    query: &ListQuery,
) -> Result<FocalPointRequests, PageError> {
    // Whoever comes without a filter looks for what waits.
    let status = if query.has("status") {
        query.get("status")
    } else {
        "pending"
    };
    let show = show_of(status).ok_or(PageError::NotFound)?;
    let search = Search {
        text: query.get("q"),
        show,
        page: query.page()?,
        ..Search::default()
    };
    let (found, organization) = page(ctx, organization, &search).await?;
    let path = paths::focal_point_requests(&OrganizationId::new(organization.id.as_str()));
    Ok(FocalPointRequests {
        organization,
        form: FormState::new([("q", query.get("q")), ("status", status)]),
        rows: found.entries.iter().map(request_row).collect(),
        paging: lists::paging(
            found.page,
            found.size,
            found.total,
            &path,
            query,
            &["q", "status"],
        ),
        approved_together: None,
    })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Chosen {
    decision: String,
    requests: Vec<String>,
}

/// Approves what was ticked in the list, and shows the list again with what became of each.
pub async fn approve(
    Path(organization): Path<String>,
    query: ListQuery,
    form: PageForm<Chosen>,
) -> Result<Response, PageError> {
    let PageForm { ctx, fields, .. } = form;
    let refusal = match fields.decision.as_str() {
        "approve" if fields.requests.is_empty() => Some("focal_point.bulk.none"),
        "approve" => None,
        _ => Some("error.try_again"),
    };
    // 404 for a list that is not theirs.
    waiting(&ctx, &organization, &query).await?;
    if let Some(notice) = refusal {
        return ctx.again(FormState::default().notice(notice)).await;
    }
    let id = OrganizationId::new(organization.as_str());
    let chosen: Vec<_> = fields.requests.into_iter().map(AffiliationId::new).collect();
    let attempts = decisions::approve_all(&ctx.app, &ctx.actor_context(), &id, &chosen).await?;
    let outcome = told(attempts);
    // G-9: that nothing could be done is no success.
    let status = match outcome.approved.is_empty() {
        true => StatusCode::CONFLICT,
        false => StatusCode::OK,
    };
    ctx.again_with(Outcome::of(&outcome)?.with_status(status)).await
}

fn told(attempts: Vec<Attempt>) -> ApprovedTogether {
    use affiliations::Error;
    let mut all = ApprovedTogether::default();
    for Attempt { entry, outcome, .. } in attempts {
        let Some(entry) = entry else {
            all.unknown += 1;
            continue;
        };
        let name = request_row(&entry).name;
        match outcome {
            Ok(()) => {
                all.ties_wait |= waits(&entry);
                all.approved.push(name);
            }
            Err(Error::Conflict) => all.decided_meanwhile.push(name),
            Err(Error::OwnRequest) => all.own.push(name),
            Err(Error::NotFound) => all.unknown += 1,
            Err(error) => {
                tracing::error!(%error, "a request could not be approved");
                all.failed.push(name);
            }
        }
    }
    all
}

pub async fn show(
    ctx: PageContext,
    Path((organization, id)): Path<(String, String)>,
) -> Result<Response, PageError> {
    let (entry, organization) = find(&ctx, &organization, &id).await?;
    if is_decided_elsewhere(&entry) {
        return Ok(ctx.redirect(&paths::focal_point_person(
            &organization.id,
            &entry.person.affiliation.account,
        )));
    }
    ctx.page(&view(&ctx, &organization, &entry, ctx.form_or(FormState::default())).await?)
        .await
}

/// What waits of somebody who is approved is decided on the person's page.
pub fn is_decided_elsewhere(entry: &Entry) -> bool {
    entry.person.affiliation.status() == AffiliationStatus::Approved && waits(entry)
}

pub async fn decide(
    Path((organization, id)): Path<(String, String)>,
    form: PageForm<Decision>,
) -> Result<Response, PageError> {
    let PageForm { ctx, fields, typed } = form;
    let (entry, organization) = find(&ctx, &organization, &id).await?;
    let id = AffiliationId::new(id);
    match outcome(&ctx, &id, &fields).await {
        Ok("approved") if waits(&entry) => {
            ctx.done(
                &paths::focal_point_person(&organization.id, &entry.person.affiliation.account),
                "approved",
            )
            .await
        }
        Ok(done) => {
            ctx.done(&paths::focal_point_requests(&organization.id), done)
                .await
        }
        Err(error) => {
            let (status, form) = refusal(error, typed)?;
            let (entry, organization) = again(find(&ctx, organization.id.as_str(), id.as_str()).await)?;
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

/// Decides, and says what was done.
pub async fn outcome(
    ctx: &PageContext,
    id: &AffiliationId,
    fields: &Decision,
) -> Result<&'static str, affiliations::Error> {
    let (app, context) = (&ctx.app, ctx.actor_context());
    match fields.decision.as_str() {
        "approve" => {
            decisions::approve(app, &context, id, &fields.reason).await?;
            Ok("approved")
        }
        "reject" => {
            decisions::reject(app, &context, id, &fields.reason).await?;
            Ok("rejected")
        }
        _ => Err(affiliations::Error::Invalid(
            [("decision", "error.choose")].into(),
        )),
    }
}

/// After a refusal the object may be out of sight, as somebody else has decided: that is a conflict.
pub fn again<T>(found: Result<T, PageError>) -> Result<T, PageError> {
    found.map_err(|error| match error {
        PageError::NotFound => PageError::Conflict,
        other => other,
    })
}

/// The request, if it is one of the organization that the path names (G-4).
async fn find(ctx: &PageContext, organization: &str, id: &str) -> Result<(Entry, Organization), PageError> {
    let id = AffiliationId::new(id);
    let (entry, its, _) = roster::find(&ctx.app, &ctx.actor_context(), &id).await?;
    if its.id.as_str() == organization {
        Ok((entry, its))
    } else {
        Err(PageError::NotFound)
    }
}

async fn view(
    ctx: &PageContext,
    organization: &Organization,
    entry: &Entry,
    form: FormState,
) -> Result<FocalPointRequest, PageError> {
    let affiliation = &entry.person.affiliation;
    let decision = affiliation.last_decision();
    Ok(FocalPointRequest {
        organization: reference(organization),
        form,
        request: request_row(entry),
        decided_at: decision.map(|it| it.at),
        reason: decision.and_then(|it| it.reason.clone()),
        decidable: affiliation.status() == AffiliationStatus::Pending && !entry.own,
        own: entry.own,
        rights: asked_for(ctx, entry).await?,
    })
}

/// The rights that the request asks for, by their names in the page's language.
pub async fn asked_for(ctx: &PageContext, entry: &Entry) -> Result<Vec<Choice>, PageError> {
    if !waits(entry) {
        return Ok(Vec::new());
    }
    let language = ctx.locale().as_str();
    let kinds = affiliations::ties::kinds(&ctx.app).await?;
    let asked = |name: &str| {
        let mut rights = entry.rights.iter();
        rights.any(|it| it.right == name && it.status() == TiesStatus::Requested)
    };
    let kinds = kinds.iter().filter(|it| asked(&it.name));
    Ok(kinds
        .map(|it| Choice::new(it.name.as_str(), it.label(language)))
        .collect())
}
