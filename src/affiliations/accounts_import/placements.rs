//! Places imported people: whether the organizations that a file names exist, and take people in that state.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use sea_orm::ConnectionTrait;

use crate::accounts::Result;
use crate::accounts::import::{Placement, Record};
use crate::app::Tx;
use crate::domain::account::Account;
use crate::domain::affiliation::{Affiliation, AffiliationStatus, Capacity, Decision, Stage};
use crate::domain::organization::{MembershipType, Organization, OrganizationStatus};
use crate::domain::ties::{TiesRight, TiesStage};
use crate::domain::{AffiliationId, MembershipTypeId, OrganizationId, TiesRightId, Time};
use crate::random;
use crate::storage::{membership_types, organizations, ties};

/// The affiliation and the rights of a person, if the record names an organization.
pub(super) type Placed = Option<(Affiliation, Vec<TiesRight>)>;

type Checked<T> = std::result::Result<T, String>;

/// The organizations that a file names, with their types.
#[derive(Debug, Default)]
pub(super) struct Directory {
    types: HashMap<MembershipTypeId, MembershipType>,
    /// `None` where there is none of that id.
    organizations: HashMap<OrganizationId, Option<Organization>>,
    rights: Vec<String>,
}

impl Directory {
    /// Reads the membership types and the rights. The organizations follow by `extend` or `hold`.
    pub(super) async fn load(db: &impl ConnectionTrait) -> Result<Self> {
        let types = membership_types::list(db).await?;
        let rights = ties::list_types(db).await?;
        Ok(Self {
            types: types.into_iter().map(|it| (it.id.clone(), it)).collect(),
            organizations: HashMap::new(),
            rights: rights.into_iter().map(|it| it.name).collect(),
        })
    }

    /// Reads the organizations of these records that were not read before.
    pub(super) async fn extend(
        &mut self,
        db: &impl ConnectionTrait,
        records: impl Iterator<Item = &Record>,
    ) -> Result<()> {
        for id in named(records) {
            if let Entry::Vacant(unread) = self.organizations.entry(id) {
                let found = organizations::resolve(db, unread.key()).await?;
                unread.insert(found);
            }
        }
        Ok(())
    }

    /// Reads the organizations of these records, and keeps them as they are until the transaction ends: no membership
    /// ends, and none is merged, while a person is placed there.
    pub(super) async fn hold(&mut self, tx: &Tx, records: impl Iterator<Item = &Record>) -> Result<()> {
        let mut resolved = Vec::new();
        for id in named(records) {
            let found = organizations::resolve(tx, &id).await?;
            resolved.push((id, found.map(|it| it.id)));
        }
        // All imports take them in one order, so that none waits for another that waits for it.
        let ids: BTreeSet<OrganizationId> = resolved.iter().filter_map(|(_, it)| it.clone()).collect();
        let mut held = BTreeMap::new();
        for id in ids {
            let mut found = organizations::find_to_rely_on(tx, &id).await?;
            // It was merged before it could be held.
            while let Some(survivor) = found.as_ref().and_then(|it| it.merged_into.clone()) {
                found = organizations::find_to_rely_on(tx, &survivor).await?;
            }
            held.insert(id, found);
        }
        for (named, id) in resolved {
            let found = id.and_then(|it| held.get(&it).cloned().flatten());
            self.organizations.insert(named, found);
        }
        Ok(())
    }

    /// Returns the affiliation and rights of a record, or why it cannot have them.
    pub(super) fn place(&self, now: Time, record: &Record) -> Checked<Placed> {
        let placement = record.placement.as_ref();
        placement
            .map(|it| self.assign(now, &record.account, it))
            .transpose()
    }

