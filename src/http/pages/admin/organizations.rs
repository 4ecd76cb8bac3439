//! `/admin/organizations`: the records, and who their Focal Points are. An administrator names the first
//! one (security.md AF-6).

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use crate::affiliations;
use crate::affiliations::directory::admin;
use crate::affiliations::focal_points::{self, Whom};
use crate::affiliations::{offices, roster};
use crate::domain::account::{Account, EmailAddress};
use crate::domain::{AccountId, OrganizationId};
use crate::http::pages::affiliation_refusal::refusal;
use crate::http::pages::focal_point::office::row;
use crate::http::pages::organization_lists::{self as lists, Types};
use crate::http::pages::paging::{Position, paging};
use crate::http::pages::{ListQuery, PageContext, PageError, PageForm, refused};
use crate::paths;
use crate::templates::FormState;
use crate::templates::pages::{AdminOrganization, AdminOrganizations, Confirm};

const FILTERS: [&str; 3] = ["q", "membership_type", "status"];

pub async fn list(ctx: PageContext, query: ListQuery) -> Result<Response, PageError> {
    let types = Types::read(&ctx).await?;
    let mut page = AdminOrganizations {
        form: query.form(&FILTERS),
        membership_types: types.choices(&ctx),
        rows: Vec::new(),
        paging: paging(Position::EMPTY, paths::ADMIN_ORGANIZATIONS, &query, &FILTERS),
    };
    match admin::list(&ctx.app, &ctx.actor_context(), &lists::search(&query)?).await {
        Ok(found) => {
            page.rows = types.rows(&ctx, &found.rows);
            page.paging = paging(&found, paths::ADMIN_ORGANIZATIONS, &query, &FILTERS);
            ctx.page(&page).await
        }
        Err(affiliations::Error::Invalid(wrong)) => {
            page.form = refused(page.form, wrong);
            ctx.page_with(StatusCode::UNPROCESSABLE_ENTITY, &page).await
        }
        Err(other) => Err(other.into()),
    }
}

pub async fn show(ctx: PageContext, Path(id): Path<String>) -> Result<Response, PageError> {
    ctx.page(&view(&ctx, &id, ctx.form_or(FormState::default())).await?)
        .await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Act {
    action: String,
    email: String,
    account_id: String,
}

pub async fn act(Path(id): Path<String>, form: PageForm<Act>) -> Result<Response, PageError> {
    let PageForm { ctx, fields, typed } = form;
    // The answer is 404 before anything is said about the fields.
    admin::find(&ctx.app, &ctx.actor_context(), &OrganizationId::new(id.as_str())).await?;
    let outcome = match fields.action.as_str() {
        // The address comes first, and leads to the page that says what will happen; then the account.
        "designate" if fields.account_id.is_empty() => match candidate(&ctx, &id, &fields.email).await {
            Ok(account) => {
                let to = paths::admin_organization_confirm(&OrganizationId::new(id.as_str()));
                let to = paths::with_parameter(&to, "action", "designate");
                let to = paths::with_parameter(&to, "account_id", account.id.as_str());
                return Ok(ctx.redirect(&to));
            }
            Err(error) => Err(error),
        },
        "designate" => designate(&ctx, &id, &fields.account_id).await,
        "undesignate" => undesignate(&ctx, &id, &fields.account_id).await,
        _ => Err(affiliations::Error::Invalid([("action", "error.choose")].into())),
    };
    match outcome {
        Ok(done) => {
            ctx.done(
                &paths::admin_organization(&OrganizationId::new(id.as_str())),
                done,
            )
            .await
        }
        Err(error) => {
            let (status, form) = refusal(error, typed)?;
            ctx.again_as(status, form).await
        }
    }
}

/// Says what `act` will do.
pub async fn confirm(ctx: PageContext, Path(id): Path<String>) -> Result<Response, PageError> {
    let (app, context) = (&ctx.app, ctx.actor_context());
    let organization = OrganizationId::new(id.as_str());
    let record = admin::find(app, &context, &organization).await?;
    let path = paths::admin_organization(&organization);
    let account = AccountId::new(ctx.given("account_id").unwrap_or_default());
    let (name, page) = match ctx.given("action").as_deref() {
        Some("designate") => {
            let candidate =
                focal_points::candidate(app, &context, &organization, &Whom::Account(&account)).await?;
            let name = format!("{} ({})", candidate.profile.full_name(), candidate.email.as_str());
            (
                name,
                Confirm::new("appoint", &path, "designate", "focal_point.designate"),
            )
        }
        Some("undesignate") => {
            let affiliation = roster::affiliation_of(app, &context, &organization, &account).await?;
            let (entry, ..) = roster::find(app, &context, &affiliation).await?;
            let name = entry.person.full_name();
            (
                name,
                Confirm::new("undesignate", &path, "undesignate", "focal_point.undesignate"),
            )
        }
        _ => return ctx.show_elsewhere(&path).await,
    };
    let page = page
        .of(name)
        .within(&record.organization.name)
        .with("account_id", account.as_str());
    ctx.page(&page.again(ctx.form_or(FormState::default()))).await
}

fn refused_address(key: &'static str) -> affiliations::Error {
    affiliations::Error::Invalid([("email", key)].into())
}

/// Finds the account that has this address and can become a Focal Point here.
async fn candidate(ctx: &PageContext, id: &str, email: &str) -> Result<Account, affiliations::Error> {
    let email = EmailAddress::parse(email).map_err(|_| refused_address("error.email"))?;
    let organization = OrganizationId::new(id);
    let whom = Whom::Email(&email);
    match focal_points::candidate(&ctx.app, &ctx.actor_context(), &organization, &whom).await {
        Err(affiliations::Error::Refused(_)) => Err(refused_address("admin.no_such_account")),
        other => other,
    }
}

async fn designate(ctx: &PageContext, id: &str, account: &str) -> Result<&'static str, affiliations::Error> {
    let (organization, account) = (OrganizationId::new(id), AccountId::new(account));
    let whom = Whom::Account(&account);
    match focal_points::appoint(&ctx.app, &ctx.actor_context(), &organization, &whom).await {
        Err(affiliations::Error::Refused(_)) => Err(refused_address("admin.no_such_account")),
        other => other.map(|()| "designated"),
    }
}

async fn undesignate(
    ctx: &PageContext,
    id: &str,
    account: &str,
) -> Result<&'static str, affiliations::Error> {
    let (app, context) = (&ctx.app, ctx.actor_context());
    let (organization, account) = (OrganizationId::new(id), AccountId::new(account));
    let affiliation = roster::affiliation_of(app, &context, &organization, &account).await?;
    focal_points::undesignate(app, &context, &affiliation, "").await?;
    Ok("undesignated")
}

async fn view(ctx: &PageContext, id: &str, form: FormState) -> Result<AdminOrganization, PageError> {
    let (app, context) = (&ctx.app, ctx.actor_context());
    let id = OrganizationId::new(id);
    let record = admin::find(app, &context, &id).await?;
    let found = offices::list(app, &context, &id).await?;
    Ok(AdminOrganization {
        form,
        organization: Types::read(ctx).await?.row(ctx, &record.organization),
        focal_points: found.focal_points.iter().map(row).collect(),
        deputies: found.deputies.iter().map(row).collect(),
        is_somebody_there: found.is_somebody_there,
        people: record.people,
        needs_approval: record.its_type.needs_approval,
    })
}
