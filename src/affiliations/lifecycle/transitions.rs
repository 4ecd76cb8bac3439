//! One move of an affiliation or a TIES right, whoever made it: the conditional write, what ends with
//! it, the audit record with before and after, the mail to the person. All in the caller's transaction.

use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use crate::affiliations::Error;
use crate::affiliations::notifications::person;
use crate::app::App;
use crate::audit;
use crate::domain::Time;
use crate::domain::actor::Context;
use crate::domain::affiliation::{Affiliation, AffiliationStatus, Decision, Stage};
use crate::domain::event::{Action, Event};
use crate::domain::organization::Organization;
use crate::domain::ties::{TiesRight, TiesStage, TiesStatus};
use crate::storage::{affiliations, focal_points, ties};

/// What an act happens in.
#[derive(Clone, Copy)]
pub struct Act<'a, C> {
    pub app: &'a App,
    pub tx: &'a C,
    pub context: &'a Context,
    pub now: Time,
}

impl<'a, C: ConnectionTrait> Act<'a, C> {
    pub fn new(app: &'a App, tx: &'a C, context: &'a Context) -> Self {
        Self {
            app,
            tx,
            context,
            now: app.clock.now(),
        }
    }

    pub async fn record(&self, event: Event) -> Result<(), Error> {
        Ok(audit::record(self.tx, self.now, self.context, event).await?)
    }

    /// A new affiliation, pending or self-declared.
    pub async fn begin(&self, it: &Affiliation, organization: &Organization) -> Result<(), Error> {
        affiliations::insert(self.tx, it).await?;
        let event = Event::new(Action::AffiliationRequested, object(it))
            .within(&it.organization)
            .change(Value::Null, told(it));
        self.record(event).await?;
        person::affiliation_changed(self.app, self.tx, self.now, it, organization).await
    }

    /// Moves an affiliation. With its end, its TIES rights and its office of Focal Point end first, each
    /// with a record of its own; the database would end them as well, but silently (security.md AF-3).
    pub async fn moved(
        &self,
        before: &Affiliation,
        after: &Affiliation,
        organization: &Organization,
    ) -> Result<(), Error> {
        let end = match &after.stage {
            Stage::Withdrawn { end, .. } | Stage::Removed { end, .. } | Stage::Lapsed { end, .. } => {
                Some(end)
            }
            Stage::Rejected(decision) => Some(decision),
            _ => None,
        };
        if let Some(end) = end {
            self.end_ties(before, end).await?;
            if focal_points::delete(self.tx, &before.id).await? {
                let event = Event::new(Action::FocalPointRemoved, object(before))
                    .within(&before.organization)
                    .change(true, false);
                self.record(event).await?;
            }
        }
        if !affiliations::update(self.tx, before, after).await? {
            return Err(Error::Conflict);
        }
        let mut event = Event::new(action(after.status()), object(before))
            .within(&before.organization)
            .change(told(before), told(after));
        event.reason = end_or_approval(after).and_then(|it| it.reason.clone());
        self.record(event).await?;
        person::affiliation_changed(self.app, self.tx, self.now, after, organization).await
    }

    /// Ends every living right on an affiliation.
    pub async fn end_ties(&self, affiliation: &Affiliation, end: &Decision) -> Result<(), Error> {
        for right in ties::list_of_affiliation(self.tx, &affiliation.id).await? {
            if right.status().is_live() {
                let ended = right.clone().end_with_affiliation(end.clone())?;
                self.right_moved(&right, &ended, affiliation).await?;
            }
        }
        Ok(())
    }

    pub async fn right_begun(&self, it: &TiesRight, affiliation: &Affiliation) -> Result<(), Error> {
        ties::insert(self.tx, it).await?;
        let event = Event::new(ties_action(it.status()), object(affiliation))
            .within(&affiliation.organization)
            .change(Value::Null, right_told(it));
        self.record(event).await
    }

    pub async fn right_moved(
        &self,
        before: &TiesRight,
        after: &TiesRight,
        affiliation: &Affiliation,
    ) -> Result<(), Error> {
        if !ties::update(self.tx, before, after).await? {
            return Err(Error::Conflict);
        }
        let mut event = Event::new(ties_action(after.status()), object(affiliation))
            .within(&affiliation.organization)
            .change(right_told(before), right_told(after));
        event.reason = match &after.stage {
            TiesStage::Requested => None,
            TiesStage::Granted(it) | TiesStage::Refused(it) | TiesStage::Revoked { end: it, .. } => {
                it.reason.clone()
            }
        };
        self.record(event).await
    }
}

pub fn object(it: &Affiliation) -> String {
    format!("affiliation:{}", it.id)
}

/// An affiliation in the audit trail: ids, not names (security.md LG-1).
fn told(it: &Affiliation) -> Value {
    json!({
        "status": it.status().as_str(),
        "account": it.account.as_str(),
        "organization": it.organization.as_str(),
        "as": end_or_approval(it).map(|it| it.capacity.as_str()),
    })
}

fn right_told(it: &TiesRight) -> Value {
    json!({ "right": it.right, "status": it.status().as_str() })
}

fn end_or_approval(it: &Affiliation) -> Option<&Decision> {
    match &it.stage {
        Stage::SelfDeclared | Stage::Pending => None,
        Stage::Approved(it) | Stage::Rejected(it) => Some(it),
        Stage::Withdrawn { end, .. } | Stage::Removed { end, .. } | Stage::Lapsed { end, .. } => Some(end),
    }
}

fn action(to: AffiliationStatus) -> Action {
    match to {
        AffiliationStatus::SelfDeclared | AffiliationStatus::Pending => Action::AffiliationRequested,
        AffiliationStatus::Approved => Action::AffiliationApproved,
        AffiliationStatus::Rejected => Action::AffiliationRejected,
        AffiliationStatus::Withdrawn => Action::AffiliationWithdrawn,
        AffiliationStatus::Removed => Action::AffiliationRemoved,
        AffiliationStatus::Lapsed => Action::AffiliationLapsed,
    }
}

fn ties_action(to: TiesStatus) -> Action {
    match to {
        TiesStatus::Requested => Action::TiesRequested,
        TiesStatus::Granted => Action::TiesGranted,
        TiesStatus::Refused => Action::TiesRefused,
        TiesStatus::Revoked => Action::TiesRevoked,
    }
}
