//! The requests for an affiliation: the list of what waits, and the decision about each. One page serves two doors:
//! `/focal-point/{organization}/requests` for the Focal Points of an organization, and `/admin/requests` for
//! administrators, whose list has the requests of organizations without a Focal Point who could decide.
//!
//! Mails link here and carry no power (security.md AF-2). What a person may see and decide is for `affiliations`.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::affiliation_refusal::{conflict_if_gone, refusal};
use super::affiliation_rows::{self as rows, reference, request_row, waits};
use super::paging::paging;
use super::{ListQuery, PageContext, PageError, PageForm};
use crate::affiliations::lifecycle::decisions::{self, Attempt};
use crate::affiliations::roster::{self, Entry, RosterSearch, Show};
use crate::affiliations::{self, ties};
use crate::domain::affiliation::AffiliationStatus;
use crate::domain::organization::Organization;
use crate::domain::ties::TiesStatus;
use crate::domain::{AffiliationId, OrganizationId};
use crate::http::outcome::Outcome;
use crate::paths;
use crate::templates::pages::{
    AdminRequests, AffiliationRequest, ApprovedTogether, FocalPointRequests, RequestRow,
};
use crate::templates::{FormChoice, FormState};

const FILTERS: [&str; 2] = ["q", "status"];
/// The filter of Focal Points who come without one.
const PENDING: &str = "pending";
/// The filter of administrators who come without one: all that waits, TIES rights as well.
const WAITING: &str = "waiting";

/// The holes of the path of one request. Without an organization the request came through the administrators' door.
#[derive(Debug, Deserialize)]
pub struct RequestPath {
    organization: Option<String>,
    id: String,
}

impl RequestPath {
    fn id(&self) -> AffiliationId {
        AffiliationId::new(self.id.as_str())
    }

    /// Returns the address of the list that the request's page leads back to.
    fn list(&self) -> String {
        match &self.organization {
            Some(id) => paths::focal_point_requests(&OrganizationId::new(id.as_str())),
            None => paths::ADMIN_REQUESTS.to_owned(),
        }
    }
}

/// Lists the requests of one organization.
pub async fn list_of_organization(
    ctx: PageContext,
    Path(organization): Path<String>,
    query: ListQuery,
) -> Result<Response, PageError> {
    let mut page = of_organization(&ctx, &organization, &query).await?;
    let typed = ctx.form_or(FormState::default());
    page.form.notice = typed.notice;
    page.form.ticked = typed.ticked;
    if let Some(one) = typed.values.get("requests") {
        page.form.values.insert("requests".into(), one.clone());
    }
    page.approved_together = ctx.content();
    ctx.page(&page).await
}

async fn of_organization(
    ctx: &PageContext,
    organization: &str,
    query: &ListQuery,
) -> Result<FocalPointRequests, PageError> {
    let id = OrganizationId::new(organization);
    let search = search_of_organization(query)?;
    let (found, organization) = rows::of_organization(ctx, &id, &search).await?;
    let path = paths::focal_point_requests(&id);
    Ok(FocalPointRequests {
        organization,
        form: FormState::new([("q", query.get("q")), ("status", status_or(query, PENDING))]),
        rows: found.entries.iter().map(request_row).collect(),
        paging: paging(&found, &path, query, &FILTERS),
        approved_together: None,
    })
}

/// Lists the requests of organizations without a Focal Point who could decide.
pub async fn list_without_focal_point(ctx: PageContext, query: ListQuery) -> Result<Response, PageError> {
    let status = status_or(&query, WAITING);
    let show = match status {
        WAITING => Show::Requests,
        other => show_of(other).ok_or(PageError::NotFound)?,
    };
    let search = search(&query, show)?;
    let found = roster::list_without_focal_point(&ctx.app, &ctx.actor_context(), &search).await?;
    let row = |entry: &Entry| RequestRow {
        organization: Some(entry.person.organization_name.clone()),
        ..request_row(entry)
    };
    let page = AdminRequests {
        form: FormState::new([("q", query.get("q")), ("status", status)]),
        rows: found.entries.iter().map(row).collect(),
        paging: paging(&found, paths::ADMIN_REQUESTS, &query, &FILTERS),
    };
    ctx.page(&page).await
}

/// Returns the requested filter. A person who comes without one looks for what waits.
fn status_or<'a>(query: &'a ListQuery, waiting: &'a str) -> &'a str {
    if query.has("status") {
        query.get("status")
    } else {
        waiting
    }
}

/// Returns what a filter shows; `None` if the lists do not offer it.
fn show_of(status: &str) -> Option<Show> {
    match status {
        "" => Some(Show::Everybody),
        PENDING => Some(Show::AffiliationRequests),
        "approved" => Some(Show::People),
        "rejected" => Some(Show::Rejected),
        _ => None,
    }
}

fn search_of_organization(query: &ListQuery) -> Result<RosterSearch<'_>, PageError> {
    let show = show_of(status_or(query, PENDING)).ok_or(PageError::NotFound)?;
    search(query, show)
}

fn search(query: &ListQuery, show: Show) -> Result<RosterSearch<'_>, PageError> {
    Ok(RosterSearch {
        text: query.get("q"),
        show,
        page: query.page()?,
        ..RosterSearch::default()
    })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Chosen {
    decision: String,
    requests: Vec<String>,
}

