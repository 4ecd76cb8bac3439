//! The use of a client: who logs in there, how often, and what goes wrong, for its owners and administrators. Every place of
//! the protocol where one of these happens counts it by `App::count_use`.

use chrono::{Days, NaiveDate};

use super::ClientError;
use super::authority::require_reader;
use super::lookup::find;
use crate::app::App;
use crate::domain::actor::Context;
use crate::domain::client_use::{COUNTED_DAYS, CountedUse};
use crate::domain::{ClientId, Time};
use crate::storage::{client_counts, client_dependents, service_uses};

/// What is known of the use of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    /// People who have logged in there, ever.
    pub people: u64,
    /// The last time that anybody did, within an hour.
    pub last_login_at: Option<Time>,
    /// The logins of each of the last days in UTC, the oldest first, today last.
    pub days: Vec<(NaiveDate, u64)>,
    /// What was refused in these days, by kind.
    pub refused: Vec<(CountedUse, u64)>,
}

fn today(app: &App) -> NaiveDate {
    app.clock.now().date_naive()
}

/// Returns the first of the days that are counted.
fn first_day(app: &App) -> NaiveDate {
    let today = today(app);
    let before = Days::new(u64::from(COUNTED_DAYS - 1));
    today.checked_sub_days(before).unwrap_or(today)
}

/// Reads the use of a client, with what this process has not stored yet.
pub async fn usage(app: &App, context: &Context, id: &ClientId) -> Result<Usage, ClientError> {
    require_reader(app, context, id).await?;
    find(app, id).await?;
    let (db, first) = (app.db.read(), first_day(app));
    let mut counts = client_counts::list_since(db, id, first).await?;
    counts.extend(app.client_counters.of_client(id));
    let of = |counted: CountedUse, day: Option<NaiveDate>| -> u64 {
        let own = counts.iter().filter(|it| it.counted == counted);
        own.filter(|it| day.is_none_or(|day| it.day == day))
            .map(|it| it.number)
            .sum()
    };
    let days = first.iter_days().take(COUNTED_DAYS as usize);
    let kinds = CountedUse::ALL
        .iter()
        .copied()
        .filter(|it| *it != CountedUse::Login);
    Ok(Usage {
        people: client_dependents::count(db, id, app.clock.now()).await?.people,
        last_login_at: service_uses::find_last_of_client(db, id).await?,
        days: days.map(|day| (day, of(CountedUse::Login, Some(day)))).collect(),
        refused: kinds.map(|it| (it, of(it, None))).collect(),
    })
}

/// Stores what this process has counted. A job calls it, and whoever stops the process.
pub async fn store_counts(app: &App) -> Result<(), sea_orm::DbErr> {
    app.client_counters.store(&app.db).await
}

/// Deletes counts of days that are no longer shown.
pub(in crate::oidc) async fn forget_counts(app: &App) -> Result<u64, sea_orm::DbErr> {
    client_counts::delete_before(&app.db, first_day(app)).await
}
