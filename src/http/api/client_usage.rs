//! `/api/v1/clients/{id}/usage`: who logs in at a service, how often, and what goes wrong.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::call::{Call, Reply};
use super::operation::{Answer, Door, Model, Operation, Outcome};
use crate::domain::ClientId;
use crate::domain::powers::{Area, Power};
use crate::oidc::clients::{self, Usage};
use crate::paths;

pub const OPERATIONS: &[Operation] = &[Operation {
    summary: "Counts the people, the logins of the last 30 days and the refused requests of a client",
    answer: Answer::One(Model::of::<ClientUsage>()),
    page: Door::At(paths::ADMIN_CLIENT),
    command: Door::At("client usage"),
    ..Operation::reading(
        "readClientUsage",
        "/api/v1/clients/{id}/usage",
        Power::Read(Area::Clients),
        |call| Box::pin(usage(call)),
    )
}];

#[derive(Serialize, ToSchema)]
struct ClientUsage {
    /// People who have logged in there, ever.
    people: u64,
    /// The last login, within an hour.
    last_login_at: Option<DateTime<Utc>>,
    /// The last 30 days in UTC, the oldest first, today last.
    days: Vec<DayOfUse>,
    /// What was refused in these days.
    refused: Vec<RefusedKind>,
}

#[derive(Serialize, ToSchema)]
struct DayOfUse {
    day: NaiveDate,
    logins: u64,
}

#[derive(Serialize, ToSchema)]
struct RefusedKind {
    /// `redirect_uri`, `request`, `authentication` or `token`
    kind: String,
    number: u64,
}

async fn usage(call: Call) -> Outcome {
    let id = ClientId::new(call.id());
    let Usage {
        people,
        last_login_at,
        days,
        refused,
    } = clients::usage(&call.app, &call.context, &id).await?;
    let days = days.into_iter().map(|(day, logins)| DayOfUse { day, logins });
    let refused = refused.into_iter().map(|(kind, number)| RefusedKind {
        kind: kind.as_str().to_owned(),
        number,
    });
    Reply::one(&ClientUsage {
        people,
        last_login_at,
        days: days.collect(),
        refused: refused.collect(),
    })
}
