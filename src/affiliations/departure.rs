//! What the deletion of an account means for a person's place in organizations: what the page says beforehand, and what
//! ends when the time is over. Until then affiliation, TIES rights and office stay as they are, so that whoever keeps the
//! account has lost nothing; requests to an organization whose Focal Points all leave go to the administrators
//! (`notifications::deciders`). Nobody is held by an office: the last Focal Point may leave, too.

use super::Error;
use super::lifecycle::{authority, transitions};
use crate::app::App;
use crate::domain::AccountId;
use crate::domain::actor::Context;
use crate::domain::affiliation::{AffiliationStatus, Capacity};
use crate::domain::ties::TiesStatus;
use crate::storage::{accounts, affiliations, focal_points, organizations, ties};

/// What a person would leave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Departure {
    /// The organization of the affiliation in force, else of the request that is pending.
    pub organization: Option<String>,
    /// `true` if TIES rights are granted.
    pub has_ties_rights: bool,
    pub office: Option<Office>,
}

/// The office of Focal Point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Office {
    Shared,
    /// Nobody else holds it for the organization.
    Last,
}

pub async fn of_account(app: &App, account: &AccountId) -> Result<Departure, Error> {
    let db = app.db.read();
    let all = affiliations::list_of_account(db, account).await?;
    let in_force = all.iter().find(|it| it.status().is_in_force());
    let open = all.iter().find(|it| it.status() == AffiliationStatus::Pending);
    let Some(current) = in_force.or(open) else {
        return Ok(Departure::default());
    };
    let rights = ties::list_of_affiliation(db, &current.id).await?;
    let organization = organizations::find(db, &current.organization).await?;
    let office = match focal_points::find_of_account(db, account).await? {
        None => None,
        Some(own) => {
            let all = focal_points::list_of_organization(db, &own.organization).await?;
            let others: Vec<_> = all
                .into_iter()
                .map(|it| it.account)
                .filter(|it| it != account)
                .collect();
            let others = accounts::list_by_ids(db, &others).await?;
            let is_shared = others.iter().any(|it| it.is_active());
            Some(if is_shared { Office::Shared } else { Office::Last })
        }
    };
    Ok(Departure {
        organization: organization.map(|it| it.name),
        has_ties_rights: rights.iter().any(|it| it.status() == TiesStatus::Granted),
        office,
    })
}

/// Ends every affiliation and request of an account that is being deleted, each with its audit record, and what hangs on
/// it. The person gets no mail any more.
pub async fn end(app: &App, account: &AccountId) -> Result<(), Error> {
    app.write(&Context::system(), async |tx| {
        for before in affiliations::list_of_account(tx, account).await? {
            if before.status().is_final() {
                continue;
            }
            let organization = organizations::find(tx, &before.organization)
                .await?
                .ok_or(Error::NotFound)?;
            let end = authority::decision_by_actor(tx, Capacity::System, None);
            let after = before.clone().withdraw(end)?;
            transitions::transition(tx, &before, &after, &organization).await?;
        }
        Ok(())
    })
    .await
}
