//! The weekly digest of those who hold an office: what waits, what was asked and decided since the last one and by whom, and what
//! ends soon. A week ends on Monday at 06:00 UTC; whoever was not told of the time until then is due. The row that notes it is
//! written with the mail, so that of several nodes one writes it, and a process that ends in between repeats and skips nothing.
//! Whoever is away is told of the whole time afterwards.

use std::collections::BTreeMap;
use std::time::Instant;

use chrono::{Days, Duration, NaiveDate, NaiveTime, Weekday};
use sea_orm::ConnectionTrait;

use crate::accounts::stop_link::WEEKLY_DIGEST;
use crate::affiliations::Error;
use crate::app::App;
use crate::domain::account::Account;
use crate::domain::actor::Context;
use crate::domain::event::Action;
use crate::domain::organization::Organization;
use crate::domain::{AccountId, OrganizationId, Time};
use crate::paths;
use crate::storage::batches::pause;
use crate::storage::events::Acts;
use crate::storage::roster::{self, Filter, Show};
use crate::storage::weekly_digests::{self, Due, Office};
use crate::storage::{accounts, affiliations, cache_versions, deputies, events, organizations};
use crate::templates::mails::{DigestCount, DigestDecider, DigestEnd, DigestWaiting, WeeklyDigest};

const WEEK: Duration = Duration::days(7);
/// The hour of Monday at which a week ends, in UTC.
const HOUR: u32 = 6;
/// The time before an end in which it is announced.
const SOON: Days = Days::new(30);
/// Limits the people that a mail names.
const MOST_NAMED: usize = 20;

/// What is counted, in the order of the mail, with the word of its text.
const COUNTED: [(Action, &str); 10] = [
    (Action::AffiliationRequested, "requested"),
    (Action::AffiliationApproved, "approved"),
    (Action::AffiliationRejected, "rejected"),
    (Action::AffiliationWithdrawn, "withdrawn"),
    (Action::AffiliationRemoved, "removed"),
    (Action::AffiliationLapsed, "lapsed"),
    (Action::TiesRequested, "ties_requested"),
    (Action::TiesGranted, "ties_granted"),
    (Action::TiesRefused, "ties_refused"),
    (Action::TiesRevoked, "ties_revoked"),
];

/// Those of them that somebody decided about somebody else.
const DECISIONS: [Action; 6] = [
    Action::AffiliationApproved,
    Action::AffiliationRejected,
    Action::AffiliationRemoved,
    Action::TiesGranted,
    Action::TiesRefused,
    Action::TiesRevoked,
];

/// Returns the end of the last week that is over.
fn end_of_week(now: Time) -> Time {
    let monday = now.date_naive().week(Weekday::Mon).first_day();
    let hour = NaiveTime::from_hms_opt(HOUR, 0, 0).unwrap_or_default();
    let end = monday.and_time(hour).and_utc();
    if end > now { end - WEEK } else { end }
}

/// Writes every digest that is due, and returns how many. The job calls this.
pub async fn send_weekly_digests(app: &App) -> Result<usize, Error> {
    let now = app.clock.now();
    let end = end_of_week(now);
    let db = app.db.read();
    // Who is due is in the rows; this spares the walk over all of them for the rest of the week.
    if cache_versions::current(db, cache_versions::WEEKLY_DIGESTS_SENT).await? >= end.timestamp() {
        return Ok(0);
    }
    let (mut written, mut failed) = (0, false);
    for office in Office::ALL {
        let mut after = String::new();
        loop {
            let due = weekly_digests::list_due(db, office, &after, end, now).await?;
            let Some(last) = due.last() else { break };
            after = last.account.to_string();
            for one in &due {
                if app.stopping.is_cancelled() {
                    return Ok(written);
                }
                let begun = Instant::now();
                match send(app, one, end).await {
                    Ok(is_sent) => written += usize::from(is_sent),
                    Err(error) => {
                        failed = true;
                        error.log_unless_busy(&one.organization, "its weekly digest cannot be mailed")?;
                    }
                }
                pause(begun).await;
            }
        }
    }
    if !failed && !app.stopping.is_cancelled() {
        let before = end - Duration::seconds(1);
        cache_versions::take_turn(&app.db, cache_versions::WEEKLY_DIGESTS_SENT, now, before).await?;
    }
    Ok(written)
}

/// Notes that one person is told, and writes the mail if there is something to tell.
async fn send(app: &App, due: &Due, end: Time) -> Result<bool, Error> {
    let db = app.db.read();
    let account = accounts::find(db, &due.account).await?;
    let Some(account) = account.filter(Account::is_active) else {
        return Ok(false);
    };
    let Some(organization) = organizations::find(db, &due.organization).await? else {
        return Ok(false);
    };
    // Whoever held an office before, and was told then, is told of this one from the week in which it began.
    let told = due.sent_until.filter(|it| *it >= due.since);
    let from = told.unwrap_or(end - WEEK);
    let mail = compose(app, &account, &organization, (from, end)).await?;
    app.write(&Context::system(), async |tx| {
        if !weekly_digests::take(tx, &account.id, end).await? {
            return Ok(false);
        }
        if let Some(mail) = &mail {
            tx.mail(&account, mail).await?;
        }
        Ok(mail.is_some())
    })
    .await
}

