//! One request for an affiliation, and the decision about it. One page serves two doors: that below
//! `/focal-point/{organization}/requests` for the Focal Points of an organization, whose queue is in
//! `focal_point::requests`, and that below `/admin/requests` for administrators, whose list here has the requests of
//! organizations without a Focal Point who could decide.
//!
//! Mails link here and carry no power (security.md AF-2). What a person may see and decide is for `affiliations`.

use axum::extract::Path;
use axum::response::Response;
use serde::Deserialize;

use super::affiliation_filters::{FILTERS, PENDING, search};
use super::affiliation_refusal::{conflict_if_gone, refusal};
use super::affiliation_rows::{request_row, waits, workspace};
use super::paging::paging;
use super::{ListQuery, PageContext, PageError, PageForm};
use crate::affiliations::lifecycle::decisions;
use crate::affiliations::roster::{self, Entry, Show};
use crate::affiliations::{self, request_facts, ties};
use crate::domain::affiliation::AffiliationStatus;
use crate::domain::organization::{AddressDomain, Organization};
use crate::domain::ties::TiesStatus;
use crate::domain::{AffiliationId, OrganizationId};
use crate::http::outcome::Outcome;
use crate::paths;
use crate::templates::pages::{AdminRequests, AffiliationRequest, Earlier, RequestHelp, RequestRow};
use crate::templates::{FormChoice, FormState};

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

/// Lists the requests of organizations without a Focal Point who could decide: what waits, which is few among all. The
/// lists of one organization have the people and the decided requests.
pub async fn list_without_focal_point(ctx: PageContext, query: ListQuery) -> Result<Response, PageError> {
    let status = query.get("status");
    let show = match status {
        "" => Show::Requests,
        PENDING => Show::AffiliationRequests,
        _ => return Err(PageError::NotFound),
    };
    let search = search(&query, show)?;
    let found = roster::list_without_focal_point(&ctx.app, &ctx.actor_context(), &search).await?;
    let row = |entry: &Entry| RequestRow {
        organization: Some(entry.person.organization_name.clone()),
        ..request_row(&ctx, entry, None)
    };
    let mut form = query.form(&FILTERS);
    form.values.insert("status".into(), status.to_owned());
    let page = AdminRequests {
        form,
        rows: found.entries.iter().map(row).collect(),
        paging: paging(&found, paths::ADMIN_REQUESTS, &query, &FILTERS),
    };
    ctx.page(&page).await
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
    let is_pending = affiliation.status() == AffiliationStatus::Pending;
    Ok(AffiliationRequest {
        for_administrators: path.organization.is_none(),
        form,
        request: request_row(ctx, entry, Some(organization)),
        decided_at: decision.map(|it| it.at),
        reason: decision.and_then(|it| it.reason.clone()),
        decidable: is_pending && !entry.own,
        own: entry.own,
        rights: requested_rights(ctx, entry).await?,
        help: if is_pending {
            Some(help(ctx, path, (entry, organization)).await?)
        } else {
            None
        },
        organization: workspace(ctx, organization).await?,
    })
}

/// Returns what helps to decide.
async fn help(
    ctx: &PageContext,
    path: &RequestPath,
    (entry, organization): (&Entry, &Organization),
) -> Result<RequestHelp, PageError> {
    let facts = request_facts::of_request(&ctx.app, &ctx.actor_context(), entry, organization).await?;
    let earlier = facts.earlier.iter().map(|it| {
        let decision = it.last_decision();
        Earlier {
            requested_at: it.requested_at,
            status: it.status().as_str().to_owned(),
            since: it.approval().map(|it| it.at),
            until: decision.filter(|_| it.status().is_final()).map(|it| it.at),
            reason: decision.and_then(|it| it.reason.clone()),
        }
    });
    Ok(RequestHelp {
        address: match facts.address_domain {
            AddressDomain::Own => "own",
            AddressDomain::Foreign => "foreign",
            AddressDomain::Unknown => "unknown",
        },
        domains: organization.email_domains.clone(),
        was_affiliated: facts.earlier.iter().any(|it| it.approval().is_some()),
        earlier: earlier.collect(),
        days: facts.days,
        others: facts.others,
        next: facts.next.map(|it| match &path.organization {
            Some(_) => paths::focal_point_request(&organization.id, &it),
            None => paths::admin_request(&it),
        }),
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
