//! Merges two records of one organization: the people move along, and the old id resolves to the survivor (product.md,
//! contract.md). The pages of administrators call this.

use sea_orm::ConnectionTrait;

use super::membership_change::{find_to_change, open_affiliations, request_again};
use super::{audit, membership_types};
use crate::affiliations::Error;
use crate::affiliations::lifecycle::authority::{self, decision_by_service};
use crate::affiliations::lifecycle::transitions;
use crate::affiliations::notifications::person;
use crate::app::{App, Tx};
use crate::domain::OrganizationId;
use crate::domain::actor::Context;
use crate::domain::affiliation::{Affiliation, AffiliationStatus};
use crate::domain::event::{Action, Event};
use crate::domain::organization::{MembershipType, Organization, OrganizationStatus};
use crate::storage::{account_changes, affiliations, organizations};

const INTO_ITSELF: &str = "an organization is not merged into itself";

/// Merges `from` into `into`.
pub async fn merge(
    app: &App,
    context: &Context,
    from: &OrganizationId,
    into: &OrganizationId,
    reason: &str,
) -> Result<(), Error> {
    authority::require_administrator(app, context).await?;
    let reason = authority::parse_reason(reason)?;
    if from == into {
        return Err(Error::Refused(INTO_ITSELF));
    }
    app.write(context, async |tx| {
        // Locked in one order, so that two merges do not wait for each other.
        let (first, second) = if from < into { (from, into) } else { (into, from) };
        let first = find_to_change(tx, first).await?;
        let second = find_to_change(tx, second).await?;
        let (source, target) = if first.id == *from {
            (first, second)
        } else {
            (second, first)
        };
        merge_in(tx, &source, &target, reason.clone()).await
    })
    .await
}

/// What a merge does to people.
#[derive(Clone, Debug)]
pub struct MergePreview {
    pub source: Organization,
    pub target: Organization,
    /// Those who move as they are.
    pub moved: u64,
    /// Those of whom a new request is made.
    pub asked_again: u64,
}

/// Says what `merge` would do, by reading alone; refuses what it would.
pub async fn preview(
    app: &App,
    context: &Context,
    from: &OrganizationId,
    into: &OrganizationId,
) -> Result<MergePreview, Error> {
    authority::require_administrator(app, context).await?;
    if from == into {
        return Err(Error::Refused(INTO_ITSELF));
    }
    let db = app.db.read();
    let source = organizations::find(db, from).await?.ok_or(Error::NotFound)?;
    let target = organizations::find(db, into).await?.ok_or(Error::NotFound)?;
    let (_, is_member) = check(db, &source, &target).await?;
    let open = affiliations::list_of_organization(db, from, &AffiliationStatus::OPEN).await?;
    let declared = open
        .iter()
        .filter(|it| it.status() == AffiliationStatus::SelfDeclared);
    let asked_again = if is_member { declared.count() } else { 0 };
    Ok(MergePreview {
        moved: (open.len() - asked_again) as u64,
        asked_again: asked_again as u64,
        source,
        target,
    })
}

/// Refuses a merge that cannot be. Returns the type of the target, and whether that is a member.
async fn check(
    db: &impl ConnectionTrait,
    source: &Organization,
    target: &Organization,
) -> Result<(MembershipType, bool), Error> {
    if !source.status.may_become(OrganizationStatus::Merged) {
        return Err(Error::Conflict);
    }
    if !matches!(
        target.status,
        OrganizationStatus::Active | OrganizationStatus::Suspended
    ) {
        return Err(Error::Refused("only an accepted organization takes others in"));
    }
    let source_type = membership_types::of(db, source).await?;
    let target_type = membership_types::of(db, target).await?;
    let (was_member, is_member) = (source.is_member(&source_type), target.is_member(&target_type));
    if was_member && !is_member {
        return Err(Error::Refused(
            "a member is not merged into an organization that is none",
        ));
    }
    Ok((target_type, is_member))
}

async fn merge_in(
    tx: &Tx,
    source: &Organization,
    target: &Organization,
    reason: Option<String>,
) -> Result<(), Error> {
    let (target_type, is_member) = check(tx, source, target).await?;
    let mut asked_again = Vec::new();
    for affiliation in open_affiliations(tx, &source.id).await? {
        if affiliation.status() == AffiliationStatus::SelfDeclared && is_member {
            // The affiliation ends, with a new request to the member (AF-1).
            let closed = affiliation.clone().withdraw(decision_by_service(tx))?;
            transitions::transition(tx, &affiliation, &closed, source).await?;
            asked_again.push(affiliation.account.clone());
            continue;
        }
        if affiliation.status() != AffiliationStatus::SelfDeclared && !target_type.ties_entitled {
            transitions::end_ties_rights(tx, &affiliation, &decision_by_service(tx)).await?;
        }
        move_along(tx, &affiliation, source, target).await?;
    }
    let after = Organization {
        status: OrganizationStatus::Merged,
        merged_into: Some(target.id.clone()),
        version: source.version + 1,
        updated_at: tx.now(),
        ..source.clone()
    };
    if !organizations::update(tx, &after).await? {
        return Err(Error::Conflict);
    }
    organizations::follow_merge(tx, &source.id, &target.id).await?;
    let mut event = Event::new(Action::OrganizationMerged, audit::object(&source.id))
        .within(&target.id)
        .change(audit::state(source), audit::state(&after));
    event.reason.clone_from(&reason);
    tx.record(event).await?;
    for account in asked_again {
        request_again(tx, &account, target).await?;
    }
    person::proposal_decided(tx, source, Some(&target.id), reason).await
}

/// Moves an affiliation to the survivor: it stays what it is, with its TIES rights and its office. The request of somebody
/// who belongs there already ends.
async fn move_along(
    tx: &Tx,
    affiliation: &Affiliation,
    source: &Organization,
    target: &Organization,
) -> Result<(), Error> {
    if affiliation.status() == AffiliationStatus::Pending {
        let in_force = affiliations::find_in_force(tx, &affiliation.account).await?;
        if in_force.is_some_and(|it| it.organization == target.id) {
            let closed = affiliation.clone().withdraw(decision_by_service(tx))?;
            return transitions::transition(tx, affiliation, &closed, source).await;
        }
    } else {
        let open = affiliations::find_open(tx, &affiliation.account).await?;
        if let Some(open) = open.filter(|it| it.organization == target.id) {
            let closed = open.clone().withdraw(decision_by_service(tx))?;
            transitions::transition(tx, &open, &closed, target).await?;
        }
    }
    if !affiliations::move_to(tx, affiliation, &target.id).await? {
        return Err(Error::Conflict);
    }
    account_changes::touch(tx, &affiliation.account, tx.now()).await?;
    let event = Event::new(Action::OrganizationMerged, transitions::object(affiliation))
        .about(&affiliation.account)
        .within(&target.id)
        .change(source.id.as_str(), target.id.as_str());
    Ok(tx.record(event).await?)
}
