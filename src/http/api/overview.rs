//! `/api/v1/overview`: how the deployment fares, as the first page of administrators shows it. `deployment` counts.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::call::{Call, Reply};
use super::operation::{Answer, Door, Model, Operation, Outcome};
use crate::deployment;
use crate::domain::powers::{Area, Power};
use crate::paths;

pub const OPERATIONS: &[Operation] = &[Operation {
    summary: "Reads how the deployment fares: what waits, what happened by day, what fails and what is late",
    answer: Answer::One(Model::of::<Overview>()),
    page: Door::At(paths::ADMIN),
    command: Door::At("overview"),
    ..Operation::reading(
        "readOverview",
        "/api/v1/overview",
        Power::Read(Area::Operations),
        |call| Box::pin(read(call)),
    )
}];

#[derive(Serialize, ToSchema)]
struct Overview {
    at: DateTime<Utc>,
    requests: WaitingRequests,
    proposals: Backlog,
    mail: OutgoingMail,
    /// The last 30 days, in UTC, the oldest first; the last one is today.
    days: Vec<DailyNumbers>,
    signing_keys: Vec<NextSigningKey>,
    events: EventDelivery,
    /// The services with most errors in the last 24 hours, ten at most.
    services: Vec<FailingService>,
    /// Work in the background that is late.
    late: Vec<LateJob>,
}

/// Requests to organizations without a Focal Point who could decide.
#[derive(Serialize, ToSchema)]
struct WaitingRequests {
    number: u64,
    oldest: Option<DateTime<Utc>>,
    /// Those that wait for 7 days or more.
    overdue: u64,
}

/// Organizations that people proposed.
#[derive(Serialize, ToSchema)]
struct Backlog {
    number: u64,
    oldest: Option<DateTime<Utc>>,
}

#[derive(Serialize, ToSchema)]
struct OutgoingMail {
    queued: u64,
    oldest: Option<DateTime<Utc>>,
    /// Those of the last 7 days.
    given_up: u64,
}

#[derive(Serialize, ToSchema)]
struct DailyNumbers {
    day: NaiveDate,
    sign_ups: u64,
    logins: u64,
    failed_logins: u64,
    /// Authorization requests.
    refused_requests: u64,
    /// Failed client authentications.
    failed_clients: u64,
}

#[derive(Serialize, ToSchema)]
struct NextSigningKey {
    /// `rsa`, `p256` or `ed25519`
    family: String,
    /// The time from which the next key signs.
    signs_from: DateTime<Utc>,
    is_announced: bool,
    /// `true` if it should be announced by now.
    is_late: bool,
}

#[derive(Serialize, ToSchema)]
struct EventDelivery {
    /// Events that were given up.
    dead: u64,
    /// Streams and webhooks that fail, are stopped, or have events that were given up; ten at most.
    receivers: Vec<FailingReceiver>,
}

#[derive(Serialize, ToSchema)]
struct FailingReceiver {
    id: String,
    client_id: String,
    name: String,
    /// `enabled`, `paused` or `disabled`
    status: String,
    /// The failures since the last success.
    failures: u64,
    dead: u64,
}

#[derive(Serialize, ToSchema)]
struct FailingService {
    /// `null` if the requests named no registered service.
    client_id: Option<String>,
    name: String,
    errors: u64,
}

#[derive(Serialize, ToSchema)]
struct LateJob {
    /// `mail`, `audit`, `deletions`, `data_downloads` or `daily_counts`
    job: String,
    since: DateTime<Utc>,
}

impl From<deployment::Overview> for Overview {
    fn from(it: deployment::Overview) -> Self {
        Self {
            at: it.at,
            requests: WaitingRequests {
                number: it.requests.number,
                oldest: it.requests.oldest,
                overdue: it.requests.overdue,
            },
            proposals: Backlog {
                number: it.proposals.number,
                oldest: it.proposals.oldest,
            },
            mail: OutgoingMail {
                queued: it.mail.queued,
                oldest: it.mail.oldest,
                given_up: it.mail.given_up,
            },
            days: it.days.into_iter().map(DailyNumbers::from).collect(),
            signing_keys: it
                .signing_keys
                .into_iter()
                .map(|key| NextSigningKey {
                    family: key.family.to_owned(),
                    signs_from: key.signs_from,
                    is_announced: key.is_announced,
                    is_late: key.is_late,
                })
                .collect(),
            events: EventDelivery {
                dead: it.events.dead,
                receivers: it
                    .events
                    .receivers
                    .into_iter()
                    .map(FailingReceiver::from)
                    .collect(),
            },
            services: it
                .services
                .into_iter()
                .map(|service| FailingService {
                    client_id: service.client.map(|id| id.into_string()),
                    name: service.name,
                    errors: service.errors,
                })
                .collect(),
            late: it
                .late
                .into_iter()
                .map(|late| LateJob {
                    job: late.job.to_owned(),
                    since: late.since,
                })
                .collect(),
        }
    }
}

impl From<deployment::Day> for DailyNumbers {
    fn from(it: deployment::Day) -> Self {
        Self {
            day: it.day,
            sign_ups: it.sign_ups,
            logins: it.logins,
            failed_logins: it.failed_logins,
            refused_requests: it.refused_requests,
            failed_clients: it.failed_clients,
        }
    }
}

impl From<deployment::FailingReceiver> for FailingReceiver {
    fn from(it: deployment::FailingReceiver) -> Self {
        Self {
            id: it.id.into_string(),
            client_id: it.client.into_string(),
            name: it.name,
            status: it.status,
            failures: it.failures,
            dead: it.dead,
        }
    }
}

async fn read(call: Call) -> Outcome {
    let found = deployment::overview(&call.app, &call.context).await?;
    Reply::one(&Overview::from(found))
}
