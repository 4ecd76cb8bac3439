//! Days on which a Focal Point is away. While nobody of an organization is there to decide, its requests go to the
//! administrators (`notifications::deciders`, `roster::list_without_focal_point`); mails about requests go to those who are
//! there. Whoever is away keeps the office and may decide all the same.

use serde_json::{Value, json};

use super::Error;
use super::lifecycle::authority;
use super::lifecycle::transitions::object;
use crate::app::{App, Tx};
use crate::domain::actor::Context;
use crate::domain::affiliation::{Affiliation, FocalPoint};
use crate::domain::event::{Action, Event};
use crate::domain::office::Term;
use crate::domain::powers::Area;
use crate::domain::{AccountId, OrganizationId};
use crate::storage::{affiliations, focal_points};

/// Says from when until when a Focal Point is away, in place of what was said before: themselves, or an administrator.
pub async fn enter(
    app: &App,
    context: &Context,
    organization: &OrganizationId,
    account: &AccountId,
    absence: Term,
) -> Result<(), Error> {
    app.write(context, async |tx| {
        let (seen, affiliation) = find(tx, organization, account).await?;
        if seen.absence == Some(absence) {
            return Ok(());
        }
        write(tx, &seen, &affiliation, Some(absence)).await
    })
    .await
}

/// Says that a Focal Point is there again, or is not away after all.
pub async fn end(
    app: &App,
    context: &Context,
    organization: &OrganizationId,
    account: &AccountId,
) -> Result<(), Error> {
    app.write(context, async |tx| {
        let (seen, affiliation) = find(tx, organization, account).await?;
        if seen.absence.is_none() {
            return Err(Error::Conflict);
        }
        write(tx, &seen, &affiliation, None).await
    })
    .await
}

/// Finds the office, if the actor may say when its holder is away.
async fn find(
    tx: &Tx,
    organization: &OrganizationId,
    account: &AccountId,
) -> Result<(FocalPoint, Affiliation), Error> {
    let actor = &tx.context().actor;
    authority::require_focal_point(tx, organization).await?;
    if actor.account() != Some(account) && !actor.administers(Area::Organizations) {
        return Err(Error::NotFound);
    }
    let found = focal_points::find_of_account(tx, account).await?;
    let found = found.filter(|it| it.organization == *organization);
    let found = found.ok_or(Error::NotFound)?;
    let affiliation = affiliations::find(tx, &found.affiliation).await?;
    Ok((found, affiliation.ok_or(Error::NotFound)?))
}

async fn write(
    tx: &Tx,
    seen: &FocalPoint,
    affiliation: &Affiliation,
    absence: Option<Term>,
) -> Result<(), Error> {
    if !focal_points::update_absence(tx, seen, absence).await? {
        return Err(Error::Conflict);
    }
    let action = match absence {
        Some(_) => Action::AbsenceEntered,
        None => Action::AbsenceEnded,
    };
    let event = Event::new(action, object(affiliation))
        .about(&affiliation.account)
        .within(&affiliation.organization)
        .change(state(seen.absence), state(absence));
    Ok(tx.record(event).await?)
}

fn state(absence: Option<Term>) -> Value {
    absence.map_or(
        Value::Null,
        |it| json!({ "from": it.first_day(), "until": it.last_day() }),
    )
}