    fn assign(
        &self,
        now: Time,
        account: &Account,
        placement: &Placement,
    ) -> Checked<(Affiliation, Vec<TiesRight>)> {
        let (organization, its_type) = self
            .find(&placement.organization)
            .ok_or_else(|| format!("organization_id: there is no \"{}\"", placement.organization))?;
        let is_member = organization.is_member(its_type);
        let status = status_of(&placement.status, is_member)?;
        require_to_take(organization, is_member, status)?;
        let decision = Decision {
            at: now,
            by: None,
            capacity: Capacity::System,
            // The file gives no reason; the audit trail says that it was imported.
            reason: None,
        };
        let affiliation = Affiliation {
            id: AffiliationId::new(random::id()),
            account: account.id.clone(),
            organization: organization.id.clone(),
            requested_at: now,
            // Whether they did on the former platform, the file does not say.
            asked_by_person: false,
            stage: stage_of(status, &decision),
        };
        let is_entitled =
            status == AffiliationStatus::Approved && its_type.ties_entitled && organization.is_active();
        let rights = self.rights_of(&placement.ties_rights, is_entitled)?;
        let rights = rights.map(|right| TiesRight {
            id: TiesRightId::new(random::id()),
            affiliation: affiliation.id.clone(),
            account: account.id.clone(),
            right: right.clone(),
            requested_at: None,
            stage: TiesStage::Granted(decision.clone()),
        });
        let rights = rights.collect();
        Ok((affiliation, rights))
    }

    fn find(&self, id: &OrganizationId) -> Option<(&Organization, &MembershipType)> {
        let found = self.organizations.get(id)?.as_ref()?;
        Some((found, self.types.get(&found.membership_type)?))
    }

    /// Returns the rights, if each exists, is named once, and may be had.
    fn rights_of<'a>(
        &self,
        named: &'a [String],
        is_entitled: bool,
    ) -> Checked<impl Iterator<Item = &'a String> + use<'a>> {
        if !is_entitled && !named.is_empty() {
            return Err("ties_rights: need an approved affiliation to an entitled, active member".into());
        }
        for (at, right) in named.iter().enumerate() {
            if !self.rights.contains(right) {
                return Err(format!("ties_rights: there is no \"{}\"", right.escape_debug()));
            }
            if named[..at].contains(right) {
                return Err(format!("ties_rights: \"{right}\" is named twice"));
            }
        }
        Ok(named.iter())
    }
}

fn named<'a>(records: impl Iterator<Item = &'a Record>) -> BTreeSet<OrganizationId> {
    records
        .filter_map(|it| Some(it.placement.as_ref()?.organization.clone()))
        .collect()
}

/// Returns the status that the file names, or what a new person would have.
fn status_of(written: &str, is_member: bool) -> Checked<AffiliationStatus> {
    match written {
        "" if is_member => Ok(AffiliationStatus::Pending),
        "" => Ok(AffiliationStatus::SelfDeclared),
        text => AffiliationStatus::parse(text)
            .ok_or_else(|| format!("affiliation_status: \"{}\" is not one", text.escape_debug())),
    }
}

/// Returns the reason why the organization takes nobody in this state, if there is one.
fn require_to_take(organization: &Organization, is_member: bool, status: AffiliationStatus) -> Checked<()> {
    use AffiliationStatus::{Approved, Pending, SelfDeclared};
    let id = &organization.id;
    match status {
        SelfDeclared if is_member => Err(format!(
            "affiliation_status: {id} is a member, its Focal Point decides"
        )),
        _ if status != SelfDeclared && !is_member => Err(format!(
            "affiliation_status: {status} is for members; {id} is none"
        )),
        Approved if organization.status == OrganizationStatus::Ended => {
            Err(format!("affiliation_status: the membership of {id} has ended"))
        }
        Pending | SelfDeclared if !organization.takes_people() => {
            Err(format!("organization_id: {id} takes nobody any more"))
        }
        _ => Ok(()),
    }
}

fn stage_of(status: AffiliationStatus, decision: &Decision) -> Stage {
    let (approval, end) = (decision.clone(), decision.clone());
    match status {
        AffiliationStatus::SelfDeclared => Stage::SelfDeclared,
        AffiliationStatus::Pending => Stage::Pending,
        AffiliationStatus::Approved => Stage::Approved(approval),
        AffiliationStatus::Rejected => Stage::Rejected(approval),
        AffiliationStatus::Withdrawn => Stage::Withdrawn { approval: None, end },
        AffiliationStatus::Removed => Stage::Removed { approval, end },
        AffiliationStatus::Lapsed => Stage::Lapsed { approval, end },
    }
}
