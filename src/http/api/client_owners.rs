//! `/api/v1/clients/{id}/owners`: the people who look after a client (security.md AD-8).

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::call::{Call, Reply};
use super::operation::{Answer, Door, Model, Operation, Outcome, Verb};
use crate::domain::account::EmailAddress;
use crate::domain::powers::{Area, Power};
use crate::domain::{AccountId, ClientId};
use crate::http::problem::Problem;
use crate::oidc::clients::{self, Whom};
use crate::paths;

const PATH: &str = "/api/v1/clients/{id}/owners";

pub const OPERATIONS: &[Operation] = &[
    Operation {
        summary: "Lists the owners of a client: people who look after it",
        answer: Answer::List(Model::of::<ClientOwner>()),
        page: Door::At(paths::ADMIN_CLIENT_OWNERS),
        command: Door::At("client owner list"),
        ..Operation::reading("listClientOwners", PATH, Power::Read(Area::Clients), |call| {
            Box::pin(list(call))
        })
    },
    Operation {
        verb: Verb::Post,
        summary: "Names an owner of a client, who may edit what does not extend it; the person is told by mail",
        body: Some(Model::of::<NewClientOwner>()),
        page: Door::At(paths::ADMIN_CLIENT_OWNERS_CONFIRM),
        command: Door::At("client owner add"),
        ..Operation::reading("addClientOwner", PATH, Power::Change(Area::Clients), |call| {
            Box::pin(add(call))
        })
    },
    Operation {
        verb: Verb::Delete,
        summary: "Removes an owner of a client; the person is told by mail",
        page: Door::At(paths::ADMIN_CLIENT_OWNERS_CONFIRM),
        command: Door::At("client owner remove"),
        ..Operation::reading(
            "removeClientOwner",
            "/api/v1/clients/{id}/owners/{account}",
            Power::Change(Area::Clients),
            |call| Box::pin(remove(call)),
        )
    },
];

#[derive(Serialize, ToSchema)]
struct ClientOwner {
    account_id: String,
    name: String,
    email: String,
    since: DateTime<Utc>,
}

/// One of both names the person.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewClientOwner {
    account_id: Option<String>,
    email: Option<String>,
}

async fn list(call: Call) -> Outcome {
    let id = ClientId::new(call.id());
    let owners = clients::owners(&call.app, &call.context, &id).await?;
    let rows = owners.iter().map(|it| ClientOwner {
        account_id: it.account.id.to_string(),
        name: it.account.profile.full_name(),
        email: it.account.email.as_str().to_owned(),
        since: it.since,
    });
    call.list(rows.collect(), None, None)
}

async fn add(call: Call) -> Outcome {
    let (app, context, id) = (&call.app, &call.context, ClientId::new(call.id()));
    clients::read(app, context, &id).await?;
    match call.read()? {
        NewClientOwner {
            account_id: Some(account),
            email: None,
        } => {
            let account = AccountId::new(account);
            clients::add_owner(app, context, &id, &Whom::Account(&account)).await?;
        }
        NewClientOwner {
            account_id: None,
            email: Some(email),
        } => {
            let email = EmailAddress::parse(&email)
                .map_err(|_| Problem::of_member("email", "is not an e-mail address"))?;
            clients::add_owner(app, context, &id, &Whom::Email(&email)).await?;
        }
        _ => return Err(Problem::of_member("account_id", "is needed, or email; not both")),
    }
    Ok(Reply::done())
}

async fn remove(call: Call) -> Outcome {
    let id = ClientId::new(call.id());
    let account = AccountId::new(call.in_path("account"));
    clients::remove_owner(&call.app, &call.context, &id, &account).await?;
    Ok(Reply::done())
}
