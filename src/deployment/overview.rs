//! How the deployment fares, for administrators: what waits for a decision, mails, what happened by day, signing keys,
//! events to services, services with errors, and work in the background that is late. The page, the API and the command
//! `overview` show it. Each number is of an index, or was counted before (`audit::daily_counts`).

use std::collections::HashMap;

use chrono::{Duration, NaiveDate};
use sea_orm::DbErr;
use serde::Serialize;

use crate::accounts::second_factor::policy;
use crate::affiliations::Error;
use crate::app::App;
use crate::audit::daily_counts;
use crate::domain::actor::Context;
use crate::domain::affiliation::OVERDUE_AFTER;
use crate::domain::daily_count::{Counted, SETTLED_AFTER};
use crate::domain::event::Action;
use crate::domain::powers::Area;
use crate::domain::signing_key::{self, Family};
use crate::domain::{ClientId, ReceiverId, Time};
use crate::oidc::clients::UNKNOWN;
use crate::storage::backlog::{self, Backlog};
use crate::storage::roster::{self, Filter, Show};
use crate::storage::{account_deletions, daily_counts as kept_counts, data_downloads, event_seals, events};

/// The most services, and the most streams and webhooks, that are named.
const MOST_NAMED: usize = 10;
/// The newest refusals of each kind that are counted by service.
const MOST_REFUSALS: u64 = 5_000;
/// The time after which work that is done every few seconds is late.
const LATE_AFTER: Duration = Duration::minutes(5);

const REFUSALS: [Action; 3] = [
    Action::RedirectUriRefused,
    Action::AuthorizationRefused,
    Action::ClientAuthenticationFailed,
];

#[derive(Clone, Debug, Serialize)]
pub struct Overview {
    pub at: Time,
    pub requests: Requests,
    pub proposals: Waiting,
    pub mail: Mail,
    /// The oldest day first; the last one is today, in UTC.
    pub days: Vec<Day>,
    pub signing_keys: Vec<NextKey>,
    pub events: Events,
    /// Those with the most errors first.
    pub services: Vec<FailingService>,
    pub late: Vec<Late>,
}

/// Requests that come to the administrators.
#[derive(Clone, Debug, Serialize)]
pub struct Requests {
    pub number: u64,
    pub oldest: Option<Time>,
    /// Those that wait for more than a week.
    pub overdue: u64,
}

#[derive(Clone, Debug, Serialize)]
pub struct Waiting {
    pub number: u64,
    pub oldest: Option<Time>,
}

impl From<Backlog> for Waiting {
    fn from(it: Backlog) -> Self {
        Self {
            number: it.number,
            oldest: it.oldest,
        }
    }
}

#[derive(Clone, Debug, Serialize)]
pub struct Mail {
    pub queued: u64,
    pub oldest: Option<Time>,
    pub given_up: u64,
}

#[derive(Clone, Debug, Serialize)]
pub struct Day {
    pub day: NaiveDate,
    pub sign_ups: u64,
    pub logins: u64,
    pub failed_logins: u64,
    pub refused_requests: u64,
    pub failed_clients: u64,
}

impl Day {
    fn new(day: NaiveDate) -> Self {
        Self {
            day,
            sign_ups: 0,
            logins: 0,
            failed_logins: 0,
            refused_requests: 0,
            failed_clients: 0,
        }
    }

    pub const fn number(&self, kind: Counted) -> u64 {
        match kind {
            Counted::SignUps => self.sign_ups,
            Counted::Logins => self.logins,
            Counted::FailedLogins => self.failed_logins,
            Counted::RefusedRequests => self.refused_requests,
            Counted::FailedClients => self.failed_clients,
        }
    }

    const fn number_mut(&mut self, kind: Counted) -> &mut u64 {
        match kind {
            Counted::SignUps => &mut self.sign_ups,
            Counted::Logins => &mut self.logins,
            Counted::FailedLogins => &mut self.failed_logins,
            Counted::RefusedRequests => &mut self.refused_requests,
            Counted::FailedClients => &mut self.failed_clients,
        }
    }
}

/// The change to the next key of a family.
#[derive(Clone, Debug, Serialize)]
pub struct NextKey {
    pub family: &'static str,
    pub signs_from: Time,
    pub is_announced: bool,
    /// `true` if the time to announce it is over: the job has not run, or could not.
    pub is_late: bool,
}

#[derive(Clone, Debug, Serialize)]
pub struct Events {
    /// All that were given up.
    pub dead: u64,
    /// Streams and webhooks that fail, are stopped, or have events that were given up.
    pub receivers: Vec<FailingReceiver>,
}

#[derive(Clone, Debug, Serialize)]
pub struct FailingReceiver {
    pub id: ReceiverId,
    pub client: ClientId,
    pub name: String,
    pub status: String,
    pub failures: u64,
    pub dead: u64,
}

#[derive(Clone, Debug, Serialize)]
pub struct FailingService {
    /// `None` if the requests named no registered service.
    pub client: Option<ClientId>,
    pub name: String,
    /// The refused requests of the last 24 hours.
    pub errors: u64,
}

/// Work in the background that is late.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Late {
    pub job: &'static str,
    pub since: Time,
}

/// Reads how everything is now.
pub async fn overview(app: &App, context: &Context) -> Result<Overview, Error> {
    require_reader(app, context).await?;
    let (db, now) = (app.db.read(), app.clock.now());
    let mails = backlog::mails(db).await?;
    Ok(Overview {
        at: now,
        requests: requests(app, now).await?,
        proposals: backlog::proposals(db).await?.into(),
        mail: Mail {
            queued: mails.number,
            oldest: mails.oldest,
            given_up: backlog::mails_given_up(db).await?,
        },
        days: days(app, now).await?,
        signing_keys: signing_keys(app, now),
        events: Events {
            dead: backlog::dead_events(db).await?,
            receivers: receivers(app).await?,
        },
        services: services(app, now).await?,
        late: late(app, now).await?,
    })
}

