//! Judges the place of imported people: whether the organizations that a file names exist, and take people in that state.

use std::collections::HashMap;

use sea_orm::ConnectionTrait;

use crate::accounts::Result;
use crate::accounts::import::{Placement, Problem, Record};
use crate::domain::account::Account;
use crate::domain::affiliation::{Affiliation, AffiliationStatus, Capacity, Decision, Stage};
use crate::domain::organization::{MembershipType, Organization, OrganizationStatus};
use crate::domain::ties::{TiesRight, TiesStage};
use crate::domain::{AffiliationId, MembershipTypeId, OrganizationId, TiesRightId, Time};
use crate::random;
use crate::storage::{membership_types, organizations, ties};

/// A record with its affiliation and rights.
pub(super) type Judged = (Record, Option<(Affiliation, Vec<TiesRight>)>);

/// The organizations that a file names, with their types.
#[derive(Debug, Default)]
pub(super) struct Directory {
    types: HashMap<MembershipTypeId, MembershipType>,
    /// `None` where there is none of that id.
    organizations: HashMap<OrganizationId, Option<Organization>>,
    rights: Vec<String>,
}

impl Directory {
    /// Reads the membership types and the rights. The organizations follow by `extend`.
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
    pub(super) async fn extend(&mut self, db: &impl ConnectionTrait, records: &[Record]) -> Result<()> {
        let named = records
            .iter()
            .filter_map(|it| Some(&it.placement.as_ref()?.organization));
        for id in named {
            if !self.organizations.contains_key(id) {
                let found = organizations::resolve(db, id).await?;
                self.organizations.insert(id.clone(), found);
            }
        }
        Ok(())
    }

    /// Returns the records with their affiliations, and what is wrong with the others.
    pub(super) fn judge(&self, now: Time, records: Vec<Record>) -> (Vec<Judged>, Vec<Problem>) {
        let (mut good, mut problems) = (Vec::new(), Vec::new());
        for record in records {
            let placement = record.placement.as_ref();
            match placement
                .map(|it| self.assign(now, &record.account, it))
                .transpose()
            {
                Ok(assigned) => good.push((record, assigned)),
                Err(reason) => problems.push(Problem {
                    line: record.line,
                    reason,
                }),
            }
        }
        (good, problems)
    }

    /// Returns the affiliation and rights of a record, or why it cannot have them.
    fn assign(
        &self,
        now: Time,
        account: &Account,
        placement: &Placement,
    ) -> std::result::Result<(Affiliation, Vec<TiesRight>), String> {
        let organization = self.organizations.get(&placement.organization);
        let (organization, its_type) = organization
            .and_then(Option::as_ref)
            .and_then(|it| Some((it, self.types.get(&it.membership_type)?)))
            .ok_or_else(|| format!("organization_id: there is no \"{}\"", placement.organization))?;
        let member = organization.is_member(its_type);
        let decision = Decision {
            at: now,
            by: None,
            capacity: Capacity::System,
            // The file gives no reason; the audit trail says that it was imported.
            reason: None,
        };
        let status = match placement.status.as_str() {
            "" if member => AffiliationStatus::Pending,
            "" => AffiliationStatus::SelfDeclared,
            text => AffiliationStatus::parse(text)
                .ok_or_else(|| format!("affiliation_status: \"{}\" is not one", text.escape_debug()))?,
        };
        if !matches!(status, AffiliationStatus::SelfDeclared) && !member {
            return Err(format!(
                "affiliation_status: {status} is for members; {} is none",
                organization.id
            ));
        }
        let stage = match status {
            AffiliationStatus::SelfDeclared if member => {
                return Err(format!(
                    "affiliation_status: {} is a member, its Focal Point decides",
                    organization.id
                ));
            }
            AffiliationStatus::SelfDeclared => Stage::SelfDeclared,
            AffiliationStatus::Pending => Stage::Pending,
            AffiliationStatus::Approved if organization.status == OrganizationStatus::Ended => {
                return Err(format!(
                    "affiliation_status: the membership of {} has ended",
                    organization.id
                ));
            }
            AffiliationStatus::Approved => Stage::Approved(decision.clone()),
            AffiliationStatus::Rejected => Stage::Rejected(decision.clone()),
            AffiliationStatus::Withdrawn => Stage::Withdrawn {
                approval: None,
                end: decision.clone(),
            },
            AffiliationStatus::Removed => Stage::Removed {
                approval: decision.clone(),
                end: decision.clone(),
            },
            AffiliationStatus::Lapsed => Stage::Lapsed {
                approval: decision.clone(),
                end: decision.clone(),
            },
        };
        if matches!(
            status,
            AffiliationStatus::Pending | AffiliationStatus::SelfDeclared
        ) && !organization.takes_people()
        {
            return Err(format!(
                "organization_id: {} takes nobody any more",
                organization.id
            ));
        }
        let affiliation = Affiliation {
            id: AffiliationId::new(random::id()),
            account: account.id.clone(),
            organization: organization.id.clone(),
            requested_at: now,
            asked_by_person: true,
            stage,
        };
        let entitled =
            status == AffiliationStatus::Approved && its_type.ties_entitled && organization.is_active();
        if !entitled && !placement.ties_rights.is_empty() {
            return Err("ties_rights: need an approved affiliation to an entitled, active member".into());
        }
        let mut rights: Vec<TiesRight> = Vec::new();
        for right in &placement.ties_rights {
            if !self.rights.contains(right) {
                return Err(format!("ties_rights: there is no \"{}\"", right.escape_debug()));
            }
            if rights.iter().any(|it| it.right == *right) {
                return Err(format!("ties_rights: \"{right}\" is named twice"));
            }
            rights.push(TiesRight {
                id: TiesRightId::new(random::id()),
                affiliation: affiliation.id.clone(),
                account: account.id.clone(),
                right: right.clone(),
                requested_at: None,
                stage: TiesStage::Granted(decision.clone()),
            });
        }
        Ok((affiliation, rights))
    }
}
