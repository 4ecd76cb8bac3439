//! When an organization changes, its people are settled in the same transaction (security.md AF-1): what
//! it can no longer hold ends, and who declared to belong to what turns out a member is asked about.

use sea_orm::ConnectionTrait;

use crate::affiliations::Error;
use crate::affiliations::directory::proposals::{object, told};
use crate::affiliations::lifecycle::requests;
use crate::affiliations::lifecycle::transitions::Act;
use crate::affiliations::notifications::digests;
use crate::domain::affiliation::{Affiliation, AffiliationStatus, Capacity, Decision, Stage};
use crate::domain::event::{Action, Event};
use crate::domain::organization::{MembershipType, Organization, OrganizationStatus};
use crate::domain::{AccountId, AffiliationId, OrganizationId};
use crate::random;
use crate::storage::{affiliations, organizations};

/// Writes a change and settles the people first: whom the organization can no longer hold as they are.
pub(in crate::affiliations) async fn change<C: ConnectionTrait>(
    act: &Act<'_, C>,
    before: &Organization,
    mut after: Organization,
    action: Action,
    reason: Option<String>,
) -> Result<(), Error> {
    if before.status != after.status && !before.status.may_become(after.status) {
        return Err(Error::Conflict);
    }
    if after == *before {
        return Ok(());
    }
    after.version = before.version + 1;
    after.updated_at = act.now;
    let its_type = requests::type_of(act.tx, &after).await?;
    let asked_anew = settle(act, before, &after, &its_type).await?;
    if !organizations::update(act.tx, &after).await? {
        return Err(Error::Conflict);
    }
    let mut event = Event::new(action, object(&before.id))
        .within(&before.id)
        .change(told(before), told(&after));
    event.reason = reason;
    act.record(event).await?;
    for account in asked_anew {
        ask_anew(act, &account, &after).await?;
    }
    Ok(())
}

/// Ends what the organization as it will be cannot hold; tells whom to ask about anew.
async fn settle<C: ConnectionTrait>(
    act: &Act<'_, C>,
    before: &Organization,
    after: &Organization,
    its_type: &MembershipType,
) -> Result<Vec<AccountId>, Error> {
    let mut asked_anew = Vec::new();
    let ends = after.status == OrganizationStatus::Ended;
    let is_member = after.is_member(its_type);
    let was_member = before.is_member(&requests::type_of(act.tx, before).await?);
    let loses_ties = !its_type.ties_entitled;
    if !ends && is_member == was_member && !(is_member && loses_ties) {
        return Ok(asked_anew);
    }
    let end = unnamed(act);
    for it in living(act.tx, &before.id).await? {
        let moved = match it.status() {
            AffiliationStatus::Approved if ends || !is_member => it.clone().lapse(end.clone())?,
            AffiliationStatus::Pending if ends || !is_member => it.clone().reject(end.clone())?,
            AffiliationStatus::SelfDeclared if is_member => {
                asked_anew.push(it.account.clone());
                it.clone().withdraw(end.clone())?
            }
            AffiliationStatus::Approved | AffiliationStatus::Pending if loses_ties => {
                act.end_ties(&it, &end).await?;
                continue;
            }
            _ => continue,
        };
        act.moved(&it, &moved, before).await?;
    }
    Ok(asked_anew)
}

/// Ends a batch of what an organization cannot hold once its membership is over. How many that were.
pub(in crate::affiliations) async fn end_some<C: ConnectionTrait>(
    act: &Act<'_, C>,
    organization: &Organization,
) -> Result<usize, Error> {
    let some = affiliations::list_to_end(act.tx, &organization.id).await?;
    for it in &some {
        let ended = match it.status() {
            AffiliationStatus::Pending => it.clone().reject(unnamed(act))?,
            _ => it.clone().lapse(unnamed(act))?,
        };
        act.moved(it, &ended, organization).await?;
    }
    Ok(some.len())
}

/// Nobody is named: who changed an organization has not judged its people.
fn unnamed<C: ConnectionTrait>(act: &Act<'_, C>) -> Decision {
    Decision {
        at: act.now,
        by: None,
        capacity: Capacity::System,
        reason: None,
    }
}

/// Who had declared to belong to what turned out to be a member: its Focal Points are asked (AF-1). A
/// request that waits elsewhere goes first; then this one is the person's to make.
pub(in crate::affiliations) async fn ask_anew<C: ConnectionTrait>(
    act: &Act<'_, C>,
    account: &AccountId,
    organization: &Organization,
) -> Result<(), Error> {
    if affiliations::find_open(act.tx, account).await?.is_some() || !organization.is_active() {
        return Ok(());
    }
    let request = Affiliation {
        id: AffiliationId::new(random::id()),
        account: account.clone(),
        organization: organization.id.clone(),
        requested_at: act.now,
        asked_by_person: false,
        stage: Stage::Pending,
    };
    act.begin(&request, organization).await?;
    digests::announce(act, &request, organization, false).await
}

/// Pending, approved and self-declared people.
pub(in crate::affiliations) async fn living(
    tx: &impl ConnectionTrait,
    id: &OrganizationId,
) -> Result<Vec<Affiliation>, Error> {
    let statuses = [
        AffiliationStatus::Pending,
        AffiliationStatus::Approved,
        AffiliationStatus::SelfDeclared,
    ];
    Ok(affiliations::list_of_organization(tx, id, &statuses).await?)
}
