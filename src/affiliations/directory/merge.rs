//! Two records of one organization become one: the people move along, and the id that goes on being
//! used elsewhere resolves to the survivor (product.md, contract.md).

use crate::affiliations::Error;
use crate::affiliations::directory::membership_change::{ask_anew, living};
use crate::affiliations::directory::proposals::{object, tell_proposer, to_change, told};
use crate::affiliations::lifecycle::transitions::{Act, object as affiliation_object};
use crate::affiliations::lifecycle::{authority, requests};
use crate::app::App;
use crate::domain::OrganizationId;
use crate::domain::actor::Context;
use crate::domain::affiliation::{Affiliation, AffiliationStatus, Capacity, Decision};
use crate::domain::event::{Action, Event};
use crate::domain::organization::{Organization, OrganizationStatus};
use crate::storage::{affiliations, organizations};

use sea_orm::ConnectionTrait;

/// Merges `from` into `into`.
pub async fn merge(
    app: &App,
    context: &Context,
    from: &OrganizationId,
    into: &OrganizationId,
    reason: &str,
) -> Result<(), Error> {
    authority::of_administrators(context)?;
    let reason = authority::reason(reason)?;
    if from == into {
        return Err(Error::Refused("an organization is not merged into itself"));
    }
    app.db
        .write(async |tx| {
            let act = Act::new(app, tx, context);
            // Locked in one order, so that two merges do not wait for each other.
            let (first, second) = if from < into { (from, into) } else { (into, from) };
            let first = to_change(tx, first).await?;
            let second = to_change(tx, second).await?;
            let (source, target) = if first.id == *from {
                (first, second)
            } else {
                (second, first)
            };
            merge_in(&act, &source, &target, reason.clone()).await
        })
        .await
}

async fn merge_in<C: ConnectionTrait>(
    act: &Act<'_, C>,
    source: &Organization,
    target: &Organization,
    reason: Option<String>,
) -> Result<(), Error> {
    if !source.status.may_become(OrganizationStatus::Merged) {
        return Err(Error::Conflict);
    }
    if !matches!(
        target.status,
        OrganizationStatus::Active | OrganizationStatus::Suspended
    ) {
        return Err(Error::Refused("only an accepted organization takes others in"));
    }
    let source_type = requests::type_of(act.tx, source).await?;
    let target_type = requests::type_of(act.tx, target).await?;
    let (was_member, is_member) = (source.is_member(&source_type), target.is_member(&target_type));
    if was_member && !is_member {
        return Err(Error::Refused(
            "a member is not merged into an organization that is none",
        ));
    }
    let mut asked_anew = Vec::new();
    for it in living(act.tx, &source.id).await? {
        if it.status() == AffiliationStatus::SelfDeclared && is_member {
            // Closed, with a new request to the member (AF-1).
            let closed = it.clone().withdraw(by_the_service(act))?;
            act.moved(&it, &closed, source).await?;
            asked_anew.push(it.account.clone());
            continue;
        }
        if it.status() != AffiliationStatus::SelfDeclared && !target_type.ties_entitled {
            act.end_ties(&it, &by_the_service(act)).await?;
        }
        move_along(act, &it, source, target).await?;
    }
    let after = Organization {
        status: OrganizationStatus::Merged,
        merged_into: Some(target.id.clone()),
        version: source.version + 1,
        updated_at: act.now,
        ..source.clone()
    };
    if !organizations::update(act.tx, &after).await? {
        return Err(Error::Conflict);
    }
    organizations::follow_merge(act.tx, &source.id, &target.id).await?;
    let mut event = Event::new(Action::OrganizationMerged, object(&source.id))
        .within(&target.id)
        .change(told(source), told(&after));
    event.reason.clone_from(&reason);
    act.record(event).await?;
    for account in asked_anew {
        ask_anew(act, &account, target).await?;
    }
    tell_proposer(act, source, Some(&target.id), reason).await
}

/// The affiliation stays what it is, with its TIES rights and its office, at the survivor. A request of
/// somebody who belongs there already is moot.
async fn move_along<C: ConnectionTrait>(
    act: &Act<'_, C>,
    it: &Affiliation,
    source: &Organization,
    target: &Organization,
) -> Result<(), Error> {
    if it.status() == AffiliationStatus::Pending {
        let in_force = affiliations::find_in_force(act.tx, &it.account).await?;
        if in_force.is_some_and(|it| it.organization == target.id) {
            let closed = it.clone().withdraw(by_the_service(act))?;
            return act.moved(it, &closed, source).await;
        }
    } else {
        let open = affiliations::find_open(act.tx, &it.account).await?;
        if let Some(open) = open.filter(|it| it.organization == target.id) {
            let closed = open.clone().withdraw(by_the_service(act))?;
            act.moved(&open, &closed, target).await?;
        }
    }
    if !affiliations::move_to(act.tx, it, &target.id).await? {
        return Err(Error::Conflict);
    }
    let event = Event::new(Action::OrganizationMerged, affiliation_object(it))
        .within(&target.id)
        .change(source.id.as_str(), target.id.as_str());
    act.record(event).await
}

fn by_the_service<C>(act: &Act<'_, C>) -> Decision {
    Decision {
        at: act.now,
        by: None,
        capacity: Capacity::System,
        reason: None,
    }
}
