//! `/admin`: how the deployment fares.

use serde::Serialize;

use super::samples;
use crate::domain::Time;
use crate::templates::Page;

#[derive(Clone, Debug, Serialize)]
pub struct AdminOverview {
    pub requests: Backlog,
    /// The requests that wait for more than a week.
    pub overdue: u64,
    pub proposals: Backlog,
    pub mails: Backlog,
    pub mails_given_up: u64,
    pub charts: Vec<Chart>,
    /// The newest day first.
    pub days: Vec<DayRow>,
    pub keys: Vec<NextKeyRow>,
    pub dead_events: u64,
    pub receivers: Vec<FailingReceiverRow>,
    pub services: Vec<FailingServiceRow>,
    pub late: Vec<LateRow>,
}

/// How much waits, and since when.
#[derive(Clone, Debug, Serialize)]
pub struct Backlog {
    pub number: u64,
    pub oldest: Option<Time>,
}

/// The numbers of one kind by day, as bars.
#[derive(Clone, Debug, Serialize)]
pub struct Chart {
    /// `sign_ups`, `logins`, `failed_logins`, `refused_requests`, `failed_clients`.
    pub kind: String,
    pub total: u64,
    pub today: u64,
    /// The highest number, and its day.
    pub most: u64,
    pub most_on: Time,
    pub first: Time,
    pub last: Time,
    /// The heights, 0 to 100, the oldest day first.
    pub bars: Vec<u64>,
    /// The list of what was counted.
    pub link: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct DayRow {
    pub day: Time,
    /// The numbers in the order of the charts, each with its list.
    pub cells: Vec<DayCell>,
}

#[derive(Clone, Debug, Serialize)]
pub struct DayCell {
    pub number: u64,
    pub link: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct NextKeyRow {
    /// The algorithms that it signs with.
    pub algorithms: String,
    pub signs_from: Time,
    pub is_late: bool,
}

#[derive(Clone, Debug, Serialize)]
pub struct FailingReceiverRow {
    pub id: String,
    pub client_id: String,
    pub name: String,
    /// `enabled`, `paused`, `disabled`.
    pub status: String,
    pub failing: bool,
    pub dead: u64,
}

#[derive(Clone, Debug, Serialize)]
pub struct FailingServiceRow {
    /// `None` if the requests named no registered service.
    pub client_id: Option<String>,
    pub name: String,
    pub errors: u64,
    pub link: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct LateRow {
    /// `mail`, `audit`, `deletions`, `data_downloads`, `daily_counts`.
    pub job: String,
    pub since: Time,
}

impl Page for AdminOverview {
    const TEMPLATE: &'static str = "admin_overview";

    fn samples() -> Vec<Self> {
        let waiting = |number| Backlog {
            number,
            oldest: (number > 0).then(samples::at),
        };
        let chart = |kind: &str, total: u64| Chart {
            kind: kind.into(),
            total,
            today: total / 30,
            most: total / 10,
            most_on: samples::at(),
            first: samples::at(),
            last: samples::at(),
            bars: (0..30)
                .map(|it| if total > 0 { it * 100 / 29 } else { 0 })
                .collect(),
            link: "/admin/audit?kind=session.sign_in&since=2026-03-01".into(),
        };
        let kinds = [
            "sign_ups",
            "logins",
            "failed_logins",
            "refused_requests",
            "failed_clients",
        ];
        let cell = |number| DayCell {
            number,
            link: "/admin/audit?kind=session.sign_in&since=2026-03-01&until=2026-03-01".into(),
        };
        let key = |is_late| NextKeyRow {
            algorithms: "RS256, PS256".into(),
            signs_from: samples::at(),
            is_late,
        };
        let service = |client: Option<&str>| FailingServiceRow {
            client_id: client.map(str::to_owned),
            name: "Events <Registration>".into(),
            errors: 12,
            link: "/admin/audit?subject=client%3Aevents".into(),
        };
        let receiver = |status: &str| FailingReceiverRow {
            id: "r1".into(),
            client_id: "events".into(),
            name: "Events <Registration>".into(),
            status: status.into(),
            failing: status == "enabled",
            dead: 3,
        };
        let late = |job: &str| LateRow {
            job: job.into(),
            since: samples::at(),
        };
        vec![
            Self {
                requests: waiting(0),
                overdue: 0,
                proposals: waiting(0),
                mails: waiting(0),
                mails_given_up: 0,
                charts: kinds.iter().map(|it| chart(it, 0)).collect(),
                days: vec![DayRow {
                    day: samples::at(),
                    cells: kinds.iter().map(|_| cell(0)).collect(),
                }],
                keys: vec![key(false)],
                dead_events: 0,
                receivers: vec![],
                services: vec![],
                late: vec![],
            },
            Self {
                requests: waiting(12),
                overdue: 2,
                proposals: waiting(1),
                mails: waiting(210),
                mails_given_up: 3,
                charts: kinds.iter().map(|it| chart(it, 12_000)).collect(),
                days: vec![
                    DayRow {
                        day: samples::at(),
                        cells: kinds.iter().map(|_| cell(400)).collect(),
                    };
                    30
                ],
                keys: vec![key(false), key(true)],
                dead_events: 9,
                receivers: ["enabled", "paused", "disabled"].map(receiver).into(),
                services: vec![service(Some("events")), service(None)],
                late: ["mail", "audit", "deletions", "data_downloads", "daily_counts"]
                    .map(late)
                    .into(),
            },
        ]
    }
}
