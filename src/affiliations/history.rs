//! Shows a person the history of their affiliations and TIES rights: what was asked and decided, when, why, and in which
//! office somebody decided (product.md; security.md LG-1). Nobody's name is in it. The page of the history calls it; what
//! is in force now is in `overview`.

use crate::affiliations::Error;
use crate::app::App;
use crate::domain::actor::Office;
use crate::domain::affiliation::{Affiliation, AffiliationStatus, Decision, Stage};
use crate::domain::event::{Action, Record};
use crate::domain::organization::Organization;
use crate::domain::ties::{RightType, TiesRight, TiesStage, TiesStatus};
use crate::domain::{AccountId, Time};
use crate::storage::{affiliations, events, imported_accounts, organizations, ties};

/// The affiliations of one page.
const SIZE: u64 = 10;

/// What the audit trail alone has: an office leaves no row behind, and a merge moves one along.
const RECORDED: [Action; 7] = [
    Action::FocalPointDesignated,
    Action::FocalPointRemoved,
    Action::AbsenceEntered,
    Action::AbsenceEnded,
    Action::DeputyNamed,
    Action::DeputyEnded,
    Action::OrganizationMerged,
];

/// One step: what happened, and by whose decision.
#[derive(Clone, Debug)]
pub struct Step {
    pub at: Time,
    /// The key of the text that says what happened. It has the hole `right` if the step is about one.
    pub what: &'static str,
    /// The name of the TIES right that it is about.
    pub right: Option<String>,
    /// The office of whoever decided; `None` if an earlier release did not record it.
    pub by: Option<Office>,
    pub reason: Option<String>,
}

/// An affiliation with everything that happened to it, the newest step first.
#[derive(Clone, Debug)]
pub struct AffiliationHistory {
    pub affiliation: Affiliation,
    /// The organization, under the name that it has now.
    pub organization: Option<Organization>,
    pub steps: Vec<Step>,
}

#[derive(Clone, Debug)]
pub struct HistoryPage {
    pub affiliations: Vec<AffiliationHistory>,
    /// Every kind of right, for its label.
    pub kinds: Vec<RightType>,
    /// The number of the page, from 1.
    pub page: u64,
    pub size: u64,
    pub total: u64,
}

/// Lists the person's affiliations, the newest first, by the same few queries whatever their number.
pub async fn history(app: &App, account: &AccountId, page: u64) -> Result<HistoryPage, Error> {
    let db = app.db.read();
    let total = affiliations::count_of_account(db, account).await?;
    let page = page.clamp(1, total.div_ceil(SIZE).max(1));
    let found = affiliations::list_part_of_account(db, account, (page - 1) * SIZE, SIZE).await?;
    let ids = || found.iter().map(|it| &it.id);
    let organizations = organizations::list_by_ids(db, found.iter().map(|it| &it.organization)).await?;
    let rights = ties::list_of_affiliations(db, ids()).await?;
    let records = events::list_of_affiliations(db, account, ids(), &RECORDED).await?;
    let imported_at = imported_accounts::find_imported_at(db, account).await?;
    let of = |affiliation: &Affiliation| AffiliationHistory {
        affiliation: affiliation.clone(),
        organization: organizations
            .iter()
            .find(|it| it.id == affiliation.organization)
            .cloned(),
        steps: if imported_at == Some(affiliation.requested_at) {
            steps_since_import(affiliation, &rights, &records)
        } else {
            steps(affiliation, &rights, &records)
        },
    };
    Ok(HistoryPage {
        affiliations: found.iter().map(of).collect(),
        kinds: ties::list_types(db).await?,
        page,
        size: SIZE,
        total,
    })
}

fn steps(affiliation: &Affiliation, rights: &[TiesRight], records: &[Record]) -> Vec<Step> {
    let (decision, end) = match &affiliation.stage {
        Stage::SelfDeclared | Stage::Pending => (None, None),
        Stage::Approved(decision) | Stage::Rejected(decision) => (Some(decision), None),
        Stage::Withdrawn { approval, end } => (approval.as_ref(), Some(end)),
        Stage::Removed { approval, end } | Stage::Lapsed { approval, end } => (Some(approval), Some(end)),
    };
    let decided_as = match affiliation.status() {
        AffiliationStatus::Rejected => AffiliationStatus::Rejected,
        _ => AffiliationStatus::Approved,
    };
    let mut steps = vec![Step {
        at: affiliation.requested_at,
        what: match affiliation.stage {
            Stage::SelfDeclared => "history.affiliation.declared",
            // The row does not say whether it was a request or a declaration that ended before anybody decided.
            Stage::Withdrawn { approval: None, .. } => "history.affiliation.chosen",
            _ => "history.affiliation.requested",
        },
        right: None,
        by: Some(if affiliation.asked_by_person {
            Office::Themselves
        } else {
            Office::System
        }),
        reason: None,
    }];
    steps.extend(decision.map(|it| decided(it, affiliation_text(decided_as), None)));
    for right in rights.iter().filter(|it| it.affiliation == affiliation.id) {
        steps.extend(steps_of_right(right));
    }
    let object = format!("affiliation:{}", affiliation.id);
    steps.extend(
        records
            .iter()
            .filter(|it| it.object == object)
            .map(|record| Step {
                at: record.at,
                what: recorded_text(record.action),
                right: None,
                by: record.office,
                reason: record.reason.clone(),
            }),
    );
    steps.extend(end.map(|it| decided(it, affiliation_text(affiliation.status()), None)));
    // What happened at the same moment stays in its order: rights end before the affiliation that they were on.
    steps.sort_by_key(|it| it.at);
    steps.reverse();
    steps
}

