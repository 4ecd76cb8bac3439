//! `/focal-point/{organization}/people/{account}`: one person's TIES rights, office and affiliation.

use axum::extract::Path;
use axum::response::Response;
use serde::Deserialize;

use crate::affiliations::lifecycle::decisions;
use crate::affiliations::roster::Entry;
use crate::affiliations::{self, by_kind, focal_points, ties};
use crate::domain::affiliation::Capacity;
use crate::domain::organization::Organization;
use crate::domain::{AccountId, AffiliationId, OrganizationId};
use crate::http::pages::affiliation_refusal::{conflict_if_gone, refusal};
use crate::http::pages::affiliation_rows::{person_row, workspace};
use crate::http::pages::{PageContext, PageError, PageForm};
use crate::paths;
use crate::templates::FormState;
use crate::templates::pages::{Confirm, FocalPointPerson, RightView};

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Act {
    action: String,
    right: String,
    reason: String,
}

pub async fn show(
    ctx: PageContext,
    Path((organization, account)): Path<(String, String)>,
) -> Result<Response, PageError> {
    let found = find(&ctx, &organization, &account).await?;
    ctx.page(&view(&ctx, &found, ctx.form_or(FormState::default())).await?)
        .await
}

/// Says what `act` will do.
pub async fn confirm(
    ctx: PageContext,
    Path((organization, account)): Path<(String, String)>,
) -> Result<Response, PageError> {
    let found = find(&ctx, &organization, &account).await?;
    let fields = Act {
        action: ctx.given("action").unwrap_or_default(),
        right: ctx.given("right").unwrap_or_default(),
        reason: String::new(),
    };
    match confirmation(&ctx, &found, &fields).await? {
        Some(page) => ctx.page(&page.again(ctx.form_or(FormState::default()))).await,
        None => {
            ctx.show_elsewhere(&paths::focal_point_person(
                &found.1.id,
                &AccountId::new(account.as_str()),
            ))
            .await
        }
    }
}

/// Returns the page that confirms an act; `None` if the act needs no confirmation.
async fn confirmation(ctx: &PageContext, found: &Found, fields: &Act) -> Result<Option<Confirm>, PageError> {
    let (entry, organization, _) = found;
    let (act, button, asks) = match fields.action.as_str() {
        "refuse" => ("refuse", "focal_point.refuse", true),
        "revoke" => ("revoke", "focal_point.revoke", true),
        "designate" => ("designate", "focal_point.designate", false),
        "undesignate" if entry.own => ("give_up", "office.give_up", false),
        "undesignate" => ("undesignate", "focal_point.undesignate", true),
        "remove" => ("remove", "focal_point.remove", true),
        _ => return Ok(None),
    };
    let path = paths::focal_point_person(&organization.id, &entry.person.affiliation.account);
    let name = entry.person.full_name();
    let action = if act == "give_up" { "undesignate" } else { act };
    let mut page = Confirm::new(act, &path, action, button)
        .of(name)
        .within(&organization.name);
    if matches!(act, "refuse" | "revoke") {
        let kinds = ties::kinds(&ctx.app).await?;
        let kind = kinds.iter().find(|it| it.name == fields.right);
        // The room refuses a right that does not exist when the form is sent.
        let label = kind.map_or(fields.right.as_str(), |it| it.label(ctx.locale().as_str()));
        label.clone_into(&mut page.right);
        page = page.with("right", &fields.right);
    }
    page.takes_reason = asks;
    Ok(Some(page))
}

pub async fn act(
    Path((organization, account)): Path<(String, String)>,
    form: PageForm<Act>,
) -> Result<Response, PageError> {
    let PageForm { ctx, fields, typed } = form;
    let found = find(&ctx, &organization, &account).await?;
    match outcome(&ctx, &found.0.person.affiliation.id, &fields).await {
        Ok("removed") => ctx.done(&paths::focal_point_people(&found.1.id), "removed").await,
        // A person who gave up their own office sees these pages no more.
        Ok("undesignated") if found.0.own && found.2 == Capacity::FocalPoint => {
            ctx.done(paths::ACCOUNT_ORGANIZATION, "office_given_up").await
        }
        Ok(done) => {
            let path = paths::focal_point_person(&found.1.id, &AccountId::new(account.as_str()));
            ctx.done(&path, done).await
        }
        Err(error) => {
            let (status, form) = refusal(error, typed)?;
            conflict_if_gone(find(&ctx, &organization, &account).await)?;
            ctx.again_as(status, form).await
        }
    }
}

async fn outcome(
    ctx: &PageContext,
    id: &AffiliationId,
    fields: &Act,
) -> Result<&'static str, affiliations::Error> {
    let (app, context) = (&ctx.app, ctx.actor_context());
    let right = std::slice::from_ref(&fields.right);
    match fields.action.as_str() {
        "grant" => ties::grant(app, &context, id, right).await.map(|()| "ties_saved"),
        "refuse" => ties::refuse(app, &context, id, right, &fields.reason)
            .await
            .map(|()| "ties_saved"),
        "revoke" => ties::revoke(app, &context, id, right, &fields.reason)
            .await
            .map(|()| "ties_saved"),
        "remove" => decisions::remove(app, &context, id, &fields.reason)
            .await
            .map(|()| "removed"),
        "designate" => focal_points::designate(app, &context, id)
            .await
            .map(|()| "designated"),
        "undesignate" => focal_points::undesignate(app, &context, id, &fields.reason)
            .await
            .map(|()| "undesignated"),
        _ => Err(affiliations::Error::Invalid([("action", "error.choose")].into())),
    }
}

type Found = (Entry, Organization, Capacity);

/// Finds the person who is approved for the organization that the path names (G-4).
async fn find(ctx: &PageContext, organization: &str, account: &str) -> Result<Found, PageError> {
    let (organization, account) = (OrganizationId::new(organization), AccountId::new(account));
    let (app, context) = (&ctx.app, ctx.actor_context());
    let id = affiliations::roster::affiliation_of(app, &context, &organization, &account).await?;
    Ok(affiliations::roster::find(app, &context, &id).await?)
}

async fn view(ctx: &PageContext, found: &Found, form: FormState) -> Result<FocalPointPerson, PageError> {
    let (entry, organization, capacity) = found;
    let (app, context) = (&ctx.app, ctx.actor_context());
    let kinds = ties::kinds(app).await?;
    let person = person_row(ctx, entry, &kinds);
    let language = ctx.locale().as_str();
    let rights = by_kind(kinds, &entry.rights)
        .into_iter()
        .map(|(kind, right)| RightView {
            label: kind.label(language).to_owned(),
            status: right
                .as_ref()
                .map_or("none", |it| it.status().as_str())
                .to_owned(),
            since: right.as_ref().and_then(|it| it.since()),
            right: kind.name,
        });
    let focal_points = affiliations::roster::count_focal_points(app, &context, &organization.id).await?;
    Ok(FocalPointPerson {
        form,
        rights: rights.collect(),
        own: entry.own,
        may_change_offices: affiliations::may_change_offices(app, &context, &organization.id).await?,
        is_last_focal_point: person.is_focal_point && focal_points == 1 && *capacity == Capacity::FocalPoint,
        ties_entitled: affiliations::roster::is_ties_entitled(app, organization).await?,
        organization: workspace(ctx, organization).await?,
        person,
    })
}
