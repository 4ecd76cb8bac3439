//! Answers to requests, and the end of an affiliation by others: by a Focal Point of that organization
//! or an administrator, never by its own subject (security.md AF-2), and only as long as the request is
//! as it was when it was decided (G-9).

use sea_orm::ConnectionTrait;

use crate::affiliations::lifecycle::transitions::Act;
use crate::affiliations::lifecycle::{authority, requests};
use crate::affiliations::roster::{self, Entry};
use crate::affiliations::{Error, ties};
use crate::app::App;
use crate::domain::actor::Context;
use crate::domain::affiliation::{Affiliation, Capacity, Decision};
use crate::domain::organization::Organization;
use crate::domain::profile::FieldErrors;
use crate::domain::{AccountId, AffiliationId, OrganizationId};
use crate::storage::{affiliations, focal_points, organizations};

/// The person belongs to the organization. An affiliation elsewhere, which stood until now, ends (AF-7).
/// TIES rights are a second decision (AF-3), which can be made at once: those in `rights` are granted.
pub async fn approve(
    app: &App,
    context: &Context,
    id: &AffiliationId,
    rights: &[String],
    reason: &str,
) -> Result<(), Error> {
    let reason = authority::reason(reason)?;
    app.db
        .write(async |tx| {
            approve_in(app, tx, context, id, reason.clone()).await?;
            if rights.is_empty() {
                return Ok(());
            }
            ties::grant_in(app, tx, context, id, rights).await
        })
        .await
}

pub(in crate::affiliations) async fn approve_in(
    app: &App,
    tx: &impl ConnectionTrait,
    context: &Context,
    id: &AffiliationId,
    reason: Option<String>,
) -> Result<(), Error> {
    let act = Act::new(app, tx, context);
    let (before, organization, capacity) = find(&act, id).await?;
    let decision = authority::decision(context, act.now, capacity, reason);
    let after = before.clone().approve(decision)?;
    if !organization.is_member(&requests::type_of(tx, &organization).await?) {
        return Err(Error::Conflict);
    }
    if let Some(old) = affiliations::find_in_force(tx, &before.account).await? {
        requests::give_up(&act, old).await?;
    }
    act.moved(&before, &after, &organization).await
}

/// What became of one of several requests.
#[derive(Debug)]
pub struct Attempt {
    pub id: AffiliationId,
    /// The request as it was before; none if the actor may see no such request of the organization (G-4).
    pub entry: Option<Entry>,
    pub outcome: Result<(), Error>,
}

/// Approves several requests of one organization, each on its own: what cannot be approved keeps no other
/// back. Another organization's request is as unknown as one that never was.
pub async fn approve_all(
    app: &App,
    context: &Context,
    organization: &OrganizationId,
    ids: &[AffiliationId],
) -> Result<Vec<Attempt>, Error> {
    roster::organization(app, context, organization).await?;
    let mut attempts: Vec<Attempt> = Vec::new();
    for id in ids {
        if attempts.iter().any(|it| it.id == *id) {
            continue;
        }
        let entry = match roster::find(app, context, id).await {
            Ok((entry, its, _)) if its.id == *organization => Some(entry),
            Ok(_) | Err(Error::NotFound | Error::NoLongerSeen) => None,
            Err(error) => return Err(error),
        };
        let (id, outcome) = (id.clone(), Err(Error::NotFound));
        attempts.push(Attempt { id, entry, outcome });
    }
    // From here on something is done, and what was done is told whatever comes after it.
    for it in attempts.iter_mut().filter(|it| it.entry.is_some()) {
        it.outcome = approve(app, context, &it.id, &[], "").await;
    }
    Ok(attempts)
}

/// The person hears why: a rejection has a reason.
pub async fn reject(app: &App, context: &Context, id: &AffiliationId, reason: &str) -> Result<(), Error> {
    let Some(reason) = authority::reason(reason)? else {
        return Err(Error::Invalid(FieldErrors::from([("reason", "error.required")])));
    };
    decide(app, context, id, Some(reason), Affiliation::reject).await
}

/// Ends an approved affiliation, and with it TIES rights and the office of Focal Point, which is taken away by nobody
/// whose login is not recent (SE-4).
pub async fn remove(app: &App, context: &Context, id: &AffiliationId, reason: &str) -> Result<(), Error> {
    let reason = authority::reason(reason)?;
    decide(app, context, id, reason, Affiliation::remove).await
}

async fn decide(
    app: &App,
    context: &Context,
    id: &AffiliationId,
    reason: Option<String>,
    answer: fn(Affiliation, Decision) -> Result<Affiliation, crate::domain::affiliation::Refused>,
) -> Result<(), Error> {
    app.db
        .write(async |tx| {
            let act = Act::new(app, tx, context);
            let (before, organization, capacity) = find(&act, id).await?;
            let decision = authority::decision(context, act.now, capacity, reason.clone());
            let after = answer(before.clone(), decision)?;
            let all = focal_points::list_of_organization(tx, &organization.id).await?;
            if all.iter().any(|it| it.affiliation == before.id) {
                authority::recent(context, act.now)?;
            }
            act.moved(&before, &after, &organization).await
        })
        .await
}

/// The affiliation, its organization as it stays until the transaction ends, and as what the actor acts.
pub(in crate::affiliations) async fn find<C: ConnectionTrait>(
    act: &Act<'_, C>,
    id: &AffiliationId,
) -> Result<(Affiliation, Organization, Capacity), Error> {
    let found = affiliations::find(act.tx, id).await?.ok_or(Error::NotFound)?;
    let capacity = authority::over(act.tx, act.context, &found.organization).await?;
    let organization = organizations::find_to_rely_on(act.tx, &found.organization)
        .await?
        .ok_or(Error::NotFound)?;
    // Read again under the lock: a merge may have moved it meanwhile.
    let found = affiliations::find(act.tx, id)
        .await?
        .filter(|it| it.organization == organization.id)
        .ok_or(Error::Conflict)?;
    not_the_own(act.context, &found.account)?;
    Ok((found, organization, capacity))
}

/// security.md AF-2, whatever office the actor holds.
pub(in crate::affiliations) fn not_the_own(context: &Context, subject: &AccountId) -> Result<(), Error> {
    if context.actor.account() == Some(subject) {
        return Err(Error::OwnRequest);
    }
    Ok(())
}
