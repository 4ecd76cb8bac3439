//! Writes one transition of an affiliation, of a TIES right or of a deputy's term, whoever caused it: the conditional update, what ends
//! with it, the audit record with before and after, the mail to the person. All are in the caller's transaction. The
//! caller decides whether the actor may cause it, `domain` whether the state may follow.

use serde_json::{Value, json};

use crate::affiliations::Error;
use crate::affiliations::notifications::{offices, person};
use crate::app::Tx;
use crate::domain::affiliation::{Affiliation, AffiliationStatus, Decision};
use crate::domain::event::{Action, Event};
use crate::domain::office::Deputy;
use crate::domain::organization::Organization;
use crate::domain::ties::{TiesRight, TiesStage, TiesStatus};
use crate::storage::{account_changes, affiliations, deputies, focal_points, ties};

/// Writes a new affiliation, pending or self-declared.
pub async fn start(tx: &Tx, new: &Affiliation, organization: &Organization) -> Result<(), Error> {
    affiliations::insert(tx, new).await?;
    account_changes::touch(tx, &new.account, tx.now()).await?;
    let event = Event::new(Action::AffiliationRequested, object(new))
        .about(&new.account)
        .within(&new.organization)
        .change(Value::Null, state(new));
    tx.record(event).await?;
    person::affiliation_changed(tx, new, organization).await
}

/// Moves an affiliation from `before` to `after`. If it ends, its TIES rights and its office of Focal Point end first,
/// each with a record of its own: the database would end them as well, but silently (security.md AF-3).
pub async fn transition(
    tx: &Tx,
    before: &Affiliation,
    after: &Affiliation,
    organization: &Organization,
) -> Result<(), Error> {
    if let Some(end) = after.last_decision().filter(|_| after.status().is_final()) {
        end_ties_rights(tx, before, end).await?;
        if focal_points::delete(tx, &before.id).await? {
            let event = Event::new(Action::FocalPointRemoved, object(before))
                .about(&before.account)
                .within(&before.organization)
                .change(true, false);
            tx.record(event).await?;
        }
        if let Some(deputy) = deputies::find(tx, &before.id).await? {
            end_deputy(tx, &deputy, before, organization).await?;
        }
    }
    if !affiliations::update(tx, before, after).await? {
        return Err(Error::Conflict);
    }
    account_changes::touch(tx, &before.account, tx.now()).await?;
    let mut event = Event::new(action(after.status()), object(before))
        .about(&before.account)
        .within(&before.organization)
        .change(state(before), state(after));
    event.reason = after.last_decision().and_then(|it| it.reason.clone());
    tx.record(event).await?;
    person::affiliation_changed(tx, after, organization).await
}

/// Ends the term of a deputy, and returns `false` if it was not there any more.
pub async fn end_deputy(
    tx: &Tx,
    deputy: &Deputy,
    affiliation: &Affiliation,
    organization: &Organization,
) -> Result<bool, Error> {
    if !deputies::delete(tx, deputy).await? {
        return Ok(false);
    }
    let event = Event::new(Action::DeputyEnded, object(affiliation))
        .about(&deputy.account)
        .within(&deputy.organization)
        .change(term(deputy), Value::Null);
    tx.record(event).await?;
    offices::deputy_ended(tx, deputy, organization).await?;
    Ok(true)
}

/// Returns the record of a deputy's beginning.
pub fn deputy_named(deputy: &Deputy) -> Event {
    Event::new(Action::DeputyNamed, format!("affiliation:{}", deputy.affiliation))
        .about(&deputy.account)
        .within(&deputy.organization)
        .change(Value::Null, term(deputy))
}

fn term(deputy: &Deputy) -> Value {
    json!({ "from": deputy.term.first_day(), "until": deputy.term.last_day() })
}

/// Ends every right on an affiliation that is requested or granted.
pub async fn end_ties_rights(tx: &Tx, affiliation: &Affiliation, end: &Decision) -> Result<(), Error> {
    for right in ties::list_of_affiliation(tx, &affiliation.id).await? {
        if right.status().is_live() {
            let ended = right.clone().end_with_affiliation(end.clone())?;
            transition_right(tx, &right, &ended, affiliation).await?;
        }
    }
    Ok(())
}

/// Writes a new TIES right, requested or granted.
pub async fn start_right(tx: &Tx, new: &TiesRight, affiliation: &Affiliation) -> Result<(), Error> {
    ties::insert(tx, new).await?;
    account_changes::touch(tx, &affiliation.account, tx.now()).await?;
    let event = Event::new(right_action(new.status()), object(affiliation))
        .about(&affiliation.account)
        .within(&affiliation.organization)
        .change(Value::Null, right_state(new));
    Ok(tx.record(event).await?)
}

/// Moves a TIES right from `before` to `after`.
pub async fn transition_right(
    tx: &Tx,
    before: &TiesRight,
    after: &TiesRight,
    affiliation: &Affiliation,
) -> Result<(), Error> {
    if !ties::update(tx, before, after).await? {
        return Err(Error::Conflict);
    }
    account_changes::touch(tx, &affiliation.account, tx.now()).await?;
    let mut event = Event::new(right_action(after.status()), object(affiliation))
        .about(&affiliation.account)
        .within(&affiliation.organization)
        .change(right_state(before), right_state(after));
    event.reason = match &after.stage {
        TiesStage::Requested => None,
        TiesStage::Granted(decision)
        | TiesStage::Refused(decision)
        | TiesStage::Revoked { end: decision, .. } => decision.reason.clone(),
    };
    Ok(tx.record(event).await?)
}

/// Names an affiliation in the audit trail.
pub fn object(affiliation: &Affiliation) -> String {
    format!("affiliation:{}", affiliation.id)
}

/// Describes an affiliation in the audit trail: ids, not names (security.md LG-1).
fn state(affiliation: &Affiliation) -> Value {
    json!({
        "status": affiliation.status().as_str(),
        "account": affiliation.account.as_str(),
        "organization": affiliation.organization.as_str(),
        "as": affiliation.last_decision().map(|it| it.capacity.as_str()),
    })
}

fn right_state(right: &TiesRight) -> Value {
    json!({ "right": right.right, "status": right.status().as_str() })
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

fn right_action(to: TiesStatus) -> Action {
    match to {
        TiesStatus::Requested => Action::TiesRequested,
        TiesStatus::Granted => Action::TiesGranted,
        TiesStatus::Refused => Action::TiesRefused,
        TiesStatus::Revoked => Action::TiesRevoked,
    }
}
