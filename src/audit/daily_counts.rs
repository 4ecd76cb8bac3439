//! Counts entries of the trail by day, for the overview of administrators. Whoever writes an entry counts nothing, so no
//! two of them wait for one row; a job reads on from where it stopped, by the index of kind and time, and keeps the sum.
//! Whoever reads adds what came since.

use std::collections::BTreeMap;

use chrono::{Duration, NaiveDate};
use sea_orm::DbErr;
use tokio_util::sync::CancellationToken;

use crate::domain::Time;
use crate::domain::daily_count::{self, Counted, DailyCount};
use crate::domain::event::KEPT;
use crate::storage::{Database, daily_counts, events};

/// Counts what has settled since the last time, and returns how many entries. On a new deployment, or after an upgrade, it
/// begins with the first day that is shown. Several nodes may count at once: of the same step one is kept.
pub async fn count(db: &Database, now: Time, stopping: &CancellationToken) -> Result<u64, DbErr> {
    let mut counted = 0;
    for kind in Counted::ALL {
        counted += count_kind(db, *kind, now, stopping).await?;
    }
    Ok(counted)
}

async fn count_kind(
    db: &Database,
    kind: Counted,
    now: Time,
    stopping: &CancellationToken,
) -> Result<u64, DbErr> {
    let today = now.date_naive();
    let first = daily_count::first_shown(today);
    let mut counted = 0;
    while !stopping.is_cancelled() {
        let newest = daily_counts::find_newest(db.read(), kind).await?;
        let Some(newest) = newest.filter(|it| it.day >= first) else {
            daily_counts::begin(db, &DailyCount::new(kind, first)).await?;
            continue;
        };
        if newest.is_complete() && newest.day < today {
            daily_counts::begin(db, &DailyCount::new(kind, daily_count::after(newest.day))).await?;
            // Of a day that is forgotten, the trail has no entries either.
            daily_counts::delete_before(db, kind, (now - KEPT).date_naive()).await?;
            continue;
        }
        let Some(until) = newest.next(now) else { break };
        let more = events::count(db.read(), kind.action(), newest.until, until).await?;
        if daily_counts::advance(db, &newest, more, until).await? {
            counted += more;
        }
    }
    Ok(counted)
}

/// Returns the numbers of each shown day, the oldest first, up to now.
pub async fn list(db: &Database, kind: Counted, now: Time) -> Result<Vec<(NaiveDate, u64)>, DbErr> {
    let db = db.read();
    let today = now.date_naive();
    let first = daily_count::first_shown(today);
    let rows = daily_counts::list(db, kind, first).await?;
    // What is not kept yet is counted now: of two days at most, so that a job which lags makes no page slow.
    let yesterday = today - Duration::days(1);
    let mut days: BTreeMap<NaiveDate, (u64, Time)> = [yesterday, today]
        .map(|day| (day, (0, daily_count::begin(day))))
        .into();
    days.extend(rows.into_iter().map(|it| (it.day, (it.number, it.until))));
    let mut found = Vec::new();
    let mut day = first;
    while day <= today {
        let (mut number, until) = days.get(&day).copied().unwrap_or((0, daily_count::begin(day)));
        let end = daily_count::begin(daily_count::after(day));
        if day >= yesterday && until < end {
            number += events::count(db, kind.action(), until, end).await?;
        }
        found.push((day, number));
        day = daily_count::after(day);
    }
    Ok(found)
}
