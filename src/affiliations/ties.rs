//! TIES rights: a second decision, on an approved affiliation to an entitled, active member (security.md AF-3). The
//! person asks for them, others give and take them; nobody gives them to themselves. The pages of the account and of
//! Focal Points call this. How a right moves is in `domain::ties`, how a move is written in `lifecycle::transitions`.

use super::Error;
use super::directory::membership_types;
use super::lifecycle::{authority, transitions};
use super::notifications::person::TiesAnswer;
use super::notifications::{digests, person};
use crate::app::{App, Tx};
use crate::domain::actor::Context;
use crate::domain::affiliation::{Affiliation, AffiliationStatus};
use crate::domain::message::FieldErrors;
use crate::domain::organization::Organization;
use crate::domain::ties::{RightType, TiesRight, TiesStage, TiesStatus};
use crate::domain::{AffiliationId, TiesRightId, Time};
use crate::random;
use crate::storage::{affiliations, organizations, ties};

/// Limits the rights that are chosen at once: those of a page of people. A form has at most 64 fields (security.md DS-1).
pub const LARGEST_CHOICE: usize = 60;

/// A right of a person as whoever decides has seen it: its live status, or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenRight {
    pub right: String,
    pub status: Option<TiesStatus>,
}

/// Returns the kinds of rights, in the order of the form.
pub async fn kinds(app: &App) -> Result<Vec<RightType>, Error> {
    Ok(ties::list_types(app.db.read()).await?)
}

/// Asks for rights on the own approved affiliation. Those that are requested or granted already stay as they are.
pub async fn request(app: &App, context: &Context, rights: &[String]) -> Result<(), Error> {
    let account = context.actor.account().ok_or(Error::NotFound)?;
    app.write(context, async |tx| {
        let affiliation = affiliations::find_in_force(tx, account)
            .await?
            .ok_or(Error::NotEntitled)?;
        // The row is read to be changed: the announcement writes to it, and two that only rely on it would wait for
        // each other.
        let organization = organizations::find_to_change(tx, &affiliation.organization)
            .await?
            .ok_or(Error::NotFound)?;
        check_entitled(tx, &affiliation, &organization).await?;
        let mut is_new = false;
        for kind in chosen(tx, rights).await? {
            if ties::find_live(tx, &affiliation.id, &kind.name).await?.is_none() {
                transitions::start_right(tx, &requested(&affiliation, &kind, tx.now()), &affiliation).await?;
                is_new = true;
            }
        }
        if is_new {
            digests::announce_ties(tx, &affiliation, &organization).await?;
        }
        Ok(())
    })
    .await
}

/// Requests every kind of right together with an affiliation: the Focal Point says which of them the person gets.
pub(super) async fn request_all(tx: &Tx, affiliation: &Affiliation) -> Result<(), Error> {
    for kind in ties::list_types(tx).await? {
        transitions::start_right(tx, &requested(affiliation, &kind, tx.now()), affiliation).await?;
    }
    Ok(())
}

/// Grants rights, requested or not. Those that are granted already stay as they are.
pub async fn grant(app: &App, context: &Context, id: &AffiliationId, rights: &[String]) -> Result<(), Error> {
    app.write(context, async |tx| grant_in(tx, id, rights).await)
        .await
}

/// Grants rights that are as they were seen. `Conflict`: one of them is not.
pub(super) async fn grant_seen(
    app: &App,
    context: &Context,
    id: &AffiliationId,
    seen: &[SeenRight],
) -> Result<(), Error> {
    let rights = names(seen);
    app.write(context, async |tx| {
        check_seen(tx, id, seen).await?;
        grant_in(tx, id, &rights).await
    })
    .await
}

async fn grant_in(tx: &Tx, id: &AffiliationId, rights: &[String]) -> Result<(), Error> {
    let (affiliation, organization, capacity) = authority::find_to_decide(tx, id).await?;
    check_entitled(tx, &affiliation, &organization).await?;
    let decision = authority::decision_by_actor(tx, capacity, None);
    let mut granted = Vec::new();
    for kind in chosen(tx, rights).await? {
        match ties::find_live(tx, id, &kind.name).await? {
            Some(live) if live.status() == TiesStatus::Granted => continue,
            Some(live) => {
                let after = live.clone().grant(decision.clone())?;
                transitions::transition_right(tx, &live, &after, &affiliation).await?;
            }
            None => {
                let new = TiesRight {
                    requested_at: None,
                    stage: TiesStage::Granted(decision.clone()),
                    ..requested(&affiliation, &kind, tx.now())
                };
                transitions::start_right(tx, &new, &affiliation).await?;
            }
        }
        granted.push((kind, TiesStatus::Granted));
    }
    let answer = TiesAnswer {
        rights: &granted,
        reason: None,
    };
    person::ties_changed(tx, &affiliation, &organization, answer).await
}

