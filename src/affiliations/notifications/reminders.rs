//! Requests that nobody answers: those who decide are reminded after 7 days, the administrators hear
//! after 21 (product.md). An administrator gets one mail a day about all that is overdue, a Focal Point one for
//! the organization. All is read and written up before a transaction begins; that marks a batch of requests.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use chrono::Duration;

use crate::affiliations::Error;
use crate::affiliations::notifications::digests::{by_organization, name_of};
use crate::affiliations::notifications::person;
use crate::app::App;
use crate::domain::{AffiliationId, OrganizationId, Time};
use crate::mail::{Email, outbox};
use crate::paths;
use crate::storage::IsBusy;
use crate::storage::batches::{ROWS, pause};
use crate::storage::pending_requests::{self, Notice};
use crate::storage::{cache_versions, organizations};
use crate::templates::mails::{OverdueOrganization, RequestsOverdue, RequestsReminder};

const REMIND_AFTER: Duration = Duration::days(7);
const ESCALATE_AFTER: Duration = Duration::days(21);
/// Between two mails to the administrators.
const QUIET: Duration = Duration::days(1);
/// Named in a mail; the page that it leads to has all.
const MOST_NAMED: usize = 20;

/// What the administrators are told of, in one mail.
#[derive(Default)]
struct Overdue {
    organizations: BTreeMap<OrganizationId, (String, BTreeSet<AffiliationId>)>,
    marks: Vec<(Notice, AffiliationId)>,
}

impl Overdue {
    fn add(&mut self, notice: Notice, id: &OrganizationId, name: String, requests: Vec<AffiliationId>) {
        let (_, all) = self
            .organizations
            .entry(id.clone())
            .or_insert_with(|| (name, BTreeSet::new()));
        self.marks
            .extend(requests.iter().map(|request| (notice, request.clone())));
        all.extend(requests);
    }
}

/// The clock's door. How many mails were written.
pub async fn remind(app: &App) -> Result<usize, Error> {
    let now = app.clock.now();
    let db = app.db.read();
    let mut written = 0;
    let mut overdue = Overdue::default();
    let late = pending_requests::list(db, Notice::Reminded, now - REMIND_AFTER).await?;
    for (id, requests) in by_organization(&late) {
        if app.stopping.is_cancelled() {
            return Ok(written);
        }
        match remind_of(app, now, id, requests, &mut overdue).await {
            Ok(emails) => written += emails,
            Err(error) => passed_over(error, id)?,
        }
    }
    let late = pending_requests::list(db, Notice::Escalated, now - ESCALATE_AFTER).await?;
    for (id, requests) in by_organization(&late) {
        match organizations::find(db, id).await {
            Ok(Some(organization)) => overdue.add(Notice::Escalated, id, organization.name, requests),
            Ok(None) => {}
            Err(error) => passed_over(error.into(), id)?,
        }
    }
    written += tell_administrators(app, now, &overdue).await?;
    Ok(written)
}

/// A record that cannot be read keeps no other waiting; a database that is busy does.
pub(in crate::affiliations) fn passed_over(error: Error, organization: &OrganizationId) -> Result<(), Error> {
    if error.is_busy() {
        return Err(error);
    }
    tracing::error!(%error, %organization, "what waits at an organization cannot be told of");
    Ok(())
}

/// Writes to the Focal Points of one organization; what has none goes to `overdue`.
async fn remind_of(
    app: &App,
    now: Time,
    id: &OrganizationId,
    requests: Vec<AffiliationId>,
    overdue: &mut Overdue,
) -> Result<usize, Error> {
    let db = app.db.read();
    let Some(organization) = organizations::find(db, id).await? else {
        return Ok(0);
    };
    let deciders = person::deciders(db, id, None).await?;
    if deciders.are_administrators() {
        overdue.add(Notice::Reminded, id, organization.name, requests);
        return Ok(0);
    }
    let mut emails = Vec::new();
    for to in &deciders.people {
        let mail = RequestsReminder {
            name: name_of(to),
            organization: organization.name.clone(),
            waiting: requests.len() as u64,
            path: deciders.requests_path(id),
        };
        emails.push(person::email(app, to, &mail)?);
    }
    let marks: Vec<_> = requests.into_iter().map(|it| (Notice::Reminded, it)).collect();
    tell(app, now, &marks, &emails, None).await
}

async fn tell_administrators(app: &App, now: Time, overdue: &Overdue) -> Result<usize, Error> {
    if overdue.marks.is_empty() || app.stopping.is_cancelled() {
        return Ok(0);
    }
    let told_before = cache_versions::current(app.db.read(), cache_versions::OVERDUE_TOLD).await?;
    if told_before > (now - QUIET).timestamp() {
        return Ok(0);
    }
    let mut named: Vec<_> = overdue
        .organizations
        .values()
        .map(|(name, requests)| OverdueOrganization {
            name: name.clone(),
            waiting: requests.len() as u64,
        })
        .collect();
    named.sort_by(|one, other| {
        other
            .waiting
            .cmp(&one.waiting)
            .then_with(|| one.name.cmp(&other.name))
    });
    let waiting = named.iter().map(|it| it.waiting).sum();
    let further = named.len().saturating_sub(MOST_NAMED) as u64;
    named.truncate(MOST_NAMED);
    let administrators = person::administrators(app.db.read(), None).await?;
    let mut emails = Vec::new();
    for to in &administrators.people {
        let mail = RequestsOverdue {
            name: name_of(to),
            waiting,
            organizations: named.clone(),
            further,
            path: paths::ADMIN_REQUESTS.into(),
        };
        emails.push(person::email(app, to, &mail)?);
    }
    tell(
        app,
        now,
        &overdue.marks,
        &emails,
        Some(cache_versions::OVERDUE_TOLD),
    )
    .await
}

/// Writes the mails with the first batch of marks, then the further ones. Should the process end in between, what
/// is not marked yet is told of once more; nothing is forgotten. Of several nodes, the one that marks the first
/// batch writes the mails.
async fn tell(
    app: &App,
    now: Time,
    marks: &[(Notice, AffiliationId)],
    emails: &[Email],
    turn: Option<&'static str>,
) -> Result<usize, Error> {
    let mut written = 0;
    for (at, batch) in marks.chunks(ROWS).enumerate() {
        if app.stopping.is_cancelled() {
            break;
        }
        let begun = Instant::now();
        let emails = if at == 0 { emails } else { &[] };
        let turn = turn.filter(|_| at == 0);
        let marked = app
            .db
            .write(async |tx| {
                if let Some(turn) = turn
                    && !cache_versions::take_turn(tx, turn, now, now - QUIET).await?
                {
                    return Ok(false);
                }
                let mut marked = false;
                for notice in [Notice::Reminded, Notice::Escalated] {
                    let these: Vec<_> = batch
                        .iter()
                        .filter(|(it, _)| *it == notice)
                        .map(|(_, request)| request.clone())
                        .collect();
                    marked |= pending_requests::mark(tx, notice, &these, now).await?;
                }
                if marked {
                    for email in emails {
                        outbox::enqueue(tx, &app.mailer, &app.keys, now, email).await?;
                    }
                }
                Ok::<_, Error>(marked)
            })
            .await?;
        // Another node was faster.
        if at == 0 && !marked {
            return Ok(0);
        }
        written += emails.len();
        pause(begun).await;
    }
    Ok(written)
}
