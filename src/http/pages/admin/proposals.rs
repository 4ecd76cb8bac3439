//! `/admin/proposals`: organizations that people typed in, until an administrator accepts one, corrected,
//! merges it into a record that is there, or rejects it (product.md; security.md SU-6).

use axum::extract::Path;
use axum::response::Response;
use serde::Deserialize;

use crate::affiliations;
use crate::affiliations::directory::admin::{self, Record};
use crate::affiliations::directory::merge;
use crate::affiliations::directory::proposals::{self, Correction};
use crate::domain::OrganizationId;
use crate::domain::organization::Organization;
use crate::http::pages::affiliation_refusal::refusal;
use crate::http::pages::organization_lists::{self as lists, Types};
use crate::http::pages::paging::paging;
use crate::http::pages::{ListQuery, PageContext, PageError, PageForm};
use crate::paths;
use crate::templates::FormState;
use crate::templates::pages::{
    AdminMerge, AdminProposal, AdminProposals, Confirm, MergeMember, OrganizationRow, ProposalRow,
};

pub async fn list(ctx: PageContext, query: ListQuery) -> Result<Response, PageError> {
    let (found, people) = admin::proposals(&ctx.app, &ctx.actor_context(), query.page()?, 0).await?;
    let rows = found
        .rows
        .iter()
        .zip(people)
        .map(|(organization, people)| ProposalRow {
            id: organization.id.as_str().to_owned(),
            name: organization.name.clone(),
            member_state: lists::country(organization),
            proposed_at: organization.created_at,
            people,
        });
    let page = AdminProposals {
        rows: rows.collect(),
        paging: paging(&found, paths::ADMIN_PROPOSALS, &query, &[]),
    };
    ctx.page(&page).await
}

pub async fn show(ctx: PageContext, Path(id): Path<String>) -> Result<Response, PageError> {
    let record = find(&ctx, &id).await?;
    let form = ctx.form_or(as_it_is(&record));
    ctx.page(&view(&ctx, &record, form).await?).await
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
    let PageForm { ctx, fields, typed } = form;
    let record = find(&ctx, &id).await?;
    match outcome(&ctx, &record.organization.id, &fields).await {
        Ok(()) => ctx.done(paths::ADMIN_PROPOSALS, "saved").await,
        Err(error) => {
            // The form that confirms has few of the fields that are shown again.
            let mut form = as_it_is(&record);
            form.values.extend(typed.values);
            let (status, form) = refusal(error, form)?;
            ctx.again_as(status, form).await
        }
    }
}

/// Says what `decide` will do.
pub async fn confirm(ctx: PageContext, Path(id): Path<String>) -> Result<Response, PageError> {
    let record = find(&ctx, &id).await?;
    let path = paths::admin_proposal(&record.organization.id);
    let mut page = match ctx.given("decision").as_deref() {
        Some("reject") => Confirm::new("reject", &path, "reject", "focal_point.reject"),
        Some("merge") => {
            let page = side_by_side(&ctx, &record).await?;
            return ctx.page(&page).await;
        }
        _ => return ctx.show_elsewhere(&path).await,
    };
    page.takes_reason = true;
    let page = page.decides().of(record.organization.name);
    ctx.page(&page.again(ctx.form_or(FormState::default()))).await
}

/// Shows the proposal beside the record that it is merged into, and what that does to people.
async fn side_by_side(ctx: &PageContext, record: &Record) -> Result<AdminMerge, PageError> {
    let id = &record.organization.id;
    let into = OrganizationId::new(ctx.given("organization_id").unwrap_or_default());
    let preview = merge::preview(&ctx.app, &ctx.actor_context(), id, &into).await?;
    let types = Types::read(ctx).await?;
    let row = |it: &Organization| types.row(ctx, it);
    let (proposed, existing) = (row(&preview.source), row(&preview.target));
    let member = |name, label, of: fn(&OrganizationRow) -> Option<String>| {
        let value = |it: &OrganizationRow| of(it).unwrap_or_default();
        let (proposed, existing) = (value(&proposed), value(&existing));
        MergeMember {
            is_same: proposed == existing,
            name,
            label,
            proposed,
            existing,
        }
    };
    let members = vec![
        member("name", "field.organization_name", |it| Some(it.name.clone())),
        member("acronym", "field.organization_acronym", |it| it.acronym.clone()),
        member("membership_type", "field.membership_type", |it| {
            Some(it.membership_type.clone())
        }),
        member("category", "field.category", |it| Some(it.category.clone())),
        member("member_state", "field.member_state", |it| it.member_state.clone()),
        member("website", "field.organization_website", |it| it.website.clone()),
    ];
    Ok(AdminMerge {
        form: ctx.form_or(FormState::default()),
        id: id.as_str().to_owned(),
        name: proposed.name.clone(),
        organization_id: into.as_str().to_owned(),
        organization: existing.name.clone(),
        members,
        moved: preview.moved,
        asked_again: preview.asked_again,
    })
}

async fn outcome(
    ctx: &PageContext,
    id: &OrganizationId,
    fields: &Decision,
) -> Result<(), affiliations::Error> {
    let (app, context) = (&ctx.app, ctx.actor_context());
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
            proposals::accept(app, &context, id, &correction, &fields.reason).await
        }
        "merge" => {
            let into = OrganizationId::new(fields.organization_id.as_str());
            merge::merge(app, &context, id, &into, &fields.reason).await
        }
        "reject" => proposals::reject(app, &context, id, &fields.reason).await,
        _ => Err(affiliations::Error::Invalid(
            [("decision", "error.choose")].into(),
        )),
    }
}

async fn find(ctx: &PageContext, id: &str) -> Result<Record, PageError> {
    let id = OrganizationId::new(id);
    Ok(admin::find_proposal(&ctx.app, &ctx.actor_context(), &id).await?)
}

/// Returns the record as it was typed; its proposer's type is the first guess.
fn as_it_is(record: &Record) -> FormState {
    let organization = &record.organization;
    let its_type = organization
        .claimed_type
        .as_ref()
        .unwrap_or(&organization.membership_type);
    FormState::new([
        ("name", organization.name.as_str()),
        ("acronym", organization.acronym.as_deref().unwrap_or_default()),
        ("membership_type", its_type.as_str()),
        ("category", organization.category.as_str()),
        (
            "member_state",
            organization.country.as_ref().map_or("", |it| it.as_str()),
        ),
        ("website", organization.website.as_deref().unwrap_or_default()),
    ])
}

async fn view(ctx: &PageContext, record: &Record, form: FormState) -> Result<AdminProposal, PageError> {
    let organization = &record.organization;
    let types = Types::read(ctx).await?;
    let similar = admin::similar(&ctx.app, &ctx.actor_context(), &organization.name).await?;
    Ok(AdminProposal {
        form,
        id: organization.id.as_str().to_owned(),
        proposed_at: organization.created_at,
        city: organization.city.clone(),
        people: record.people,
        membership_types: types.choices(ctx),
        categories: lists::categories(),
        similar: types.rows(ctx, &similar),
    })
}