/// Approves the requests that were ticked in the list, and shows the list again with what became of each.
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
    let id = OrganizationId::new(organization.as_str());
    // The answer is 404 for a list that the GET would not show.
    let search = search_of_organization(&query)?;
    roster::require_to_list(&ctx.app, &ctx.actor_context(), &id, search.show).await?;
    if let Some(notice) = refusal {
        return ctx.again(FormState::default().notice(notice)).await;
    }
    let chosen: Vec<_> = fields.requests.into_iter().map(AffiliationId::new).collect();
    let attempts = decisions::approve_all(&ctx.app, &ctx.actor_context(), &id, &chosen).await?;
    let together = approved_together(attempts);
    // G-9: that nothing could be done is no success.
    let status = if together.approved.is_empty() {
        StatusCode::CONFLICT
    } else {
        StatusCode::OK
    };
    ctx.again_with(Outcome::of(&together)?.with_status(status)).await
}

fn approved_together(attempts: Vec<Attempt>) -> ApprovedTogether {
    use affiliations::Error;
    let mut all = ApprovedTogether::default();
    for Attempt { entry, result, .. } in attempts {
        let Some(entry) = entry else {
            all.unknown += 1;
            continue;
        };
        let name = request_row(&entry).name;
        match result {
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

/// Shows one request.
pub async fn show(ctx: PageContext, Path(path): Path<RequestPath>) -> Result<Response, PageError> {
    let (entry, organization) = find(&ctx, &path).await?;
    if is_decided_elsewhere(&entry) {
        return Ok(ctx.redirect(&person_path(&organization, &entry)));
    }
    let form = ctx.form_or(FormState::default());
    ctx.page(&view(&ctx, &path, (&entry, &organization), form).await?)
        .await
}

/// Returns `true` if the decision is made on the person's page: about what waits of somebody who is approved.
fn is_decided_elsewhere(entry: &Entry) -> bool {
    entry.person.affiliation.status() == AffiliationStatus::Approved && waits(entry)
}

/// Returns the page where TIES rights are decided, by an administrator as by a Focal Point.
fn person_path(organization: &Organization, entry: &Entry) -> String {
    paths::focal_point_person(&organization.id, &entry.person.affiliation.account)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Decision {
    decision: String,
    reason: String,
}

/// Approves or rejects one request.
pub async fn decide(Path(path): Path<RequestPath>, form: PageForm<Decision>) -> Result<Response, PageError> {
    let PageForm { ctx, fields, typed } = form;
    let (entry, organization) = find(&ctx, &path).await?;
    match carry_out(&ctx, &path.id(), &fields).await {
        Ok("approved") if waits(&entry) => ctx.done(&person_path(&organization, &entry), "approved").await,
        Ok(done) => ctx.done(&path.list(), done).await,
        Err(error) => {
            let (status, form) = refusal(error, typed)?;
            let (entry, organization) = conflict_if_gone(find(&ctx, &path).await)?;
            let outcome = Outcome::refused(status, form);
            if is_decided_elsewhere(&entry) {
                ctx.show_at(&person_path(&organization, &entry), outcome).await
            } else {
                ctx.again_with(outcome).await
            }
        }
    }
}

/// Decides, and returns the name of what was done.
async fn carry_out(
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

/// Finds the request; through an organization's door only if it is one of that organization (G-4).
async fn find(ctx: &PageContext, path: &RequestPath) -> Result<(Entry, Organization), PageError> {
    let (entry, organization, _) = roster::find(&ctx.app, &ctx.actor_context(), &path.id()).await?;
    match &path.organization {
        Some(id) if organization.id.as_str() != id => Err(PageError::NotFound),
        _ => Ok((entry, organization)),
    }
}

async fn view(
    ctx: &PageContext,
    path: &RequestPath,
    (entry, organization): (&Entry, &Organization),
    form: FormState,
) -> Result<AffiliationRequest, PageError> {
    let affiliation = &entry.person.affiliation;
    let decision = affiliation.last_decision();
    Ok(AffiliationRequest {
        for_administrators: path.organization.is_none(),
        organization: reference(organization),
        form,
        request: request_row(entry),
        decided_at: decision.map(|it| it.at),
        reason: decision.and_then(|it| it.reason.clone()),
        decidable: affiliation.status() == AffiliationStatus::Pending && !entry.own,
        own: entry.own,
        rights: requested_rights(ctx, entry).await?,
    })
}

/// Returns the rights that the request asks for, by their names in the language of the page.
async fn requested_rights(ctx: &PageContext, entry: &Entry) -> Result<Vec<FormChoice>, PageError> {
    if !waits(entry) {
        return Ok(Vec::new());
    }
    let language = ctx.locale().as_str();
    let kinds = ties::kinds(&ctx.app).await?;
    let asked = |name: &str| {
        let mut rights = entry.rights.iter();
        rights.any(|it| it.right == name && it.status() == TiesStatus::Requested)
    };
    let kinds = kinds.iter().filter(|it| asked(&it.name));
    Ok(kinds
        .map(|it| FormChoice::new(it.name.as_str(), it.label(language)))
        .collect())
}
