//! The affiliation of one account with one organization, and its state machine (security.md AF-1, AF-2):
//!
//! ```text
//! pending ──> approved ──> removed | lapsed | withdrawn
//!        └──> rejected | withdrawn              self_declared ──> withdrawn
//! ```
//! A new request is a new record; what has ended never changes.

use chrono::Duration;
use serde::{Deserialize, Serialize};

use super::office::Term;
use super::organization::words;
use super::{AccountId, AffiliationId, MembershipTypeId, OrganizationId, Time};

/// The time after which those who decide are reminded of a request.
pub const OVERDUE_AFTER: Duration = Duration::days(7);

words! {
    AffiliationStatus {
        SelfDeclared = "self_declared",
        Pending = "pending",
        Approved = "approved",
        Rejected = "rejected",
        Withdrawn = "withdrawn",
        Removed = "removed",
        Lapsed = "lapsed",
    }
}

impl AffiliationStatus {
    /// Those that have not ended.
    pub const OPEN: [Self; 3] = [Self::Pending, Self::Approved, Self::SelfDeclared];

    pub fn may_become(self, next: Self) -> bool {
        use AffiliationStatus::{Approved, Lapsed, Pending, Rejected, Removed, SelfDeclared, Withdrawn};
        matches!(
            (self, next),
            (Pending, Approved | Rejected | Withdrawn)
                | (Approved, Removed | Lapsed | Withdrawn)
                | (SelfDeclared, Withdrawn)
        )
    }

    /// Returns `true` if claims state this affiliation.
    pub fn is_in_force(self) -> bool {
        matches!(self, Self::Approved | Self::SelfDeclared)
    }

    pub fn is_final(self) -> bool {
        !self.is_in_force() && self != Self::Pending
    }
}

words! {
    /// The capacity in which somebody decided.
    Capacity {
        FocalPoint = "focal_point",
        Administrator = "administrator",
        /// The person of the affiliation, who may only end it.
        Themselves = "person",
        System = "system",
    }
}

/// A decision: by whom, when and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    pub at: Time,
    /// The decider; absent for the operator at the console and for the service itself.
    pub by: Option<AccountId>,
    pub capacity: Capacity,
    pub reason: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Affiliation {
    pub id: AffiliationId,
    pub account: AccountId,
    pub organization: OrganizationId,
    pub requested_at: Time,
    /// `true` if the person asked; the service does when an organization becomes a member.
    pub asked_by_person: bool,
    pub stage: Stage,
}

/// The stage of an affiliation, with what is true then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    SelfDeclared,
    Pending,
    Approved(Decision),
    Rejected(Decision),
    Withdrawn {
        approval: Option<Decision>,
        end: Decision,
    },
    Removed {
        approval: Decision,
        end: Decision,
    },
    Lapsed {
        approval: Decision,
        end: Decision,
    },
}

/// A person who looks after an organization's people: it hangs on their own approved affiliation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FocalPoint {
    pub affiliation: AffiliationId,
    pub account: AccountId,
    pub organization: OrganizationId,
    pub designated_at: Time,
    /// The designator; absent for the operator at the console.
    pub designated_by: Option<AccountId>,
    /// The days on which the Focal Point is away; they may be over, or still to come.
    pub absence: Option<Term>,
}

/// Says why a move is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("{from} cannot become {to}")]
    WrongOrder {
        from: AffiliationStatus,
        to: AffiliationStatus,
    },
    /// The actor would decide about themselves (security.md AF-2).
    #[error("nobody decides about the own affiliation")]
    OwnRequest,
}

impl Stage {
    pub fn status(&self) -> AffiliationStatus {
        match self {
            Self::SelfDeclared => AffiliationStatus::SelfDeclared,
            Self::Pending => AffiliationStatus::Pending,
            Self::Approved(_) => AffiliationStatus::Approved,
            Self::Rejected(_) => AffiliationStatus::Rejected,
            Self::Withdrawn { .. } => AffiliationStatus::Withdrawn,
            Self::Removed { .. } => AffiliationStatus::Removed,
            Self::Lapsed { .. } => AffiliationStatus::Lapsed,
        }
    }
}

