//! `/focal-point` and below: the requests and people of one organization, named by the path, for its Focal
//! Points and for administrators. What is another organization's does not exist (security.md G-4): the
//! room says so. A session fit for duty is seen to by the routes (SE-2).

pub mod people;
pub mod person;
pub mod requests;

use axum::http::StatusCode;
use axum::response::Response;

use super::{PageContext, PageError, refused};
use crate::affiliations::roster::{Entry, Page, Search, Show};
use crate::affiliations::{self, organization_of};
use crate::domain::OrganizationId;
use crate::domain::affiliation::AffiliationStatus;
use crate::domain::organization::Organization;
use crate::domain::ties::TiesStatus;
use crate::paths;
use crate::templates::FormState;
use crate::templates::pages::{FocalPointChoose, OrganizationRef, RequestRow};

/// A person is Focal Point of one organization at most, and is taken there; an administrator may be of none.
pub async fn choose(ctx: PageContext) -> Result<Response, PageError> {
    match organization_of(ctx.app.db.read(), &ctx.actor_context()).await? {
        Some(id) => Ok(ctx.redirect(&paths::focal_point_requests(&id))),
        None => {
            let organizations = Vec::new();
            ctx.page(&FocalPointChoose { organizations }).await
        }
    }
}

fn reference(it: &Organization) -> OrganizationRef {
    OrganizationRef {
        id: it.id.as_str().to_owned(),
        name: it.name.clone(),
    }
}

/// A page of a list, with its organization.
async fn page(
    ctx: &PageContext,
    organization: &str,
    search: &Search<'_>,
) -> Result<(Page, OrganizationRef), PageError> {
    let id = OrganizationId::new(organization);
    let context = ctx.actor_context();
    let page = affiliations::roster::list(&ctx.app, &context, &id, search).await?;
    let organization = affiliations::roster::organization(&ctx.app, &context, &id).await?;
    Ok((page, reference(&organization)))
}

/// A row of the lists of requests, also the administrators'.
pub fn request_row(it: &Entry) -> RequestRow {
    RequestRow {
        id: it.person.affiliation.id.as_str().to_owned(),
        name: it.person.full_name(),
        email: it.person.email.clone(),
        job_title: it.person.job_title.clone(),
        requested_at: it.person.affiliation.requested_at,
        status: it.person.affiliation.status().as_str().to_owned(),
        request_ties: waits(it),
        organization: None,
        decidable: it.person.affiliation.status() == AffiliationStatus::Pending && !it.own,
    }
}

/// TIES rights wait for a decision.
pub fn waits(it: &Entry) -> bool {
    it.rights.iter().any(|it| it.status() == TiesStatus::Requested)
}

/// What the filter `status` of the lists of requests shows; `None` for what it does not offer.
pub fn show_of(status: &str) -> Option<Show> {
    match status {
        "" => Some(Show::Everybody),
        "pending" => Some(Show::AffiliationRequests),
        "approved" => Some(Show::People),
        "rejected" => Some(Show::Rejected),
        _ => None,
    }
}

/// What became of an act that was refused: the same page again, with a word about it.
pub fn refusal(error: affiliations::Error, typed: FormState) -> Result<(StatusCode, FormState), PageError> {
    use affiliations::Error;
    Ok(match error {
        Error::Invalid(wrong) => {
            // Nobody typed what a button says: there is no field to mark.
            let of_button = |name: &&str| matches!(*name, "action" | "decision" | "right");
            let notice = match wrong.keys().all(of_button) {
                true => "error.try_again",
                false => "error.form",
            };
            (
                StatusCode::UNPROCESSABLE_ENTITY,
                refused(typed, wrong).notice(notice),
            )
        }
        Error::OwnRequest => (StatusCode::FORBIDDEN, typed.notice("focal_point.own")),
        Error::LastFocalPoint => (StatusCode::CONFLICT, typed.notice("focal_point.last")),
        Error::Conflict | Error::NotEntitled | Error::Refused(_) => {
            (StatusCode::CONFLICT, typed.notice("error.try_again"))
        }
        other => return Err(other.into()),
    })
}
