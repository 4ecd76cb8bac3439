//! `/admin/proposals`: organizations that people typed in, until an administrator accepts one, corrected,
//! merges it into a record that is there, or rejects it (product.md; security.md SU-6).

use axum::extract::Path;
use axum::response::Response;
use serde::Deserialize;

use super::super::focal_point::{refusal, segment};
use super::super::organization_lists::{self as lists, Types};
use super::super::{ListQuery, PageError, PageForm, Visit};
use crate::affiliations::organizations::{self, Correction};
use crate::affiliations::records::{self, Record};
use crate::affiliations::{self, merging};
use crate::domain::OrganizationId;
use crate::templates::FormState;
use crate::templates::pages::{AdminProposal, AdminProposals, Confirm, ProposalRow};

const PATH: &str = "/admin/proposals";

pub async fn list(visit: Visit, query: ListQuery) -> Result<Response, PageError> {
    let (found, people) = records::proposals(&visit.app, &visit.context(), query.page()?).await?;
    let rows = found.rows.iter().zip(people).map(|(it, people)| ProposalRow {
        id: it.id.as_str().to_owned(),
        name: it.name.clone(),
        member_state: lists::country(it),
        proposed_at: it.created_at,
        people,
    });
    let page = AdminProposals {
        rows: rows.collect(),
        paging: lists::paging_of(&found, PATH, &query, &[]),
    };
    visit.page(&page).await
}

pub async fn show(visit: Visit, Path(id): Path<String>) -> Result<Response, PageError> {
    let record = find(&visit, &id).await?;
    let form = visit.form_or(as_it_is(&record));
    visit.page(&view(&visit, &record, form).await?).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Decision {
    decision: String,
    name: String,
    acronym: String,
    membership_type: String,
    category: String,
    member_state: String,
    website: String,
    organization_id: String,
    reason: String,
}

pub async fn decide(Path(id): Path<String>, form: PageForm<Decision>) -> Result<Response, PageError> {
    let PageForm { visit, fields, typed } = form;
    let record = find(&visit, &id).await?;
    match outcome(&visit, &record.organization.id, &fields).await {
        Ok(()) => visit.done(PATH, "saved").await,
        Err(error) => {
            // The form that confirms has few of the fields that are shown again.
            let mut form = as_it_is(&record);
            form.values.extend(typed.values);
            let (status, form) = refusal(error, form)?;
            visit.again_as(status, form).await
        }
    }
}

/// Says what `decide` will do.
pub async fn confirm(visit: Visit, Path(id): Path<String>) -> Result<Response, PageError> {
    let record = find(&visit, &id).await?;
    let path = format!("{PATH}/{}", segment(&id));
    let mut page = match visit.given("decision").as_deref() {
        Some("reject") => Confirm::new("reject", &path, "reject", "focal_point.reject"),
        Some("merge") => {
            let into = OrganizationId::new(visit.given("organization_id").unwrap_or_default());
            let target = records::find(&visit.app, &visit.context(), &into).await?;
            Confirm::new("merge", &path, "merge", "admin.proposal.merge_into")
                .within(&target.organization.name)
                .with("organization_id", into.as_str())
        }
        _ => return visit.show_elsewhere(&path).await,
    };
    page.takes_reason = true;
    let page = page.decides().of(record.organization.name);
    visit.page(&page.again(visit.form_or(FormState::default()))).await
}

async fn outcome(visit: &Visit, id: &OrganizationId, fields: &Decision) -> Result<(), affiliations::Error> {
    let (app, context) = (&visit.app, visit.context());
    match fields.decision.as_str() {
        "accept" => {
            let correction = Correction {
                name: &fields.name,
                acronym: &fields.acronym,
                membership_type: &fields.membership_type,
                category: &fields.category,
                member_state: &fields.member_state,
                website: &fields.website,
                sectors: None,
            };
            organizations::accept(app, &context, id, &correction, &fields.reason).await
        }
        "merge" => {
            let into = OrganizationId::new(fields.organization_id.as_str());
            merging::merge(app, &context, id, &into, &fields.reason).await
        }
        "reject" => organizations::reject(app, &context, id, &fields.reason).await,
        _ => Err(affiliations::Error::Invalid(
            [("decision", "error.choose")].into(),
        )),
    }
}

async fn find(visit: &Visit, id: &str) -> Result<Record, PageError> {
    let id = OrganizationId::new(id);
    Ok(records::find_proposal(&visit.app, &visit.context(), &id).await?)
}

/// As it was typed; what its proposer said of its type is the first guess.
fn as_it_is(record: &Record) -> FormState {
    let it = &record.organization;
    let its_type = it.claimed_type.as_ref().unwrap_or(&it.membership_type);
    FormState::new([
        ("name", it.name.as_str()),
        ("acronym", it.acronym.as_deref().unwrap_or_default()),
        ("membership_type", its_type.as_str()),
        ("category", it.category.as_str()),
        ("member_state", it.country.as_ref().map_or("", |it| it.as_str())),
        ("website", it.website.as_deref().unwrap_or_default()),
    ])
}

async fn view(visit: &Visit, record: &Record, form: FormState) -> Result<AdminProposal, PageError> {
    let it = &record.organization;
    let types = Types::read(visit).await?;
    let similar = records::similar(&visit.app, &visit.context(), &it.name).await?;
    Ok(AdminProposal {
        form,
        id: it.id.as_str().to_owned(),
        proposed_at: it.created_at,
        city: it.city.clone(),
        people: record.people,
        membership_types: types.choices(visit),
        categories: lists::categories(),
        similar: types.rows(visit, &similar),
    })
}