/// Returns the mail, or `None` if there is nothing to tell.
async fn compose(
    app: &App,
    to: &Account,
    organization: &Organization,
    (from, until): (Time, Time),
) -> Result<Option<WeeklyDigest>, Error> {
    let (db, now) = (app.db.read(), app.clock.now());
    let actions = COUNTED.map(|(action, _)| action);
    let acts = events::count_acts(db, &organization.id, &actions, from, until).await?;
    let number = |it: Action| -> u64 {
        let of_kind = acts.iter().filter(|act| act.action == it.as_str());
        of_kind.map(|act| act.number).sum()
    };
    let counts = COUNTED.map(|(action, what)| DigestCount {
        what,
        number: number(action),
    });
    let mail = WeeklyDigest {
        name: to.profile.full_name(),
        organization: organization.name.clone(),
        from,
        until,
        waiting: waiting(db, &organization.id, now).await?,
        counts: counts.into_iter().filter(|it| it.number > 0).collect(),
        deciders: deciders(db, &organization.id, &acts).await?,
        ends: ends(db, organization, now).await?,
        path: paths::focal_point_requests(&organization.id),
        token: WEEKLY_DIGEST.token(app, &to.id),
    };
    let is_empty = mail.waiting.is_empty() && mail.counts.is_empty() && mail.ends.is_empty();
    Ok((!is_empty).then_some(mail))
}

/// Returns what waits, and for how many days.
async fn waiting(
    db: &impl ConnectionTrait,
    organization: &OrganizationId,
    now: Time,
) -> Result<Vec<DigestWaiting>, Error> {
    let mut found = Vec::new();
    for (show, what) in [
        (Show::AffiliationRequests, "affiliations"),
        (Show::TiesRequests, "ties"),
    ] {
        let filter = Filter {
            organization: Some(organization.clone()),
            show: Some(show),
            ..Filter::default()
        };
        let number = roster::count(db, &filter).await?;
        if number == 0 {
            continue;
        }
        let oldest = match show {
            Show::TiesRequests => roster::oldest_right(db, &filter).await?,
            _ => roster::oldest_request(db, &filter).await?,
        };
        let days = oldest.map_or(0, |it| (now - it).num_days());
        found.push(DigestWaiting {
            what,
            number,
            days: u64::try_from(days).unwrap_or(0),
        });
    }
    Ok(found)
}

/// Counts decisions by who decided. Only people who are of the organization are named (security.md AF-6).
async fn deciders(
    db: &impl ConnectionTrait,
    organization: &OrganizationId,
    acts: &[Acts],
) -> Result<Vec<DigestDecider>, Error> {
    let mut by_person: BTreeMap<Option<AccountId>, u64> = BTreeMap::new();
    let is_decision = |act: &&Acts| DECISIONS.iter().any(|it| it.as_str() == act.action);
    for act in acts.iter().filter(is_decision) {
        let person = act.actor.strip_prefix("account:").map(AccountId::new);
        *by_person.entry(person).or_default() += act.number;
    }
    let people: Vec<AccountId> = by_person.keys().flatten().cloned().collect();
    let present = affiliations::list_present(db, organization, &people).await?;
    let named = accounts::list_by_ids(db, &present).await?;
    let mut others = 0;
    let mut found = Vec::new();
    for (person, number) in by_person {
        let account = named.iter().find(|it| Some(&it.id) == person.as_ref());
        match account {
            Some(account) if found.len() < MOST_NAMED => found.push(DigestDecider {
                name: Some(account.profile.full_name()),
                number,
            }),
            _ => others += number,
        }
    }
    found.sort_by(|one, other| {
        other
            .number
            .cmp(&one.number)
            .then_with(|| one.name.cmp(&other.name))
    });
    if others > 0 {
        found.push(DigestDecider {
            name: None,
            number: others,
        });
    }
    Ok(found)
}

/// Returns the terms of deputies and the membership that end soon.
async fn ends(
    db: &impl ConnectionTrait,
    organization: &Organization,
    now: Time,
) -> Result<Vec<DigestEnd>, Error> {
    let today = now.date_naive();
    let is_soon =
        |last: NaiveDate| last >= today && today.checked_add_days(SOON).is_none_or(|limit| last <= limit);
    let deputies = deputies::list_of_organization(db, &organization.id).await?;
    let ending: Vec<_> = deputies.iter().filter(|it| is_soon(it.term.last_day())).collect();
    let ids: Vec<_> = ending.iter().map(|it| it.account.clone()).collect();
    let people = accounts::list_by_ids(db, &ids).await?;
    let mut found: Vec<DigestEnd> = ending
        .into_iter()
        .filter_map(|deputy| {
            let person = people.iter().find(|it| it.id == deputy.account)?;
            Some(DigestEnd {
                deputy: Some(person.profile.full_name()),
                on: deputy.term.last(),
            })
        })
        .collect();
    if let Some(last) = organization.valid_until.filter(|it| is_soon(*it)) {
        found.push(DigestEnd {
            deputy: None,
            on: last.and_time(NaiveTime::MIN).and_utc(),
        });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_week_ends_on_monday_at_six() {
        for (now, end) in [
            ("2026-11-30T06:00:00Z", "2026-11-30T06:00:00Z"),
            ("2026-11-30T05:59:59Z", "2026-11-23T06:00:00Z"),
            ("2026-12-06T23:59:59Z", "2026-11-30T06:00:00Z"),
            ("2027-01-01T12:00:00Z", "2026-12-28T06:00:00Z"),
        ] {
            let at = |text: &str| text.parse::<Time>().unwrap();
            assert_eq!(end_of_week(at(now)), at(end), "{now}");
        }
    }
}
