//! Mails to a person about what became of their affiliation, their TIES rights, their office of Focal Point or the
//! organization that they proposed. Each is written in the transaction of its cause (security.md ST-2). Links lead to a
//! page and decide nothing (security.md AF-2). Mails to those who decide are in `deciders`, `digests` and `reminders`.

use crate::affiliations::Error;
use crate::app::Tx;
use crate::domain::OrganizationId;
use crate::domain::affiliation::{Affiliation, Capacity, Stage};
use crate::domain::organization::Organization;
use crate::domain::ties::{RightType, TiesStatus};
use crate::storage::{accounts, organizations};
use crate::templates::mails::{
    AffiliationChanged, AffiliationNews, FocalPointDesignated, FocalPointRemoved, OrganizationDecided,
    TiesChanged,
};

/// Says in which state the affiliation is now.
pub async fn affiliation_changed(
    tx: &Tx,
    affiliation: &Affiliation,
    organization: &Organization,
) -> Result<(), Error> {
    let (status, decision) = match &affiliation.stage {
        Stage::SelfDeclared => return Ok(()),
        Stage::Pending => (AffiliationNews::Pending, None),
        Stage::Approved(decision) => (AffiliationNews::Approved, Some(decision)),
        Stage::Rejected(decision) => (AffiliationNews::Rejected, Some(decision)),
        // Another mail says why others closed it.
        Stage::Withdrawn { end, .. } if end.capacity != Capacity::Themselves => return Ok(()),
        Stage::Withdrawn { end, .. } => (AffiliationNews::Withdrawn, Some(end)),
        Stage::Removed { end, .. } => (AffiliationNews::Removed, Some(end)),
        Stage::Lapsed { end, .. } => (AffiliationNews::Lapsed, Some(end)),
    };
    let Some(person) = accounts::find(tx, &affiliation.account).await? else {
        return Ok(());
    };
    let mail = AffiliationChanged {
        name: person.profile.full_name(),
        organization: organization.name.clone(),
        status,
        reason: decision.and_then(|it| it.reason.clone()),
    };
    Ok(tx.mail(&person, &mail).await?)
}

/// The decision about rights, with the status that each of them got.
#[derive(Debug)]
pub struct TiesAnswer<'a> {
    pub rights: &'a [(RightType, TiesStatus)],
    pub reason: Option<String>,
}

/// Says which rights were granted, refused or revoked.
pub async fn ties_changed(
    tx: &Tx,
    affiliation: &Affiliation,
    organization: &Organization,
    answer: TiesAnswer<'_>,
) -> Result<(), Error> {
    if answer.rights.is_empty() {
        return Ok(());
    }
    let Some(person) = accounts::find(tx, &affiliation.account).await? else {
        return Ok(());
    };
    let language = person.language.as_str();
    let labels = |status: TiesStatus| -> Vec<String> {
        let rights = answer.rights.iter().filter(|(_, its)| *its == status);
        rights.map(|(it, _)| it.label(language).to_owned()).collect()
    };
    let mail = TiesChanged {
        name: person.profile.full_name(),
        organization: organization.name.clone(),
        granted: labels(TiesStatus::Granted),
        refused: labels(TiesStatus::Refused),
        revoked: labels(TiesStatus::Revoked),
        reason: answer.reason,
    };
    Ok(tx.mail(&person, &mail).await?)
}

/// Says that the person is a Focal Point now.
pub async fn focal_point_designated(
    tx: &Tx,
    affiliation: &Affiliation,
    organization: &Organization,
) -> Result<(), Error> {
    let Some(person) = accounts::find(tx, &affiliation.account).await? else {
        return Ok(());
    };
    let mail = FocalPointDesignated {
        name: person.profile.full_name(),
        organization: organization.name.clone(),
    };
    Ok(tx.mail(&person, &mail).await?)
}

/// Says that the person is no Focal Point any more.
pub async fn focal_point_removed(
    tx: &Tx,
    affiliation: &Affiliation,
    organization: &Organization,
    reason: Option<String>,
) -> Result<(), Error> {
    let Some(person) = accounts::find(tx, &affiliation.account).await? else {
        return Ok(());
    };
    let mail = FocalPointRemoved {
        name: person.profile.full_name(),
        organization: organization.name.clone(),
        reason,
    };
    Ok(tx.mail(&person, &mail).await?)
}

/// Says what became of an organization that the person proposed.
pub async fn proposal_decided(
    tx: &Tx,
    proposal: &Organization,
    became: Option<&OrganizationId>,
    reason: Option<String>,
) -> Result<(), Error> {
    let Some(by) = &proposal.proposed_by else {
        return Ok(());
    };
    let Some(person) = accounts::find(tx, by).await? else {
        return Ok(());
    };
    let became = match became {
        Some(id) => organizations::find(tx, id).await?,
        None => None,
    };
    let mail = OrganizationDecided {
        name: person.profile.full_name(),
        typed: proposal.name.clone(),
        organization: became.map(|it| it.name),
        reason,
    };
    Ok(tx.mail(&person, &mail).await?)
}
