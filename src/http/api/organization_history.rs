//! `/api/v1/organizations/{id}/history`: what was decided in an organization, from the audit trail.
//! `affiliations::organization_history` decides what is of it.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::call::Call;
use super::operation::{Answer, Door, Model, Operation, Outcome, Parameter};
use crate::affiliations::directory::admin;
use crate::affiliations::organization_history::{self, Topic};
use crate::domain::OrganizationId;
use crate::domain::powers::{Area, Power};
use crate::paths;

pub const OPERATIONS: &[Operation] = &[Operation {
    summary: "Lists what was decided in an organization, the newest first, with before and after",
    query: &[
        Parameter::choice(
            "topic",
            &["affiliations", "ties", "offices"],
            "Only what is about affiliations, TIES rights, or Focal Points and deputies.",
        ),
        Parameter::LIMIT,
        Parameter::CURSOR,
    ],
    answer: Answer::List(Model::of::<Deed>()),
    page: Door::At(paths::FOCAL_POINT_HISTORY),
    command: Door::At("org history"),
    ..Operation::reading(
        "listOrganizationHistory",
        "/api/v1/organizations/{id}/history",
        Power::Read(Area::Organizations),
        |call| Box::pin(list(call)),
    )
}];

#[derive(Serialize, ToSchema)]
struct Deed {
    at: DateTime<Utc>,
    /// The kind of act, as in the audit trail
    kind: String,
    /// The person whom it is about
    account_id: Option<String>,
    /// `affiliation:` and its id
    object: String,
    /// The account that acted; null for administrators without an account, programs and the service
    actor_id: Option<String>,
    /// The office in which they acted
    acted_as: Option<String>,
    reason: Option<String>,
    /// What it was, as the audit trail holds it: an object, a string, a boolean, or null
    before: Value,
    after: Value,
}

async fn list(call: Call) -> Outcome {
    let id = OrganizationId::new(call.id());
    admin::find(&call.app, &call.context, &id).await?;
    let topic = Topic::parse(call.given("topic"));
    let after = call.place()?.unwrap_or_default();
    let found =
        organization_history::list(&call.app, &call.context, &id, topic, &after, call.limit()?).await?;
    let rows = found.deeds.into_iter().map(|it| Deed {
        at: it.at,
        kind: it.action.as_str().to_owned(),
        account_id: it.person.map(|it| it.account.to_string()),
        object: it.object,
        actor_id: it.actor.map(|it| it.account.to_string()),
        acted_as: it.office.map(|it| it.as_str().to_owned()),
        reason: it.reason,
        before: it.before.unwrap_or_default(),
        after: it.after.unwrap_or_default(),
    });
    let next = found.next.map(|it| call.cursor(&it));
    call.list(rows.collect(), next, None)
}
