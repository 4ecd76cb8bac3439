//! Changes an organization and, in the same transaction, settles its people (security.md AF-1): what it can no longer hold
//! ends, and whoever declared to belong to what turns out to be a member makes a new request. `proposals`, `status`,
//! `merge` and `csv` call this. Who may change an organization is checked there.

use super::{audit, membership_types};
use crate::affiliations::Error;
use crate::affiliations::lifecycle::authority::decision_by_service;
use crate::affiliations::lifecycle::transitions;
use crate::affiliations::notifications::deciders;
use crate::app::Tx;
use crate::domain::affiliation::{Affiliation, AffiliationStatus, Stage};
use crate::domain::event::{Action, Event};
use crate::domain::organization::{MembershipType, Organization, OrganizationStatus};
use crate::domain::{AccountId, AffiliationId, OrganizationId};
use crate::random;
use crate::storage::{affiliations, organizations};

/// Returns the organization, and keeps everybody else from it until the transaction ends.
pub(super) async fn find_to_change(tx: &Tx, id: &OrganizationId) -> Result<Organization, Error> {
    organizations::find_to_change(tx, id)
        .await?
        .ok_or(Error::NotFound)
}

/// Writes a change, and first ends the affiliations that the organization can no longer hold.
pub(super) async fn change(
    tx: &Tx,
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
    after.updated_at = tx.now();
    let its_type = membership_types::of(tx, &after).await?;
    let asked_again = end_affiliations(tx, before, &after, &its_type).await?;
    if !organizations::update(tx, &after).await? {
        return Err(Error::Conflict);
    }
    let mut event = Event::new(action, audit::object(&before.id))
        .within(&before.id)
        .change(audit::state(before), audit::state(&after));
    event.reason = reason;
    tx.record(event).await?;
    for account in asked_again {
        request_again(tx, &account, &after).await?;
    }
    Ok(())
}

/// Ends what `after` cannot hold, and returns those whose Focal Points are to be asked.
async fn end_affiliations(
    tx: &Tx,
    before: &Organization,
    after: &Organization,
    its_type: &MembershipType,
) -> Result<Vec<AccountId>, Error> {
    let mut asked_again = Vec::new();
    let ends = after.status == OrganizationStatus::Ended;
    let is_member = after.is_member(its_type);
    let was_member = before.is_member(&membership_types::of(tx, before).await?);
    let loses_ties = !its_type.ties_entitled;
    if !ends && is_member == was_member && !(is_member && loses_ties) {
        return Ok(asked_again);
    }
    let end = decision_by_service(tx);
    for old in open_affiliations(tx, &before.id).await? {
        let affiliation = old.clone();
        let ended = match affiliation.status() {
            AffiliationStatus::Approved if ends || !is_member => affiliation.lapse(end.clone())?,
            AffiliationStatus::Pending if ends || !is_member => affiliation.reject(end.clone())?,
            AffiliationStatus::SelfDeclared if is_member => {
                asked_again.push(affiliation.account.clone());
                affiliation.withdraw(end.clone())?
            }
            AffiliationStatus::Approved | AffiliationStatus::Pending if loses_ties => {
                transitions::end_ties_rights(tx, &affiliation, &end).await?;
                continue;
            }
            _ => continue,
        };
        transitions::transition(tx, &old, &ended, before).await?;
    }
    Ok(asked_again)
}

/// Ends a batch of what an organization cannot hold once its membership is over, and returns how many those were.
pub(super) async fn end_batch(tx: &Tx, organization: &Organization) -> Result<usize, Error> {
    let batch = affiliations::list_to_end(tx, &organization.id).await?;
    for affiliation in &batch {
        let ended = match affiliation.status() {
            AffiliationStatus::Pending => affiliation.clone().reject(decision_by_service(tx))?,
            _ => affiliation.clone().lapse(decision_by_service(tx))?,
        };
        transitions::transition(tx, affiliation, &ended, organization).await?;
    }
    Ok(batch.len())
}

/// Makes a new request for a person who had declared to belong to what turned out to be a member (AF-1). A pending request
/// elsewhere goes first; then this one is the person's to make.
pub(super) async fn request_again(
    tx: &Tx,
    account: &AccountId,
    organization: &Organization,
) -> Result<(), Error> {
    if affiliations::find_open(tx, account).await?.is_some() || !organization.is_active() {
        return Ok(());
    }
    let request = Affiliation {
        id: AffiliationId::new(random::id()),
        account: account.clone(),
        organization: organization.id.clone(),
        requested_at: tx.now(),
        asked_by_person: false,
        stage: Stage::Pending,
    };
    transitions::start(tx, &request, organization).await?;
    deciders::announce(tx, &request, organization, false).await
}

/// Returns the affiliations that have not ended: pending, approved and self-declared.
pub(super) async fn open_affiliations(tx: &Tx, id: &OrganizationId) -> Result<Vec<Affiliation>, Error> {
    Ok(affiliations::list_of_organization(tx, id, &AffiliationStatus::OPEN).await?)
}
