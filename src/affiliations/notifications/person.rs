//! Mails of this room, each written into the outbox in the transaction of what it tells of (ST-2), in
//! the language of whom it goes to. Links lead to a page and carry no power (security.md AF-2).

use sea_orm::ConnectionTrait;

use crate::affiliations::Error;
use crate::app::App;
use crate::domain::account::Account;
use crate::domain::affiliation::{Affiliation, Capacity, Stage};
use crate::domain::organization::Organization;
use crate::domain::role::Role;
use crate::domain::{AccountId, AffiliationId, OrganizationId, Time};
use crate::mail::{self, Email, outbox};
use crate::paths;
use crate::storage::{accounts, focal_points};
use crate::templates::MailTemplate;
use crate::templates::mails::{AffiliationChanged, AffiliationNews};

/// Who decides about an organization's people.
pub struct Deciders {
    pub people: Vec<Account>,
    administrators: bool,
}

impl Deciders {
    pub const fn are_administrators(&self) -> bool {
        self.administrators
    }

    /// Where they find the request.
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

/// The Focal Points but `subject`, or else the administrators but `subject`.
pub async fn deciders(
    tx: &impl ConnectionTrait,
    organization: &OrganizationId,
    subject: Option<&AccountId>,
) -> Result<Deciders, Error> {
    let ids: Vec<_> = focal_points::list_of_organization(tx, organization)
        .await?
        .into_iter()
        .map(|it| it.account)
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

/// One mail to one person.
pub async fn send<M: MailTemplate>(
    app: &App,
    tx: &impl ConnectionTrait,
    now: Time,
    to: &Account,
    mail: &M,
) -> Result<(), Error> {
    let email = email(app, to, mail)?;
    Ok(outbox::enqueue(tx, &app.mailer, &app.keys, now, &email).await?)
}

pub fn email<M: MailTemplate>(app: &App, to: &Account, mail: &M) -> Result<Email, Error> {
    Ok(Email::render(&app.templates, &to.email, to.language, mail).map_err(mail::Error::from)?)
}

/// Tells the person where the affiliation stands now.
pub async fn affiliation_changed(
    app: &App,
    tx: &impl ConnectionTrait,
    now: Time,
    affiliation: &Affiliation,
    organization: &Organization,
) -> Result<(), Error> {
    let (status, decision) = match &affiliation.stage {
        Stage::SelfDeclared => return Ok(()),
        Stage::Pending => (AffiliationNews::Pending, None),
        Stage::Approved(it) => (AffiliationNews::Approved, Some(it)),
        Stage::Rejected(it) => (AffiliationNews::Rejected, Some(it)),
        // What others closed for good reason is told by the mail about that reason.
        Stage::Withdrawn { end, .. } if end.capacity != Capacity::Themselves => return Ok(()),
        Stage::Withdrawn { end, .. } => (AffiliationNews::Withdrawn, Some(end)),
        Stage::Removed { end, .. } => (AffiliationNews::Removed, Some(end)),
        Stage::Lapsed { end, .. } => (AffiliationNews::Lapsed, Some(end)),
    };
    let Some(person) = accounts::find(tx, &affiliation.account).await? else {
        return Ok(());
    };
    let mail = AffiliationChanged {
        name: person.profile.full_name(),
        organization: organization.name.clone(),
        status,
        reason: decision.and_then(|it| it.reason.clone()),
    };
    send(app, tx, now, &person, &mail).await
}
