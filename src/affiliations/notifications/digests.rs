//! How those who decide hear of a request: the first one at once, further ones within the hour as one
//! digest, each with its link (security.md AF-5).

use chrono::Duration;
use sea_orm::ConnectionTrait;

use crate::affiliations::Error;
use crate::affiliations::lifecycle::transitions::Act;
use crate::affiliations::notifications::person;
use crate::affiliations::notifications::reminders::passed_over;
use crate::app::App;
use crate::domain::account::Account;
use crate::domain::actor::Context;
use crate::domain::affiliation::Affiliation;
use crate::domain::organization::Organization;
use crate::domain::{AffiliationId, OrganizationId, Time};
use crate::storage::batches::pause;
use crate::storage::pending_requests::{self, Notice, Waiting};
use crate::storage::{accounts, affiliations, organizations};
use crate::templates::mails::{AffiliationRequested, RequestsDigest, WaitingRequest};

/// A digest covers what arrives in this time.
const QUIET: Duration = Duration::hours(1);
/// Requests in a digest; the next one tells of the others.
const MOST_IN_A_DIGEST: usize = 100;

/// Mails a new request, unless one was mailed within the hour: then it waits for the digest.
pub async fn announce<C: ConnectionTrait>(
    act: &Act<'_, C>,
    request: &Affiliation,
    organization: &Organization,
    request_ties: bool,
) -> Result<(), Error> {
    let person = accounts::find(act.tx, &request.account)
        .await?
        .ok_or(Error::NotFound)?;
    if !organizations::take_announcement(act.tx, &organization.id, act.now, act.now - QUIET).await? {
        return Ok(());
    }
    let deciders = person::deciders(act.tx, &organization.id, Some(&person.id)).await?;
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
        person::send(act.app, act.tx, act.now, to, &mail).await?;
    }
    pending_requests::mark(
        act.tx,
        Notice::Announced,
        std::slice::from_ref(&request.id),
        act.now,
    )
    .await?;
    Ok(())
}

/// TIES rights that an approved person asked for: one mail, or the digest.
pub async fn announce_ties<C: ConnectionTrait>(
    act: &Act<'_, C>,
    affiliation: &Affiliation,
    organization: &Organization,
) -> Result<(), Error> {
    if organizations::take_announcement(act.tx, &organization.id, act.now, act.now - QUIET).await? {
        digest_one(act, organization, std::slice::from_ref(affiliation)).await?;
    }
    Ok(())
}

/// The clock's door: sends every digest that is due. How many organizations had one.
pub async fn send_digests(app: &App) -> Result<usize, Error> {
    let now = app.clock.now();
    let waiting = pending_requests::list(app.db.read(), Notice::Announced, now).await?;
    let mut sent = 0;
    for (organization, mut requests) in by_organization(&waiting) {
        if app.stopping.is_cancelled() {
            break;
        }
        if organizations::is_announced_since(app.db.read(), organization, now - QUIET).await? {
            continue;
        }
        requests.truncate(MOST_IN_A_DIGEST);
        let begun = std::time::Instant::now();
        let done = app
            .db
            .write(async |tx| send_digest(app, tx, organization, &requests, now).await)
            .await;
        match done {
            Ok(done) => sent += usize::from(done),
            Err(error) => passed_over(error, organization)?,
        }
        pause(begun).await;
    }
    Ok(sent)
}

pub fn by_organization(
    waiting: &[Waiting],
) -> std::collections::BTreeMap<&OrganizationId, Vec<AffiliationId>> {
    let mut by: std::collections::BTreeMap<_, Vec<_>> = std::collections::BTreeMap::new();
    for it in waiting {
        by.entry(&it.organization)
            .or_default()
            .push(it.affiliation.clone());
    }
    by
}

async fn send_digest(
    app: &App,
    tx: &impl ConnectionTrait,
    organization: &OrganizationId,
    requests: &[AffiliationId],
    now: Time,
) -> Result<bool, Error> {
    if !organizations::take_announcement(tx, organization, now, now - QUIET).await? {
        return Ok(false);
    }
    let Some(organization) = organizations::find(tx, organization).await? else {
        return Ok(false);
    };
    // Read again: what was decided meanwhile waits no more.
    let mut waiting = affiliations::list_by_ids(tx, requests).await?;
    waiting.retain(|it| !it.status().is_final());
    let context = Context::system();
    digest_one(&Act::new(app, tx, &context), &organization, &waiting).await
}

async fn digest_one<C: ConnectionTrait>(
    act: &Act<'_, C>,
    organization: &Organization,
    requests: &[Affiliation],
) -> Result<bool, Error> {
    let ids: Vec<_> = requests.iter().map(|it| it.id.clone()).collect();
    if !pending_requests::mark(act.tx, Notice::Announced, &ids, act.now).await? {
        return Ok(false);
    }
    let subjects: Vec<_> = requests.iter().map(|it| it.account.clone()).collect();
    let people = accounts::list_by_ids(act.tx, &subjects).await?;
    // Whose own request is the only one to tell of is told of nothing.
    let only = match &*subjects {
        [one] => Some(one),
        _ => None,
    };
    let deciders = person::deciders(act.tx, &organization.id, only).await?;
    for to in &deciders.people {
        let line = |request: &Affiliation| {
            let person = people.iter().find(|it| it.id == request.account)?;
            (person.id != to.id).then(|| WaitingRequest {
                person_name: person.profile.full_name(),
                person_email: person.email.as_str().to_owned(),
                organization: organization.name.clone(),
                path: deciders.request_path(&organization.id, &request.id),
            })
        };
        let mail = RequestsDigest {
            name: name_of(to),
            requests: requests.iter().filter_map(line).collect(),
        };
        if !mail.requests.is_empty() {
            person::send(act.app, act.tx, act.now, to, &mail).await?;
        }
    }
    Ok(true)
}

pub fn name_of(account: &Account) -> String {
    account.profile.full_name()
}
