//! `/admin/organizations/{id}/edit`: an administrator changes the record of an organization, its membership dates and status
//! included. The version that was shown travels with the form: if somebody else has changed the record meanwhile, nothing is
//! saved, what was typed stays, and what is stored now stands beside it (security.md G-9). What takes something from people
//! has a page before it that says so.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::organizations_import::text;
use crate::affiliations::directory::admin;
use crate::affiliations::directory::edit::{self, Edit, EditError, EditPreview};
use crate::domain::OrganizationId;
use crate::domain::organization::{Organization, OrganizationStatus, Sector};
use crate::http::outcome::Outcome;
use crate::http::pages::affiliation_refusal::refusal;
use crate::http::pages::organization_lists::{self as lists, Types};
use crate::http::pages::{PageContext, PageError, PageForm};
use crate::paths;
use crate::templates::FormState;
use crate::templates::pages::{
    AdminOrganizationEdit, AdminOrganizationEditConfirm, ImportMember, StoredValue,
};

/// The form field of the version that was shown.
const SEEN: &str = "seen";

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fields {
    seen: String,
    name: String,
    acronym: String,
    membership_type: String,
    category: String,
    sector_r: String,
    sector_t: String,
    sector_d: String,
    member_state: String,
    website: String,
    status: String,
    valid_from: String,
    valid_until: String,
    email_domains: String,
    reason: String,
}

impl Fields {
    /// Returns what was typed into the form.
    fn of(form: &FormState) -> Self {
        let text = |name| form.value(name).to_owned();
        Self {
            seen: text(SEEN),
            name: text("name"),
            acronym: text("acronym"),
            membership_type: text("membership_type"),
            category: text("category"),
            sector_r: text("sector_r"),
            sector_t: text("sector_t"),
            sector_d: text("sector_d"),
            member_state: text("member_state"),
            website: text("website"),
            status: text("status"),
            valid_from: text("valid_from"),
            valid_until: text("valid_until"),
            email_domains: text("email_domains"),
            reason: text("reason"),
        }
    }

    fn edit(&self) -> Edit {
        let sectors = [
            (&self.sector_r, Sector::Radiocommunication),
            (&self.sector_t, Sector::Standardization),
            (&self.sector_d, Sector::Development),
        ];
        let sectors = sectors.into_iter().filter(|it| !it.0.is_empty());
        let sectors: Vec<&str> = sectors.map(|it| it.1.as_str()).collect();
        let domains: Vec<&str> = self.email_domains.split_whitespace().collect();
        let line = |text: &String| text.trim().to_owned();
        Edit {
            cells: vec![
                ("name", line(&self.name)),
                ("acronym", line(&self.acronym)),
                ("membership_type", line(&self.membership_type)),
                ("category", line(&self.category)),
                ("sectors", sectors.join(";")),
                ("member_state", line(&self.member_state)),
                ("website", line(&self.website)),
                ("status", line(&self.status)),
                ("valid_from", line(&self.valid_from)),
                ("valid_until", line(&self.valid_until)),
                ("email_domains", domains.join(";")),
            ],
            reason: self.reason.clone(),
        }
    }

    /// Returns the record as the administrator has seen it, as far as a change depends on it.
    fn seen(&self, organization: &Organization) -> Organization {
        Organization {
            // No record has this version: nothing that was not shown is changed.
            version: self.seen.parse().unwrap_or(-1),
            ..organization.clone()
        }
    }
}

fn stored(organization: &Organization) -> FormState {
    let has = |sector| {
        if organization.sectors.contains(&sector) {
            "on"
        } else {
            ""
        }
    };
    let date = |date: Option<chrono::NaiveDate>| date.map_or_else(String::new, |it| it.to_string());
    let optional = |text: &Option<String>| text.clone().unwrap_or_default();
    let country = lists::country(organization).unwrap_or_default();
    FormState::new([
        ("name", organization.name.clone()),
        ("acronym", optional(&organization.acronym)),
        ("membership_type", organization.membership_type.to_string()),
        ("category", organization.category.as_str().to_owned()),
        ("sector_r", has(Sector::Radiocommunication).to_owned()),
        ("sector_t", has(Sector::Standardization).to_owned()),
        ("sector_d", has(Sector::Development).to_owned()),
        ("member_state", country),
        ("website", optional(&organization.website)),
        ("status", organization.status.as_str().to_owned()),
        ("valid_from", date(organization.valid_from)),
        ("valid_until", date(organization.valid_until)),
        ("email_domains", organization.email_domains.join("\n")),
    ])
}

async fn find(ctx: &PageContext, id: &str) -> Result<Organization, PageError> {
    let id = OrganizationId::new(id);
    Ok(admin::find(&ctx.app, &ctx.actor_context(), &id)
        .await?
        .organization)
}