impl Affiliation {
    pub fn status(&self) -> AffiliationStatus {
        self.stage.status()
    }

    /// Returns when it came into force; `None` if it is not.
    pub fn since(&self) -> Option<Time> {
        match &self.stage {
            Stage::SelfDeclared => Some(self.requested_at),
            Stage::Approved(decision) => Some(decision.at),
            _ => None,
        }
    }

    /// Returns the decision that brought it to its stage; `None` if nobody has decided.
    pub fn last_decision(&self) -> Option<&Decision> {
        match &self.stage {
            Stage::SelfDeclared | Stage::Pending => None,
            Stage::Approved(decision) | Stage::Rejected(decision) => Some(decision),
            Stage::Withdrawn { end, .. } | Stage::Removed { end, .. } | Stage::Lapsed { end, .. } => {
                Some(end)
            }
        }
    }

    /// Returns the decision by which it was approved, also after its end.
    pub fn approval(&self) -> Option<&Decision> {
        match &self.stage {
            Stage::Approved(decision) => Some(decision),
            Stage::Removed { approval, .. } | Stage::Lapsed { approval, .. } => Some(approval),
            Stage::Withdrawn { approval, .. } => approval.as_ref(),
            Stage::SelfDeclared | Stage::Pending | Stage::Rejected(_) => None,
        }
    }

    pub fn approve(self, decision: Decision) -> Result<Self, Refused> {
        self.not_by_its_subject(&decision)?;
        match self.stage {
            Stage::Pending => Ok(self.at(Stage::Approved(decision))),
            _ => Err(self.wrong_order(AffiliationStatus::Approved)),
        }
    }

    pub fn reject(self, decision: Decision) -> Result<Self, Refused> {
        self.not_by_its_subject(&decision)?;
        match self.stage {
            Stage::Pending => Ok(self.at(Stage::Rejected(decision))),
            _ => Err(self.wrong_order(AffiliationStatus::Rejected)),
        }
    }

    /// Ends it for the person, or because another one takes its place.
    pub fn withdraw(self, end: Decision) -> Result<Self, Refused> {
        match self.stage.clone() {
            Stage::Pending | Stage::SelfDeclared => Ok(self.at(Stage::Withdrawn { approval: None, end })),
            Stage::Approved(approval) => Ok(self.at(Stage::Withdrawn {
                approval: Some(approval),
                end,
            })),
            _ => Err(self.wrong_order(AffiliationStatus::Withdrawn)),
        }
    }

    pub fn remove(self, end: Decision) -> Result<Self, Refused> {
        self.not_by_its_subject(&end)?;
        match self.stage.clone() {
            Stage::Approved(approval) => Ok(self.at(Stage::Removed { approval, end })),
            _ => Err(self.wrong_order(AffiliationStatus::Removed)),
        }
    }

    /// Ends it with the organization's membership.
    pub fn lapse(self, end: Decision) -> Result<Self, Refused> {
        match self.stage.clone() {
            Stage::Approved(approval) => Ok(self.at(Stage::Lapsed { approval, end })),
            _ => Err(self.wrong_order(AffiliationStatus::Lapsed)),
        }
    }

    fn at(self, stage: Stage) -> Self {
        Self { stage, ..self }
    }

    fn wrong_order(&self, to: AffiliationStatus) -> Refused {
        Refused::WrongOrder {
            from: self.status(),
            to,
        }
    }

    fn not_by_its_subject(&self, decision: &Decision) -> Result<(), Refused> {
        if decision.by.as_ref() == Some(&self.account) {
            return Err(Refused::OwnRequest);
        }
        Ok(())
    }
}

/// The claims about a person's membership, computed when they are issued (security.md AF-4). Names and absences are those
/// of product.md, and so is the JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MembershipClaims {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub membership_type: Option<MembershipTypeId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<OrganizationId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub membership_category: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member_state: Option<String>,
    pub affiliation_status: AffiliationClaim,
    pub ties_rights: Vec<String>,
    pub focal_point: bool,
}

