//! Requests that nobody answers: those who decide are reminded after 7 days, the administrators hear
//! after 21 (product.md).

use chrono::Duration;
use sea_orm::ConnectionTrait;

use super::announcements::{by_organization, name_of};
use super::{Error, notices};
use crate::app::App;
use crate::domain::{AffiliationId, OrganizationId, Time};
use crate::storage::organizations;
use crate::storage::waiting::{self, Notice};
use crate::templates::mails::{RequestsOverdue, RequestsReminder};

const REMIND_AFTER: Duration = Duration::days(7);
const ESCALATE_AFTER: Duration = Duration::days(21);

/// The clock's door. How many organizations were written to about.
pub async fn remind(app: &App) -> Result<usize, Error> {
    let now = app.clock.now();
    let mut told = 0;
    for (notice, after) in [
        (Notice::Reminded, REMIND_AFTER),
        (Notice::Escalated, ESCALATE_AFTER),
    ] {
        let waiting = waiting::list(app.db.read(), notice, now - after).await?;
        for (organization, requests) in by_organization(&waiting) {
            let done = app
                .db
                .write(async |tx| tell(app, tx, notice, organization, &requests, now).await)
                .await?;
            told += usize::from(done);
        }
    }
    Ok(told)
}

async fn tell(
    app: &App,
    tx: &impl ConnectionTrait,
    notice: Notice,
    organization: &OrganizationId,
    requests: &[AffiliationId],
    now: Time,
) -> Result<bool, Error> {
    // Of several nodes, the one that marks them writes the mail.
    if !waiting::mark(tx, notice, requests, now).await? {
        return Ok(false);
    }
    let Some(organization) = organizations::find(tx, organization).await? else {
        return Ok(false);
    };
    let waiting = requests.len() as u64;
    if notice == Notice::Escalated {
        let administrators = notices::administrators(tx, None).await?;
        for to in &administrators.people {
            let mail = RequestsOverdue {
                name: name_of(to),
                organization: organization.name.clone(),
                waiting,
                path: administrators.requests_path(&organization.id),
            };
            notices::send(app, tx, now, to, &mail).await?;
        }
    } else {
        let deciders = notices::deciders(tx, &organization.id, None).await?;
        for to in &deciders.people {
            let mail = RequestsReminder {
                name: name_of(to),
                organization: organization.name.clone(),
                waiting,
                path: deciders.requests_path(&organization.id),
            };
            notices::send(app, tx, now, to, &mail).await?;
        }
    }
    Ok(true)
}