/// Returns the steps of what the import of the account brought: who asked and decided before, and when, the file does not
/// say. All that the import wrote has its time.
fn steps_since_import(affiliation: &Affiliation, rights: &[TiesRight], records: &[Record]) -> Vec<Step> {
    let at = affiliation.requested_at;
    let mut steps = steps(affiliation, rights, records);
    steps.retain_mut(|step| {
        let is_of_right = step.right.is_some();
        if step.at == at && is_of_right {
            step.what = RIGHT_TAKEN_OVER;
        }
        step.at != at || is_of_right
    });
    steps.push(Step {
        at,
        what: TAKEN_OVER,
        right: None,
        by: Some(Office::System),
        reason: None,
    });
    steps
}

const TAKEN_OVER: &str = "history.affiliation.taken_over";
const RIGHT_TAKEN_OVER: &str = "history.ties.taken_over";

fn steps_of_right(right: &TiesRight) -> Vec<Step> {
    let name = Some(right.right.clone());
    let asked = right.requested_at.map(|at| Step {
        at,
        what: right_text(TiesStatus::Requested),
        right: name.clone(),
        by: Some(Office::Themselves),
        reason: None,
    });
    let mut steps: Vec<Step> = asked.into_iter().collect();
    match &right.stage {
        TiesStage::Requested => {}
        TiesStage::Granted(decision) | TiesStage::Refused(decision) => {
            steps.push(decided(decision, right_text(right.status()), name));
        }
        TiesStage::Revoked { grant, end } => {
            steps.push(decided(grant, right_text(TiesStatus::Granted), name.clone()));
            steps.push(decided(end, right_text(TiesStatus::Revoked), name));
        }
    }
    steps
}

fn decided(decision: &Decision, what: &'static str, right: Option<String>) -> Step {
    Step {
        at: decision.at,
        what,
        right,
        by: Some(decision.capacity.into()),
        reason: decision.reason.clone(),
    }
}

const fn affiliation_text(status: AffiliationStatus) -> &'static str {
    match status {
        AffiliationStatus::SelfDeclared => "history.affiliation.declared",
        AffiliationStatus::Pending => "history.affiliation.requested",
        AffiliationStatus::Approved => "history.affiliation.approved",
        AffiliationStatus::Rejected => "history.affiliation.rejected",
        AffiliationStatus::Withdrawn => "history.affiliation.withdrawn",
        AffiliationStatus::Removed => "history.affiliation.removed",
        AffiliationStatus::Lapsed => "history.affiliation.lapsed",
    }
}

const fn right_text(status: TiesStatus) -> &'static str {
    match status {
        TiesStatus::Requested => "history.ties.requested",
        TiesStatus::Granted => "history.ties.granted",
        TiesStatus::Refused => "history.ties.refused",
        TiesStatus::Revoked => "history.ties.revoked",
    }
}

const fn recorded_text(action: Action) -> &'static str {
    match action {
        Action::FocalPointDesignated => "history.affiliation.designated",
        Action::FocalPointRemoved => "history.affiliation.undesignated",
        Action::AbsenceEntered => "history.affiliation.absence_entered",
        Action::AbsenceEnded => "history.affiliation.absence_ended",
        Action::DeputyNamed => "history.affiliation.deputy_named",
        Action::DeputyEnded => "history.affiliation.deputy_ended",
        _ => "history.affiliation.merged",
    }
}

/// Returns the key of the text that says what a record is about. `None` for what is no part of this history.
pub const fn wording(action: Action) -> Option<&'static str> {
    Some(match action {
        Action::AffiliationRequested => affiliation_text(AffiliationStatus::Pending),
        Action::AffiliationApproved => affiliation_text(AffiliationStatus::Approved),
        Action::AffiliationRejected => affiliation_text(AffiliationStatus::Rejected),
        Action::AffiliationWithdrawn => affiliation_text(AffiliationStatus::Withdrawn),
        Action::AffiliationRemoved => affiliation_text(AffiliationStatus::Removed),
        Action::AffiliationLapsed => affiliation_text(AffiliationStatus::Lapsed),
        // The record names the right in its details only.
        Action::TiesRequested | Action::TiesGranted | Action::TiesRefused | Action::TiesRevoked => {
            "account.ties.title"
        }
        Action::FocalPointDesignated
        | Action::FocalPointRemoved
        | Action::AbsenceEntered
        | Action::AbsenceEnded
        | Action::DeputyNamed
        | Action::DeputyEnded
        | Action::OrganizationMerged => recorded_text(action),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts::history::{Visibility, visibility};
    use crate::i18n;

    #[test]
    fn every_step_has_a_text() {
        let rows = AffiliationStatus::ALL.iter().map(|it| affiliation_text(*it));
        let rights = TiesStatus::ALL.iter().map(|it| right_text(*it));
        let taken_over = [TAKEN_OVER, RIGHT_TAKEN_OVER];
        for key in rows
            .chain(rights)
            .chain(RECORDED.map(recorded_text))
            .chain(taken_over)
        {
            assert!(i18n::exists(key), "{key}");
        }
    }

    /// The rows have the decisions, the trail the rest: nothing that is left to this history is in neither.
    #[test]
    fn every_action_that_is_left_to_it_is_in_it() {
        for action in Action::ALL {
            let name = action.as_str();
            let is_decision = name.starts_with("affiliation.") || name.starts_with("ties.");
            assert_eq!(
                visibility(*action) == Visibility::WithAffiliation,
                is_decision || RECORDED.contains(action),
                "{name}"
            );
            assert_eq!(
                wording(*action).is_some_and(i18n::exists),
                is_decision || RECORDED.contains(action),
                "{name}"
            );
        }
    }
}
