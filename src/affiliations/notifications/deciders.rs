//! Those who decide about a request, and the mail that a new one waits for them (security.md AF-5). Further requests within
//! the hour wait for a digest (`digests`); requests that nobody answers are in `reminders`.

use chrono::Duration;
use sea_orm::ConnectionTrait;

use crate::affiliations::Error;
use crate::app::Tx;
use crate::domain::account::Account;
use crate::domain::affiliation::Affiliation;
use crate::domain::organization::Organization;
use crate::domain::role::Role;
use crate::domain::{AccountId, AffiliationId, OrganizationId, Time};
use crate::paths;
use crate::storage::pending_requests::{self, Notice};
use crate::storage::{accounts, deputies, focal_points, organizations};
use crate::templates::mails::AffiliationRequested;

/// The time after a mail in which further requests wait for the digest.
pub const QUIET: Duration = Duration::hours(1);

/// Those who decide about the people of an organization.
#[derive(Debug)]
pub struct Deciders {
    pub people: Vec<Account>,
    administrators: bool,
}

impl Deciders {
    pub const fn are_administrators(&self) -> bool {
        self.administrators
    }

    /// Returns the page where they find the request.
    pub fn request_path(&self, organization: &OrganizationId, request: &AffiliationId) -> String {
        if self.administrators {
            paths::admin_request(request)
        } else {
            paths::focal_point_request(organization, request)
        }
    }

    pub fn requests_path(&self, organization: &OrganizationId) -> String {
        if self.administrators {
            paths::ADMIN_REQUESTS.into()
        } else {
            paths::focal_point_requests(organization)
        }
    }
}

/// Returns the Focal Points who are not away, and the deputies whose term is running, but `subject`; if there are none, the
/// administrators but `subject`.
pub async fn of_organization(
    tx: &impl ConnectionTrait,
    organization: &OrganizationId,
    subject: Option<&AccountId>,
    now: Time,
) -> Result<Deciders, Error> {
    let focal_points = focal_points::list_of_organization(tx, organization).await?;
    let there = focal_points
        .into_iter()
        .filter(|it| !it.absence.is_some_and(|it| it.is_running(now)))
        .map(|it| it.account);
    let deputies = deputies::list_of_organization(tx, organization).await?;
    let standing_in = deputies
        .into_iter()
        .filter(|it| it.term.is_running(now))
        .map(|it| it.account);
    let ids: Vec<_> = there
        .chain(standing_in)
        .filter(|it| Some(it) != subject)
        .collect();
    let mut people = accounts::list_by_ids(tx, &ids).await?;
    people.retain(Account::is_active);
    if !people.is_empty() {
        return Ok(Deciders {
            people,
            administrators: false,
        });
    }
    administrators(tx, subject).await
}

pub async fn administrators(
    tx: &impl ConnectionTrait,
    subject: Option<&AccountId>,
) -> Result<Deciders, Error> {
    let mut people = accounts::list_by_office(tx, Role::Administrator).await?;
    people.retain(|it| Some(&it.id) != subject);
    Ok(Deciders {
        people,
        administrators: true,
    })
}

/// Mails a new request, unless one was mailed within the hour: then it waits for the digest.
pub async fn announce(
    tx: &Tx,
    request: &Affiliation,
    organization: &Organization,
    request_ties: bool,
) -> Result<(), Error> {
    let person = accounts::find(tx, &request.account)
        .await?
        .ok_or(Error::NotFound)?;
    if !organizations::take_announcement(tx, &organization.id, tx.now(), tx.now() - QUIET).await? {
        return Ok(());
    }
    let deciders = of_organization(tx, &organization.id, Some(&person.id), tx.now()).await?;
    for to in &deciders.people {
        let mail = AffiliationRequested {
            name: to.profile.full_name(),
            organization: organization.name.clone(),
            person_name: person.profile.full_name(),
            person_email: person.email.as_str().to_owned(),
            job_title: person.profile.job_title.clone(),
            request_ties,
            path: deciders.request_path(&organization.id, &request.id),
        };
        tx.mail(to, &mail).await?;
    }
    pending_requests::mark(tx, Notice::Announced, std::slice::from_ref(&request.id), tx.now()).await?;
    Ok(())
}
