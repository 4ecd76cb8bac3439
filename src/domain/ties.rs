//! TIES rights: named rights on an approved affiliation with an active member that is entitled to them. The person requests
//! them or the Focal Point assigns them; that is a second decision (security.md AF-3). They end with the affiliation.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::affiliation::Decision;
use super::organization::{translated, words};
use super::{AccountId, AffiliationId, TiesRightId, Time};

/// A kind of right. Kinds are data: an administrator can add one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RightType {
    /// The claim's value: `documents`, `mailing_lists`, `collaboration`, …
    pub name: String,
    pub names: BTreeMap<String, String>,
    pub position: i32,
}

impl RightType {
    pub fn label(&self, language: &str) -> &str {
        translated(&self.names, language).unwrap_or(&self.name)
    }
}

words! {
    TiesStatus {
        Requested = "requested",
        Granted = "granted",
        Refused = "refused",
        Revoked = "revoked",
    }
}

impl TiesStatus {
    pub fn may_become(self, next: Self) -> bool {
        use TiesStatus::{Granted, Refused, Requested, Revoked};
        matches!((self, next), (Requested, Granted | Refused) | (Granted, Revoked))
    }

    pub fn is_live(self) -> bool {
        matches!(self, Self::Requested | Self::Granted)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TiesRight {
    pub id: TiesRightId,
    pub affiliation: AffiliationId,
    pub account: AccountId,
    pub right: String,
    /// The time of the request; absent when the Focal Point assigned it unasked.
    pub requested_at: Option<Time>,
    pub stage: TiesStage,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TiesStage {
    Requested,
    Granted(Decision),
    Refused(Decision),
    Revoked { grant: Decision, end: Decision },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("{from} cannot become {to}")]
    WrongOrder { from: TiesStatus, to: TiesStatus },
    #[error("nobody decides about the own rights")]
    OwnRequest,
}

impl TiesRight {
    pub fn status(&self) -> TiesStatus {
        match self.stage {
            TiesStage::Requested => TiesStatus::Requested,
            TiesStage::Granted(_) => TiesStatus::Granted,
            TiesStage::Refused(_) => TiesStatus::Refused,
            TiesStage::Revoked { .. } => TiesStatus::Revoked,
        }
    }

    /// Returns when it came to its stage.
    pub fn since(&self) -> Option<Time> {
        match &self.stage {
            TiesStage::Requested => self.requested_at,
            TiesStage::Granted(decision) | TiesStage::Refused(decision) => Some(decision.at),
            TiesStage::Revoked { end, .. } => Some(end.at),
        }
    }

    pub fn grant(self, decision: Decision) -> Result<Self, Refused> {
        self.not_by_its_subject(&decision)?;
        match self.stage {
            TiesStage::Requested => Ok(self.at(TiesStage::Granted(decision))),
            _ => Err(self.wrong_order(TiesStatus::Granted)),
        }
    }

    pub fn refuse(self, decision: Decision) -> Result<Self, Refused> {
        self.not_by_its_subject(&decision)?;
        match self.stage {
            TiesStage::Requested => Ok(self.at(TiesStage::Refused(decision))),
            _ => Err(self.wrong_order(TiesStatus::Refused)),
        }
    }

    pub fn revoke(self, end: Decision) -> Result<Self, Refused> {
        self.not_by_its_subject(&end)?;
        self.end(end, TiesStatus::Revoked)
    }

    /// Ends the right with its affiliation, by whoever ended that: a granted right is revoked, a requested one refused.
    pub fn end_with_affiliation(self, end: Decision) -> Result<Self, Refused> {
        match self.stage {
            TiesStage::Requested => {
                // A person who gives up their own affiliation ends the request with it, but has decided nothing.
                let by = end.by.clone().filter(|it| *it != self.account);
                Ok(self.at(TiesStage::Refused(Decision { by, ..end })))
            }
            _ => self.end(end, TiesStatus::Revoked),
        }
    }

    fn end(self, end: Decision, to: TiesStatus) -> Result<Self, Refused> {
        match self.stage.clone() {
            TiesStage::Granted(grant) => Ok(self.at(TiesStage::Revoked { grant, end })),
            _ => Err(self.wrong_order(to)),
        }
    }

    fn at(self, stage: TiesStage) -> Self {
        Self { stage, ..self }
    }

    fn wrong_order(&self, to: TiesStatus) -> Refused {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::affiliation::Capacity;

    type Step = fn(TiesRight, Decision) -> Result<TiesRight, Refused>;
    const STEPS: [(Option<TiesStatus>, Step); 4] = [
        (Some(TiesStatus::Granted), TiesRight::grant),
        (Some(TiesStatus::Refused), TiesRight::refuse),
        (Some(TiesStatus::Revoked), TiesRight::revoke),
        (None, TiesRight::end_with_affiliation),
    ];

    proptest! {
        #[test]
        fn only_the_listed_moves_happen(steps in proptest::collection::vec((0..STEPS.len(), any::<bool>()), 0..10)) {
            let mut right = TiesRight {
                id: TiesRightId::new("r"),
                affiliation: AffiliationId::new("f"),
                account: AccountId::new("alice"),
                right: "documents".into(),
                requested_at: Some(Time::UNIX_EPOCH),
                stage: TiesStage::Requested,
            };
            for (step, own) in steps {
                let before = right.status();
                let (to, step) = STEPS[step];
                let decision = Decision {
                    at: Time::UNIX_EPOCH,
                    by: Some(AccountId::new(if own { "alice" } else { "bob" })),
                    capacity: Capacity::FocalPoint,
                    reason: None,
                };
                match step(right.clone(), decision) {
                    Ok(after) => {
                        prop_assert!(before.may_become(after.status()) && before.is_live());
                        prop_assert!(to.is_none_or(|to| to == after.status() && !own));
                        prop_assert!(to.is_some() || !after.status().is_live()); // AF-3
                        right = after;
                    }
                    Err(Refused::OwnRequest) => prop_assert!(own),
                    Err(Refused::WrongOrder { from, to }) => prop_assert!(!from.may_become(to)),
                }
            }
        }
    }
}
