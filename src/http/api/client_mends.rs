//! `/api/v1/clients/{id}/report/mends`: ends a weakness of the client report by the change that it offers.

use serde::Deserialize;
use utoipa::ToSchema;

use super::call::{Call, Reply};
use super::clients::Client;
use super::operation::{Answer, Door, Model, Operation, Outcome, Verb};
use crate::domain::ClientId;
use crate::domain::powers::{Area, Power};
use crate::http::problem::Problem;
use crate::oidc::clients::{self, Topic};
use crate::paths;

pub const OPERATIONS: &[Operation] = &[Operation {
    verb: Verb::Post,
    summary: "Ends a weakness of the report by the change that it offers",
    body: Some(Model::of::<NewMend>()),
    answer: Answer::One(Model::of::<Client>()),
    needs_version: true,
    page: Door::At(paths::ADMIN_CLIENT_MEND),
    command: Door::At("client mend"),
    ..Operation::reading(
        "mendClient",
        "/api/v1/clients/{id}/report/mends",
        Power::Change(Area::Clients),
        |call| Box::pin(mend(call)),
    )
}];

/// A finding of the report that has a mend.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewMend {
    topic: String,
    /// The value of the finding, for topics that can be found several times.
    value: Option<String>,
}

async fn mend(call: Call) -> Outcome {
    let (app, context, id) = (&call.app, &call.context, ClientId::new(call.id()));
    let before = clients::read(app, context, &id).await?;
    call.require_version(&before.version().to_string())?;
    let NewMend { topic, value } = call.read()?;
    let topic =
        Topic::parse(&topic).ok_or_else(|| Problem::of_member("topic", "is not one of the report"))?;
    let value = value.unwrap_or_default();
    let mended = clients::apply_mend(app, context, (&id, before.version()), (topic, &value)).await?;
    Ok(Reply::one(&Client::from(&mended))?.at_version(&mended.version().to_string()))
}
