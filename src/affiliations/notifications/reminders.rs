//! Reminders of requests that nobody answers: to Focal Points after 7 days, to the administrators after 21 (product.md). An
//! administrator gets one mail a day about all that is overdue, a Focal Point one for the organization. All is read
//! before a transaction begins; that marks a batch of requests.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use chrono::Duration;

use super::deciders;
use crate::affiliations::Error;
use crate::app::App;
use crate::domain::account::Account;
use crate::domain::actor::Context;
use crate::domain::affiliation::OVERDUE_AFTER;
use crate::domain::{AffiliationId, OrganizationId, Time};
use crate::paths;
use crate::storage::batches::{ROWS, pause};
use crate::storage::pending_requests::{self, Notice};
use crate::storage::{cache_versions, organizations};
use crate::templates::MailTemplate;
use crate::templates::mails::{OverdueOrganization, RequestsOverdue, RequestsReminder};

const ESCALATE_AFTER: Duration = Duration::days(21);
/// The time between two mails to the administrators.
const QUIET: Duration = Duration::days(1);
/// Limits the organizations that a mail names; the page that it leads to has all.
const MOST_NAMED: usize = 20;

/// Requests that one mail to the administrators is about.
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

/// Writes all mails that are due, and returns how many. The job `remind` calls this.
pub async fn remind(app: &App) -> Result<usize, Error> {
    let now = app.clock.now();
    let db = app.db.read();
    let mut written = 0;
    let mut overdue = Overdue::default();
    for (id, requests) in pending_requests::list(db, Notice::Reminded, now - OVERDUE_AFTER).await? {
        if app.stopping.is_cancelled() {
            return Ok(written);
        }
        match remind_of(app, &id, requests, &mut overdue).await {
            Ok(mails) => written += mails,
            Err(error) => error.log_unless_busy(&id, UNREADABLE)?,
        }
    }
    for (id, requests) in pending_requests::list(db, Notice::Escalated, now - ESCALATE_AFTER).await? {
        match organizations::find(db, &id).await {
            Ok(Some(organization)) => overdue.add(Notice::Escalated, &id, organization.name, requests),
            Ok(None) => {}
            Err(error) => Error::from(error).log_unless_busy(&id, UNREADABLE)?,
        }
    }
    written += escalate(app, now, &overdue).await?;
    Ok(written)
}

const UNREADABLE: &str = "its pending requests cannot be mailed";

/// Writes to the Focal Points of one organization; adds its requests to `overdue` if it has none.
async fn remind_of(
    app: &App,
    id: &OrganizationId,
    requests: Vec<AffiliationId>,
    overdue: &mut Overdue,
) -> Result<usize, Error> {
    let db = app.db.read();
    let Some(organization) = organizations::find(db, id).await? else {
        return Ok(0);
    };
    let deciders = deciders::of_organization(db, id, None, app.clock.now()).await?;
    if deciders.are_administrators() {
        overdue.add(Notice::Reminded, id, organization.name, requests);
        return Ok(0);
    }
    let path = deciders.requests_path(id);
    let mail = |to: Account| {
        let mail = RequestsReminder {
            name: to.profile.full_name(),
            organization: organization.name.clone(),
            waiting: requests.len() as u64,
            path: path.clone(),
        };
        (to, mail)
    };
    let mails: Vec<_> = deciders.people.into_iter().map(mail).collect();
    let marks: Vec<_> = requests.into_iter().map(|it| (Notice::Reminded, it)).collect();
    write(app, &marks, &mails, None).await
}

/// Writes to the administrators about all that is overdue, once a day.
async fn escalate(app: &App, now: Time, overdue: &Overdue) -> Result<usize, Error> {
    if overdue.marks.is_empty() || app.stopping.is_cancelled() {
        return Ok(0);
    }
    let last = cache_versions::current(app.db.read(), cache_versions::OVERDUE_NOTIFIED).await?;
    if last > (now - QUIET).timestamp() {
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
    let administrators = deciders::administrators(app.db.read(), None).await?;
    let mail = |to: Account| {
        let mail = RequestsOverdue {
            name: to.profile.full_name(),
            waiting,
            organizations: named.clone(),
            further,
            path: paths::ADMIN_REQUESTS.into(),
        };
        (to, mail)
    };
    let mails: Vec<_> = administrators.people.into_iter().map(mail).collect();
    write(
        app,
        &overdue.marks,
        &mails,
        Some(cache_versions::OVERDUE_NOTIFIED),
    )
    .await
}

/// Writes the mails with the first batch of marks, then the further ones. Should the process end in between, requests that
/// are not marked yet are in one more mail; nothing is forgotten. Of several nodes, the one that marks the first batch
/// writes the mails.
async fn write<M: MailTemplate + Sync>(
    app: &App,
    marks: &[(Notice, AffiliationId)],
    mails: &[(Account, M)],
    turn: Option<&'static str>,
) -> Result<usize, Error> {
    let mut written = 0;
    for (at, batch) in marks.chunks(ROWS).enumerate() {
        if app.stopping.is_cancelled() {
            break;
        }
        let begun = Instant::now();
        let mails = if at == 0 { mails } else { &[] };
        let turn = turn.filter(|_| at == 0);
        let marked = app
            .write(&Context::system(), async |tx| {
                if let Some(turn) = turn
                    && !cache_versions::take_turn(tx, turn, tx.now(), tx.now() - QUIET).await?
                {
                    return Ok(false);
                }
                let mut marked = false;
                for notice in [Notice::Reminded, Notice::Escalated] {
                    let of_notice: Vec<_> = batch
                        .iter()
                        .filter(|(it, _)| *it == notice)
                        .map(|(_, request)| request.clone())
                        .collect();
                    marked |= pending_requests::mark(tx, notice, &of_notice, tx.now()).await?;
                }
                if marked {
                    for (to, mail) in mails {
                        tx.mail(to, mail).await?;
                    }
                }
                Ok::<_, Error>(marked)
            })
            .await?;
        // Another node was faster.
        if at == 0 && !marked {
            return Ok(0);
        }
        written += mails.len();
        pause(begun).await;
    }
    Ok(written)
}
