//! Digests for those who decide: all requests that came within an hour of the last mail, in one mail, each with its link
//! (security.md AF-5). The job sends them when they are due.

use super::deciders::{self, QUIET};
use crate::affiliations::Error;
use crate::app::{App, Tx};
use crate::domain::actor::Context;
use crate::domain::affiliation::Affiliation;
use crate::domain::organization::Organization;
use crate::domain::{AffiliationId, OrganizationId};
use crate::storage::batches::pause;
use crate::storage::pending_requests::{self, Notice};
use crate::storage::{accounts, affiliations, organizations};
use crate::templates::mails::{RequestsDigest, WaitingRequest};

/// Limits the requests in a digest; the next one has the others.
const MOST_IN_A_DIGEST: usize = 100;

/// Mails TIES rights that an approved person asks for, or leaves them to the digest.
pub async fn announce_ties(
    tx: &Tx,
    affiliation: &Affiliation,
    organization: &Organization,
) -> Result<(), Error> {
    if organizations::take_announcement(tx, &organization.id, tx.now(), tx.now() - QUIET).await? {
        write(tx, organization, std::slice::from_ref(affiliation)).await?;
    }
    Ok(())
}

/// Sends every digest that is due, and returns how many organizations had one. The job `digests` calls this.
pub async fn send_digests(app: &App) -> Result<usize, Error> {
    let now = app.clock.now();
    let pending = pending_requests::list(app.db.read(), Notice::Announced, now).await?;
    let mut sent = 0;
    for (organization, mut requests) in pending {
        if app.stopping.is_cancelled() {
            break;
        }
        if organizations::is_announced_since(app.db.read(), &organization, now - QUIET).await? {
            continue;
        }
        requests.truncate(MOST_IN_A_DIGEST);
        let begun = std::time::Instant::now();
        let done = app
            .write(&Context::system(), async |tx| {
                send_digest(tx, &organization, &requests).await
            })
            .await;
        match done {
            Ok(done) => sent += usize::from(done),
            Err(error) => error.log_unless_busy(&organization, "its pending requests cannot be mailed")?,
        }
        pause(begun).await;
    }
    Ok(sent)
}

async fn send_digest(
    tx: &Tx,
    organization: &OrganizationId,
    requests: &[AffiliationId],
) -> Result<bool, Error> {
    if !organizations::take_announcement(tx, organization, tx.now(), tx.now() - QUIET).await? {
        return Ok(false);
    }
    let Some(organization) = organizations::find(tx, organization).await? else {
        return Ok(false);
    };
    // Reads again: a request that was decided meanwhile is not pending any more.
    let mut pending = affiliations::list_by_ids(tx, requests).await?;
    pending.retain(|it| !it.status().is_final());
    write(tx, &organization, &pending).await
}

async fn write(tx: &Tx, organization: &Organization, requests: &[Affiliation]) -> Result<bool, Error> {
    let ids: Vec<_> = requests.iter().map(|it| it.id.clone()).collect();
    if !pending_requests::mark(tx, Notice::Announced, &ids, tx.now()).await? {
        return Ok(false);
    }
    let subjects: Vec<_> = requests.iter().map(|it| it.account.clone()).collect();
    let people = accounts::list_by_ids(tx, &subjects).await?;
    // A person whose own request is the only one gets no mail about it.
    let only = match &*subjects {
        [one] => Some(one),
        _ => None,
    };
    let deciders = deciders::of_organization(tx, &organization.id, only, tx.now()).await?;
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
            name: to.profile.full_name(),
            requests: requests.iter().filter_map(line).collect(),
        };
        if !mail.requests.is_empty() {
            tx.mail(to, &mail).await?;
        }
    }
    Ok(true)
}
