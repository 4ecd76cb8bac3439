//! Ends memberships whose last day has passed, by the clock. An administrator suspends, ends and reinstates memberships
//! through the file (`csv`). The effect on the people is in `membership_change`.

use std::time::Instant;

use chrono::NaiveDate;

use super::membership_change::{change, end_batch, find_to_change};
use crate::affiliations::Error;
use crate::app::{App, Tx};
use crate::domain::OrganizationId;
use crate::domain::actor::Context;
use crate::domain::event::Action;
use crate::domain::organization::{Organization, OrganizationStatus};
use crate::storage::batches::{ROWS, pause};
use crate::storage::organizations;

/// Ends the memberships whose last day has passed, and returns how many. The job `remind` calls this.
pub async fn end_overdue(app: &App) -> Result<usize, Error> {
    let today = app.clock.now().date_naive();
    let overdue = organizations::list_overdue(app.db.read(), today).await?;
    end_all(app, today, &overdue).await
}

/// Ends those that are still overdue; whoever was prolonged since the list was read stays.
pub async fn end_all(app: &App, today: NaiveDate, overdue: &[OrganizationId]) -> Result<usize, Error> {
    let mut ended = 0;
    for id in overdue {
        if app.stopping.is_cancelled() {
            break;
        }
        match end(app, id, today).await {
            Ok(()) => ended += 1,
            // Another node was faster, or an administrator was.
            Err(Error::Conflict) => {}
            Err(error) => error.log_unless_busy(id, "its membership is over and cannot be ended")?,
        }
    }
    Ok(ended)
}

/// Ends one membership: the people first, in transactions that let others pass. The last one settles those who came
/// meanwhile.
async fn end(app: &App, id: &OrganizationId, today: NaiveDate) -> Result<(), Error> {
    let context = Context::system();
    while !app.stopping.is_cancelled() {
        let begun = Instant::now();
        let ended = app
            .write(&context, async |tx| {
                end_batch(tx, &find_overdue(tx, id, today).await?).await
            })
            .await?;
        if ended < ROWS {
            return app
                .write(&context, async |tx| {
                    let before = find_overdue(tx, id, today).await?;
                    let after = Organization {
                        status: OrganizationStatus::Ended,
                        ..before.clone()
                    };
                    change(tx, &before, after, Action::OrganizationChanged, None).await
                })
                .await;
        }
        pause(begun).await;
    }
    Ok(())
}

/// Returns the organization if its membership is still to be ended. Whoever was prolonged since the list was read stays a
/// member (security.md G-9).
async fn find_overdue(tx: &Tx, id: &OrganizationId, today: NaiveDate) -> Result<Organization, Error> {
    let organization = find_to_change(tx, id).await?;
    let is_overdue = organization.valid_until.is_some_and(|last| last < today);
    let may_end =
        organization.status.is_accepted() && organization.status.may_become(OrganizationStatus::Ended);
    if !is_overdue || !may_end {
        return Err(Error::Conflict);
    }
    Ok(organization)
}
