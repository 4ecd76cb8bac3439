//! Answers requests, and ends affiliations in the name of others: a Focal Point of that organization or an
//! administrator decides, never the subject (security.md AF-2), and only while the request is as it was when it was
//! decided (G-9). The end by the person is in `withdrawal`.

use super::{authority, transitions, withdrawal};
use crate::affiliations::Error;
use crate::affiliations::directory::membership_types;
use crate::affiliations::roster::{self, Entry};
use crate::app::{App, Tx};
use crate::domain::actor::Context;
use crate::domain::affiliation::{self, Affiliation, Decision};
use crate::domain::message::FieldErrors;
use crate::domain::{AffiliationId, OrganizationId};
use crate::storage::{affiliations, focal_points};

/// Approves a request. An affiliation elsewhere, which was in force until now, ends (AF-7). TIES rights are a second
/// decision (AF-3): `ties::grant`.
pub async fn approve(app: &App, context: &Context, id: &AffiliationId, reason: &str) -> Result<(), Error> {
    let reason = authority::parse_reason(reason)?;
    app.write(context, async |tx| approve_in(tx, id, reason.clone()).await)
        .await
}

/// Does what `approve` does, within a unit of work that does more.
pub(in crate::affiliations) async fn approve_in(
    tx: &Tx,
    id: &AffiliationId,
    reason: Option<String>,
) -> Result<(), Error> {
    let (before, organization, capacity) = authority::find_to_decide(tx, id).await?;
    let decision = authority::decision_by_actor(tx, capacity, reason);
    let after = before.clone().approve(decision)?;
    if !organization.is_member(&membership_types::of(tx, &organization).await?) {
        return Err(Error::Conflict);
    }
    if let Some(old) = affiliations::find_in_force(tx, &before.account).await? {
        withdrawal::withdraw_for(tx, old).await?;
    }
    transitions::transition(tx, &before, &after, &organization).await
}

/// One of several requests, and the result of its approval.
#[derive(Debug)]
pub struct Attempt {
    pub id: AffiliationId,
    /// The request as it was before; `None` if the actor may see no such request of the organization (G-4).
    pub entry: Option<Entry>,
    pub result: Result<(), Error>,
}

/// Approves several requests of one organization, each on its own: what cannot be approved keeps no other back. Another
/// organization's request is as absent as one that never was.
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
        let (id, result) = (id.clone(), Err(Error::NotFound));
        attempts.push(Attempt { id, entry, result });
    }
    // From here on requests are decided: each result is returned, whatever comes after it.
    for attempt in attempts.iter_mut().filter(|it| it.entry.is_some()) {
        attempt.result = approve(app, context, &attempt.id, "").await;
    }
    Ok(attempts)
}

/// Rejects a request. The reason is needed: the person reads it in the mail.
pub async fn reject(app: &App, context: &Context, id: &AffiliationId, reason: &str) -> Result<(), Error> {
    let Some(reason) = authority::parse_reason(reason)? else {
        return Err(Error::Invalid(FieldErrors::from([("reason", "error.required")])));
    };
    decide(app, context, id, Some(reason), Affiliation::reject).await
}

/// Ends an approved affiliation, and with it TIES rights and the office of Focal Point. Nobody whose login is not recent
/// takes the office away (SE-4).
pub async fn remove(app: &App, context: &Context, id: &AffiliationId, reason: &str) -> Result<(), Error> {
    let reason = authority::parse_reason(reason)?;
    decide(app, context, id, reason, Affiliation::remove).await
}

async fn decide(
    app: &App,
    context: &Context,
    id: &AffiliationId,
    reason: Option<String>,
    answer: fn(Affiliation, Decision) -> Result<Affiliation, affiliation::Refused>,
) -> Result<(), Error> {
    app.write(context, async |tx| {
        let (before, organization, capacity) = authority::find_to_decide(tx, id).await?;
        let decision = authority::decision_by_actor(tx, capacity, reason.clone());
        let after = answer(before.clone(), decision)?;
        let all = focal_points::list_of_organization(tx, &organization.id).await?;
        if all.iter().any(|it| it.affiliation == before.id) {
            authority::require_recent_login(context, tx.now())?;
        }
        transitions::transition(tx, &before, &after, &organization).await
    })
    .await
}