pub async fn show(ctx: PageContext, Path(id): Path<String>) -> Result<Response, PageError> {
    let organization = find(&ctx, &id).await?;
    let now = stored(&organization);
    let version = organization.version.to_string();
    let mut form = ctx.form_or(now.clone());
    // What was typed may be older than what is stored, whatever else is wrong with it.
    let is_stale = ctx.outcome().form.is_some() && form.value(SEEN) != version;
    let mut differing = Vec::new();
    if is_stale {
        form = form.notice("admin.organization_edit.conflict");
        let fields = now.values.iter();
        let fields = fields.filter(|(name, value)| form.value(name) != value.as_str());
        differing.extend(fields.map(|(name, value)| StoredValue {
            label: label_of(name),
            value: value.clone(),
        }));
    }
    let statuses = OrganizationStatus::ALL.iter().filter(|it| {
        **it == organization.status || (it.is_accepted() && organization.status.may_become(**it))
    });
    let page = AdminOrganizationEdit {
        id: organization.id.to_string(),
        name: organization.name.clone(),
        seen: version,
        stored: differing,
        membership_types: Types::read(&ctx).await?.choices(&ctx),
        categories: lists::categories(),
        statuses: statuses.map(|it| it.as_str()).collect(),
        form,
    };
    ctx.page(&page).await
}

/// Returns the key of the label of a field.
fn label_of(field: &str) -> &'static str {
    match field {
        "name" => "field.organization_name",
        "acronym" => "field.organization_acronym",
        "membership_type" => "field.membership_type",
        "category" => "field.category",
        "member_state" => "field.member_state",
        "website" => "field.organization_website",
        "status" => "field.status",
        "valid_from" => "admin.organization_edit.valid_from",
        "valid_until" => "admin.organization_edit.valid_until",
        "email_domains" => "admin.organization_edit.email_domains",
        _ => "admin.organization_edit.sectors",
    }
}

/// Saves what takes nothing from anybody; else leads to the page that says what it takes.
pub async fn save(Path(id): Path<String>, form: PageForm<Fields>) -> Result<Response, PageError> {
    let PageForm { ctx, fields, typed } = form;
    let organization = find(&ctx, &id).await?;
    let (seen, edit) = (fields.seen(&organization), fields.edit());
    match edit::preview(&ctx.app, &ctx.actor_context(), &seen, &edit).await {
        Ok(preview) if preview.people > 0 => {
            let to = paths::admin_organization_edit_confirm(&organization.id);
            ctx.show_at(&to, Outcome::refused(StatusCode::OK, typed)).await
        }
        Ok(_) => write(&ctx, &seen, &edit, typed).await,
        Err(error) => wrong(&ctx, &organization.id, error, typed).await,
    }
}

/// Says what `apply` will do, with all that was typed.
pub async fn confirm(ctx: PageContext, Path(id): Path<String>) -> Result<Response, PageError> {
    let organization = find(&ctx, &id).await?;
    let edit_page = paths::admin_organization_edit(&organization.id);
    let Some(typed) = ctx.outcome().form.clone() else {
        return ctx.show_elsewhere(&edit_page).await;
    };
    let fields = Fields::of(&typed);
    let (seen, edit) = (fields.seen(&organization), fields.edit());
    match edit::preview(&ctx.app, &ctx.actor_context(), &seen, &edit).await {
        Ok(EditPreview { members, people }) => {
            let members = members.into_iter().map(|it| ImportMember {
                member: it.member,
                before: it.before.as_ref().map(text),
                after: it.after.as_ref().map(text),
            });
            let page = AdminOrganizationEditConfirm {
                id: organization.id.to_string(),
                name: organization.name.clone(),
                members: members.collect(),
                people,
                fields: typed.values.clone().into_iter().collect(),
                form: FormState::default(),
            };
            ctx.page(&page).await
        }
        Err(error) => wrong(&ctx, &organization.id, error, typed).await,
    }
}

pub async fn apply(Path(id): Path<String>, form: PageForm<Fields>) -> Result<Response, PageError> {
    let PageForm { ctx, fields, typed } = form;
    let organization = find(&ctx, &id).await?;
    let (seen, edit) = (fields.seen(&organization), fields.edit());
    write(&ctx, &seen, &edit, typed).await
}

async fn write(
    ctx: &PageContext,
    seen: &Organization,
    edit: &Edit,
    typed: FormState,
) -> Result<Response, PageError> {
    match edit::edit(&ctx.app, &ctx.actor_context(), seen, edit).await {
        Ok(_) => ctx.done(&paths::admin_organization(&seen.id), "saved").await,
        Err(error) => wrong(ctx, &seen.id, error, typed).await,
    }
}

/// Shows the form again, with what is wrong.
async fn wrong(
    ctx: &PageContext,
    id: &OrganizationId,
    error: EditError,
    typed: FormState,
) -> Result<Response, PageError> {
    let (status, form) = match error {
        EditError::Changed => (StatusCode::CONFLICT, typed),
        EditError::Value(refused) => {
            let column = refused.reason.split(' ').next().unwrap_or_default().to_owned();
            let form = typed.error(field_of(&column), message_of(&column, &refused.reason));
            (StatusCode::UNPROCESSABLE_ENTITY, form.notice("error.form"))
        }
        EditError::Room(error) => refusal(error, typed)?,
    };
    let to = paths::admin_organization_edit(id);
    ctx.show_at(&to, Outcome::refused(status, form)).await
}

fn field_of(column: &str) -> &str {
    if column == "sectors" { "sector_r" } else { column }
}

fn message_of(column: &str, reason: &str) -> &'static str {
    let is_needed = reason.ends_with(" is needed");
    match column {
        "name" if is_needed => "error.required",
        "membership_type" | "category" | "member_state" | "status" => "error.choose",
        "website" => "error.website",
        "valid_until" if reason.contains("before") => "admin.organization_edit.dates",
        "valid_from" | "valid_until" => "error.date",
        "email_domains" => "admin.organization_edit.no_domain",
        _ => "error.invalid",
    }
}
