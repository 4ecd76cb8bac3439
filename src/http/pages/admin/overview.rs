//! `/admin`: how the deployment fares, each number with the list that it counts. What is counted, and who may see it, is
//! decided in `deployment`.

use axum::response::Response;
use chrono::NaiveDate;

use crate::deployment::{self, Day, NextKey, Overview, Waiting};
use crate::domain::ReceiverId;
use crate::domain::client::SigningAlg;
use crate::domain::daily_count::{Counted, begin};
use crate::domain::signing_key::Family;
use crate::http::pages::{PageContext, PageError};
use crate::oidc::clients::UNKNOWN;
use crate::paths;
use crate::templates::pages::{
    AdminOverview, Backlog, Chart, DayCell, DayRow, FailingReceiverRow, FailingServiceRow, LateRow,
    NextKeyRow,
};

/// The height of the highest bar.
const HIGHEST: u64 = 100;
/// The height of the lowest bar that is none: it can be seen.
const LOWEST: u64 = 2;

pub async fn show(ctx: PageContext) -> Result<Response, PageError> {
    let found = deployment::overview(&ctx.app, &ctx.actor_context()).await?;
    let page = AdminOverview {
        requests: Backlog {
            number: found.requests.number,
            oldest: found.requests.oldest,
        },
        overdue: found.requests.overdue,
        proposals: backlog(&found.proposals),
        mails: Backlog {
            number: found.mail.queued,
            oldest: found.mail.oldest,
        },
        mails_given_up: found.mail.given_up,
        charts: Counted::ALL.iter().map(|it| chart(&found.days, *it)).collect(),
        days: found.days.iter().rev().map(day_row).collect(),
        keys: found.signing_keys.iter().map(key_row).collect(),
        dead_events: found.events.dead,
        receivers: receivers(&found),
        services: services(&found),
        late: found.late.iter().map(late_row).collect(),
    };
    ctx.page(&page).await
}

fn backlog(of: &Waiting) -> Backlog {
    Backlog {
        number: of.number,
        oldest: of.oldest,
    }
}

fn chart(days: &[Day], kind: Counted) -> Chart {
    let most = days.iter().max_by_key(|it| it.number(kind));
    let highest = most.map_or(0, |it| it.number(kind));
    let at = |it: Option<&Day>| begin(it.map_or(NaiveDate::default(), |it| it.day));
    Chart {
        kind: kind.as_str().to_owned(),
        total: days.iter().map(|it| it.number(kind)).sum(),
        today: days.last().map_or(0, |it| it.number(kind)),
        most: highest,
        most_on: at(most),
        first: at(days.first()),
        last: at(days.last()),
        bars: days.iter().map(|it| height(it.number(kind), highest)).collect(),
        link: trail(kind, days.first(), None),
    }
}

fn height(number: u64, highest: u64) -> u64 {
    match number {
        0 => 0,
        // No more than there is: the highest number is at least this one.
        some => (some.saturating_mul(HIGHEST) / highest.max(some)).max(LOWEST),
    }
}

/// Returns the list of what was counted from one day to another.
fn trail(kind: Counted, first: Option<&Day>, last: Option<&Day>) -> String {
    let search = paths::with_parameter(paths::ADMIN_AUDIT, "kind", kind.action().as_str());
    [("since", first), ("until", last)]
        .into_iter()
        .filter_map(|(name, day)| Some((name, day?.day.to_string())))
        .fold(search, |link, (name, day)| {
            paths::with_parameter(&link, name, &day)
        })
}

fn day_row(of: &Day) -> DayRow {
    let cell = |kind: &Counted| DayCell {
        number: of.number(*kind),
        link: trail(*kind, Some(of), Some(of)),
    };
    DayRow {
        day: begin(of.day),
        cells: Counted::ALL.iter().map(cell).collect(),
    }
}

fn key_row(of: &NextKey) -> NextKeyRow {
    let algorithms = SigningAlg::ALL
        .iter()
        .filter(|it| Family::of(**it).as_str() == of.family);
    NextKeyRow {
        algorithms: algorithms.map(|it| it.as_str()).collect::<Vec<_>>().join(", "),
        signs_from: of.signs_from,
        is_late: of.is_late,
    }
}

fn receivers(found: &Overview) -> Vec<FailingReceiverRow> {
    let row = |it: &deployment::FailingReceiver| FailingReceiverRow {
        id: ReceiverId::as_str(&it.id).to_owned(),
        client_id: it.client.to_string(),
        name: it.name.clone(),
        status: it.status.clone(),
        failing: it.failures > 0,
        dead: it.dead,
    };
    found.events.receivers.iter().map(row).collect()
}

fn services(found: &Overview) -> Vec<FailingServiceRow> {
    let row = |it: &deployment::FailingService| {
        let id = it.client.as_ref().map_or(UNKNOWN, |it| it.as_str());
        let day = (found.at - chrono::Duration::hours(24)).to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
        let link = paths::with_parameter(paths::ADMIN_AUDIT, "subject", &format!("client:{id}"));
        FailingServiceRow {
            client_id: it.client.as_ref().map(ToString::to_string),
            name: it.name.clone(),
            errors: it.errors,
            link: paths::with_parameter(&link, "since", &day),
        }
    };
    found.services.iter().map(row).collect()
}

fn late_row(of: &deployment::Late) -> LateRow {
    LateRow {
        job: of.job.to_owned(),
        since: of.since,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_high_as_its_number_and_one_of_little_is_seen() {
        assert_eq!(
            [0, 1, 50, 100, 1000].map(|it| height(it, 1000)),
            [0, 2, 5, 10, 100]
        );
        assert_eq!(height(0, 0), 0);
    }
}
