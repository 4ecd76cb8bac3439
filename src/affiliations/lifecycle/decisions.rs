//! Answers requests, and ends affiliations in the name of others: a Focal Point of that organization or an
//! administrator decides, never the subject (security.md AF-2), and only while the request is as it was when it was
//! decided (G-9). The end by the person is in `withdrawal`.

use super::{authority, transitions, withdrawal};
use crate::affiliations::Error;
use crate::affiliations::directory::membership_types;
use crate::affiliations::roster::{self, Entry};
use crate::app::{App, Tx};
use crate::domain::actor::Context;
use crate::domain::affiliation::{self, Affiliation, AffiliationStatus, Decision};
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

/// The decision about several requests at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict<'a> {
    Approve,
    /// With the reason that each of the people reads.
    Reject(&'a str),
}

/// One of several requests that were chosen.
#[derive(Debug)]
pub struct Chosen {
    pub id: AffiliationId,
    /// The request as it is; `None` if the actor may see no such request of the organization (G-4).
    pub entry: Option<Entry>,
}

/// One of several requests, and the result of the decision.
#[derive(Debug)]
pub struct Attempt {
    pub id: AffiliationId,
    /// The request as it was before.
    pub entry: Option<Entry>,
    pub result: Result<(), Error>,
}

/// Returns the chosen requests of one organization, each once. Another organization's request is as absent as one that
/// never was.
pub async fn find_chosen(
    app: &App,
    context: &Context,
    organization: &OrganizationId,
    ids: &[AffiliationId],
) -> Result<Vec<Chosen>, Error> {
    roster::organization(app, context, organization).await?;
    let mut all: Vec<Chosen> = Vec::new();
    for id in ids {
        if all.iter().any(|it| it.id == *id) {
            continue;
        }
        let entry = match roster::find(app, context, id).await {
            Ok((entry, its, _)) if its.id == *organization => Some(entry),
            Ok(_) | Err(Error::NotFound | Error::NoLongerSeen) => None,
            Err(error) => return Err(error),
        };
        all.push(Chosen {
            id: id.clone(),
            entry,
        });
    }
    Ok(all)
}

/// Decides several requests of one organization, each on its own: what cannot be decided keeps no other back.
pub async fn decide_all(
    app: &App,
    context: &Context,
    organization: &OrganizationId,
    ids: &[AffiliationId],
    verdict: Verdict<'_>,
) -> Result<Vec<Attempt>, Error> {
    if let Verdict::Reject(reason) = verdict {
        require_reason(reason)?;
    }
    let chosen = find_chosen(app, context, organization, ids).await?;
    // From here on requests are decided: each result is returned, whatever comes after it.
    let mut attempts = Vec::with_capacity(chosen.len());
    for Chosen { id, entry } in chosen {
        let result = match (&entry, verdict) {
            (None, _) => Err(Error::NotFound),
            (Some(_), Verdict::Approve) => approve(app, context, &id, "").await,
            (Some(_), Verdict::Reject(reason)) => reject(app, context, &id, reason).await,
        };
        attempts.push(Attempt { id, entry, result });
    }
    Ok(attempts)
}

fn require_reason(typed: &str) -> Result<String, Error> {
    authority::parse_reason(typed)?
        .ok_or_else(|| Error::Invalid(FieldErrors::from([("reason", "error.required")])))
}

/// Rejects a request. The reason is needed: the person reads it in the mail.
pub async fn reject(app: &App, context: &Context, id: &AffiliationId, reason: &str) -> Result<(), Error> {
    let reason = require_reason(reason)?;
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
        if after.status() == AffiliationStatus::Removed {
            authority::require_focal_point(tx, &organization.id).await?;
        }
        let all = focal_points::list_of_organization(tx, &organization.id).await?;
        if all.iter().any(|it| it.affiliation == before.id) {
            authority::require_recent_login(context, tx.now())?;
        }
        transitions::transition(tx, &before, &after, &organization).await
    })
    .await
}