fn names(seen: &[SeenRight]) -> Vec<String> {
    seen.iter().map(|it| it.right.clone()).collect()
}

/// Refuses to change what somebody else has changed since it was seen (security.md G-9).
async fn check_seen(tx: &Tx, id: &AffiliationId, seen: &[SeenRight]) -> Result<(), Error> {
    for it in seen {
        let live = ties::find_live(tx, id, &it.right).await?;
        if live.map(|it| it.status()) != it.status {
            return Err(Error::Conflict);
        }
    }
    Ok(())
}

/// Refuses requested rights.
pub async fn refuse(
    app: &App,
    context: &Context,
    id: &AffiliationId,
    rights: &[String],
    reason: &str,
) -> Result<(), Error> {
    let reason = authority::parse_reason(reason)?;
    app.write(context, async |tx| {
        end(tx, id, rights, TiesStatus::Refused, reason.clone()).await
    })
    .await
}

/// Takes granted rights away.
pub async fn revoke(
    app: &App,
    context: &Context,
    id: &AffiliationId,
    rights: &[String],
    reason: &str,
) -> Result<(), Error> {
    let reason = authority::parse_reason(reason)?;
    app.write(context, async |tx| {
        end(tx, id, rights, TiesStatus::Revoked, reason.clone()).await
    })
    .await
}

async fn end(
    tx: &Tx,
    id: &AffiliationId,
    rights: &[String],
    to: TiesStatus,
    reason: Option<String>,
) -> Result<(), Error> {
    let (affiliation, organization, capacity) = authority::find_to_decide(tx, id).await?;
    let decision = authority::decision_by_actor(tx, capacity, reason.clone());
    let mut ended = Vec::new();
    for kind in chosen(tx, rights).await? {
        let live = ties::find_live(tx, id, &kind.name)
            .await?
            .ok_or(Error::Conflict)?;
        let after = match to {
            TiesStatus::Refused => live.clone().refuse(decision.clone())?,
            _ => live.clone().revoke(decision.clone())?,
        };
        transitions::transition_right(tx, &live, &after, &affiliation).await?;
        ended.push((kind, to));
    }
    let answer = TiesAnswer {
        rights: &ended,
        reason,
    };
    person::ties_changed(tx, &affiliation, &organization, answer).await
}

/// Refuses those of the rights that are requested, and revokes those that are granted, as they were seen. It is a conflict
/// if none is either, or one is not as it was seen.
pub(super) async fn take_away_seen(
    app: &App,
    context: &Context,
    id: &AffiliationId,
    seen: &[SeenRight],
    reason: &str,
) -> Result<(), Error> {
    let reason = authority::parse_reason(reason)?;
    let rights = names(seen);
    app.write(context, async |tx| {
        check_seen(tx, id, seen).await?;
        let (affiliation, organization, capacity) = authority::find_to_decide(tx, id).await?;
        let decision = authority::decision_by_actor(tx, capacity, reason.clone());
        let mut ended = Vec::new();
        for kind in chosen(tx, &rights).await? {
            let Some(live) = ties::find_live(tx, id, &kind.name).await? else {
                continue;
            };
            let after = match live.status() {
                TiesStatus::Requested => live.clone().refuse(decision.clone())?,
                _ => live.clone().revoke(decision.clone())?,
            };
            transitions::transition_right(tx, &live, &after, &affiliation).await?;
            ended.push((kind, after.status()));
        }
        if ended.is_empty() {
            return Err(Error::Conflict);
        }
        let answer = TiesAnswer {
            rights: &ended,
            reason: reason.clone(),
        };
        person::ties_changed(tx, &affiliation, &organization, answer).await
    })
    .await
}

/// Returns the kinds that are named; refuses a name that no kind has (security.md G-1).
async fn chosen(tx: &Tx, rights: &[String]) -> Result<Vec<RightType>, Error> {
    let kinds = ties::list_types(tx).await?;
    if rights.is_empty() || rights.iter().any(|name| !kinds.iter().any(|it| it.name == *name)) {
        return Err(Error::Invalid(FieldErrors::from([("right", "error.choose")])));
    }
    Ok(kinds.into_iter().filter(|it| rights.contains(&it.name)).collect())
}

async fn check_entitled(
    tx: &Tx,
    affiliation: &Affiliation,
    organization: &Organization,
) -> Result<(), Error> {
    let its_type = membership_types::of(tx, organization).await?;
    let may = affiliation.status() == AffiliationStatus::Approved && organization.can_have_ties(&its_type);
    if may { Ok(()) } else { Err(Error::NotEntitled) }
}

fn requested(affiliation: &Affiliation, kind: &RightType, now: Time) -> TiesRight {
    TiesRight {
        id: TiesRightId::new(random::id()),
        affiliation: affiliation.id.clone(),
        account: affiliation.account.clone(),
        right: kind.name.clone(),
        requested_at: Some(now),
        stage: TiesStage::Requested,
    }
}