impl MembershipClaims {
    pub fn bare(affiliation_status: AffiliationClaim) -> Self {
        Self {
            membership_type: None,
            organization: None,
            organization_id: None,
            membership_category: None,
            member_state: None,
            affiliation_status,
            ties_rights: Vec::new(),
            focal_point: false,
        }
    }
}

words! {
    /// The values of the claim `affiliation_status`; a withdrawn affiliation is none.
    AffiliationClaim {
        None = "none",
        Pending = "pending",
        Approved = "approved",
        Rejected = "rejected",
        Removed = "removed",
        Lapsed = "lapsed",
        SelfDeclared = "self_declared",
    }
}

impl From<AffiliationStatus> for AffiliationClaim {
    fn from(status: AffiliationStatus) -> Self {
        match status {
            AffiliationStatus::SelfDeclared => Self::SelfDeclared,
            AffiliationStatus::Pending => Self::Pending,
            AffiliationStatus::Approved => Self::Approved,
            AffiliationStatus::Rejected => Self::Rejected,
            AffiliationStatus::Withdrawn => Self::None,
            AffiliationStatus::Removed => Self::Removed,
            AffiliationStatus::Lapsed => Self::Lapsed,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decision(by: Option<&str>) -> Decision {
        Decision {
            at: Time::UNIX_EPOCH,
            by: by.map(AccountId::new),
            capacity: Capacity::FocalPoint,
            reason: None,
        }
    }

    fn affiliation(stage: Stage) -> Affiliation {
        Affiliation {
            id: AffiliationId::new("f"),
            account: AccountId::new("alice"),
            organization: OrganizationId::new("o"),
            requested_at: Time::UNIX_EPOCH,
            asked_by_person: true,
            stage,
        }
    }

    type Step = fn(Affiliation, Decision) -> Result<Affiliation, Refused>;
    const STEPS: [(AffiliationStatus, Step); 5] = [
        (AffiliationStatus::Approved, Affiliation::approve),
        (AffiliationStatus::Rejected, Affiliation::reject),
        (AffiliationStatus::Withdrawn, Affiliation::withdraw),
        (AffiliationStatus::Removed, Affiliation::remove),
        (AffiliationStatus::Lapsed, Affiliation::lapse),
    ];

    proptest! {
        /// Tries moves in whatever order: only those of AF-1 happen, nothing final changes, and no decision is by its
        /// subject.
        #[test]
        fn only_the_listed_moves_happen(
            declared in any::<bool>(),
            steps in proptest::collection::vec((0..STEPS.len(), any::<bool>()), 0..12),
        ) {
            let mut affiliation = affiliation(if declared { Stage::SelfDeclared } else { Stage::Pending });
            for (step, own) in steps {
                let before = affiliation.clone();
                let (to, step) = STEPS[step];
                match step(affiliation.clone(), decision(Some(if own { "alice" } else { "bob" }))) {
                    Ok(after) => {
                        prop_assert!(before.status().may_become(to)); // AF-1
                        prop_assert!(!before.status().is_final());
                        prop_assert_eq!(after.status(), to);
                        prop_assert!(!own || matches!(to, AffiliationStatus::Withdrawn | AffiliationStatus::Lapsed)); // AF-2
                        affiliation = after;
                    }
                    Err(Refused::OwnRequest) => prop_assert!(own),
                    Err(Refused::WrongOrder { from, to }) => prop_assert!(!from.may_become(to)),
                }
            }
        }
    }

    #[test]
    fn withdrawn_is_stated_as_none() {
        assert_eq!(
            AffiliationClaim::from(AffiliationStatus::Withdrawn),
            AffiliationClaim::None
        );
        let json = serde_json::to_value(MembershipClaims::bare(AffiliationClaim::None)).unwrap();
        assert_eq!(
            json,
            serde_json::json!({ "affiliation_status": "none", "ties_rights": [], "focal_point": false })
        );
    }
}