async fn require_reader(app: &App, context: &Context) -> Result<(), Error> {
    if !context.actor.oversees(Area::Operations) {
        return Err(Error::NotFound);
    }
    match policy::closes_office(app, context).await {
        Ok(false) => Ok(()),
        // G-11: what cannot be decided is refused.
        _ => Err(Error::SecondFactorRequired),
    }
}

async fn requests(app: &App, now: Time) -> Result<Requests, DbErr> {
    let db = app.db.read();
    let of = |show| Filter {
        without_decider_at: Some(now),
        show: Some(show),
        ..Filter::default()
    };
    let overdue = Filter {
        requested_before: Some(now - OVERDUE_AFTER),
        ..of(Show::Requests)
    };
    let affiliation = roster::oldest_request(db, &of(Show::AffiliationRequests)).await?;
    let right = roster::oldest_right(db, &of(Show::TiesRequests)).await?;
    Ok(Requests {
        number: roster::count(db, &of(Show::Requests)).await?,
        oldest: [affiliation, right].into_iter().flatten().min(),
        overdue: roster::count(db, &overdue).await?,
    })
}

async fn days(app: &App, now: Time) -> Result<Vec<Day>, DbErr> {
    let mut days: Vec<Day> = Vec::new();
    for kind in Counted::ALL {
        for (at, (day, number)) in daily_counts::list(&app.db, *kind, now)
            .await?
            .into_iter()
            .enumerate()
        {
            if days.len() == at {
                days.push(Day::new(day));
            }
            *days[at].number_mut(*kind) = number;
        }
    }
    Ok(days)
}

pub(super) fn signing_keys(app: &App, now: Time) -> Vec<NextKey> {
    let (rows, settings) = (app.keys.rows(), &app.config.keys);
    let next = |family: Family| {
        let newest = signing_key::newest(&rows, family)?;
        let is_announced = newest.active_from > now;
        let signs_from = if is_announced {
            newest.active_from
        } else {
            newest.active_from + settings.rotate_every
        };
        Some(NextKey {
            family: family.as_str(),
            signs_from,
            is_announced,
            is_late: !is_announced && signs_from < now + settings.announce - LATE_AFTER * 4,
        })
    };
    Family::ALL.into_iter().filter_map(next).collect()
}

async fn receivers(app: &App) -> Result<Vec<FailingReceiver>, DbErr> {
    let mut found = backlog::failing_receivers(app.db.read(), MOST_NAMED as u64).await?;
    found.truncate(MOST_NAMED);
    let named = found.into_iter().map(|it| FailingReceiver {
        name: name(app, &it.client),
        id: it.id,
        client: it.client,
        status: it.status,
        failures: u64::from(it.failures.unsigned_abs()),
        dead: it.dead,
    });
    Ok(named.collect())
}

fn name(app: &App, client: &ClientId) -> String {
    let found = app.registry.find(client.as_str());
    found.map_or_else(|| client.to_string(), |it| it.name().to_owned())
}

async fn services(app: &App, now: Time) -> Result<Vec<FailingService>, DbErr> {
    let since = now - Duration::hours(24);
    let mut errors: HashMap<String, u64> = HashMap::new();
    for action in REFUSALS {
        let counts = events::count_by_object(app.db.read(), action, since, MOST_REFUSALS).await?;
        for (object, number) in counts {
            *errors.entry(object).or_default() += number;
        }
    }
    let mut found: Vec<FailingService> = errors
        .into_iter()
        .filter_map(|(object, errors)| {
            let id = object.strip_prefix("client:")?;
            let client = (id != UNKNOWN).then(|| ClientId::new(id));
            let name = client.as_ref().map_or_else(String::new, |it| name(app, it));
            Some(FailingService { client, name, errors })
        })
        .collect();
    found.sort_by(|one, other| (other.errors, &one.client).cmp(&(one.errors, &other.client)));
    found.truncate(MOST_NAMED);
    Ok(found)
}

/// Lists what should have been done by now. Another node or this one does it as soon as it runs again.
async fn late(app: &App, now: Time) -> Result<Vec<Late>, DbErr> {
    let late = due_since(app, now).await?.into_iter();
    let late = late.filter_map(|(job, since)| Some(Late { job, since: since? }));
    Ok(late.filter(|it| it.since < now - LATE_AFTER).collect())
}

/// Returns the work in the background that can be late, and since when the oldest of it is due.
pub(super) async fn due_since(app: &App, now: Time) -> Result<[(&'static str, Option<Time>); 5], DbErr> {
    let db = app.db.read();
    let unsealed = event_seals::list_unsealed(db, 0, 1).await?;
    let deletion = account_deletions::list_due(db, now, None).await?;
    let download = data_downloads::list_due(db, now).await?;
    let counted = kept_counts::find_newest(db, Counted::Logins).await?;
    Ok([
        ("mail", backlog::mail_due_since(db).await?),
        ("audit", unsealed.first().map(|it| it.at)),
        ("deletions", deletion.first().map(|it| it.delete_at)),
        (
            "data_downloads",
            download.first().map(|it| it.due_at.unwrap_or(it.requested_at)),
        ),
        ("daily_counts", counted.map(|it| it.until + SETTLED_AFTER)),
    ])
}
