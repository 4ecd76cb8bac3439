//! `/api/v1/revocations`, and those below an account, a client and an organization: all tokens that were issued until a
//! moment end, for an incident. `oidc::global_revocation` carries it out, and remembers what ended.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::call::{Call, Reply, Slice};
use super::operation::{Answer, Door, Model, Operation, Outcome, Parameter, Verb};
use crate::accounts;
use crate::domain::global_revocation::{GlobalRevocation, GlobalRevocationId, RevocationTarget};
use crate::domain::powers::{Area, Power};
use crate::http::problem::{Kind, Problem};
use crate::oidc::global_revocation::{self, Order};
use crate::paths;

pub const OPERATIONS: &[Operation] = &[
    Operation {
        verb: Verb::Post,
        summary: "Ends what services hold of one person",
        body: Some(Model::of::<Revoke>()),
        answer: Answer::Created(Model::of::<Revocation>()),
        page: Door::At(paths::ADMIN_REVOCATION_CONFIRM),
        command: Door::At("revoke account"),
        ..Operation::reading(
            "revokeOfAccount",
            "/api/v1/accounts/{id}/revocations",
            Power::Change(Area::Accounts),
            |call| Box::pin(revoke(call, "account")),
        )
    },
    Operation {
        verb: Verb::Post,
        summary: "Ends what one client holds, of anybody and of itself",
        body: Some(Model::of::<Revoke>()),
        answer: Answer::Created(Model::of::<Revocation>()),
        page: Door::At(paths::ADMIN_REVOCATION_CONFIRM),
        command: Door::At("revoke client"),
        ..Operation::reading(
            "revokeOfClient",
            "/api/v1/clients/{id}/revocations",
            Power::Change(Area::Clients),
            |call| Box::pin(revoke(call, "client")),
        )
    },
    Operation {
        verb: Verb::Post,
        summary: "Ends what services hold of the people who belong to an organization",
        body: Some(Model::of::<Revoke>()),
        answer: Answer::Created(Model::of::<Revocation>()),
        page: Door::At(paths::ADMIN_REVOCATION_CONFIRM),
        command: Door::At("revoke organization"),
        ..Operation::reading(
            "revokeOfOrganization",
            "/api/v1/organizations/{id}/revocations",
            Power::Change(Area::Organizations),
            |call| Box::pin(revoke(call, "organization")),
        )
    },
    Operation {
        verb: Verb::Post,
        summary: "Ends what services hold of everybody, and what clients hold of themselves",
        body: Some(Model::of::<Revoke>()),
        answer: Answer::Created(Model::of::<Revocation>()),
        page: Door::At(paths::ADMIN_REVOCATION_CONFIRM),
        command: Door::At("revoke everything"),
        ..Operation::reading("revokeEverything", "/api/v1/revocations", Power::All, |call| {
            Box::pin(revoke(call, "everything"))
        })
    },
    Operation {
        summary: "Lists revocations, the newest first",
        query: &[
            Parameter::text("q", 200, "A part of the target's identifier."),
            Parameter::CURSOR,
        ],
        answer: Answer::List(Model::of::<Revocation>()),
        page: Door::At(paths::ADMIN_REVOCATIONS),
        command: Door::Lacking("the command waits for the end of what it began; `audit tail` has the others"),
        ..Operation::reading("listRevocations", "/api/v1/revocations", Power::All, |call| {
            Box::pin(list(call))
        })
    },
    Operation {
        summary: "Reads a revocation, with what it has ended up to now",
        answer: Answer::One(Model::of::<Revocation>()),
        page: Door::At(paths::ADMIN_REVOCATION),
        command: Door::Lacking("the command waits for the end of what it began"),
        ..Operation::reading("readRevocation", "/api/v1/revocations/{id}", Power::All, |call| {
            Box::pin(read(call))
        })
    },
];

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Revoke {
    /// Why; the audit trail keeps it.
    #[schema(min_length = 1, max_length = 1000)]
    reason: String,
    /// The latest time of issuance of what ends; now if it is left out.
    issued_until: Option<DateTime<Utc>>,
    /// `true` to end the sessions that began until then, too. A client has none.
    #[serde(default)]
    ends_sessions: bool,
}

#[derive(Serialize, ToSchema)]
struct Revocation {
    id: String,
    /// `kind:identifier`
    target: String,
    issued_until: DateTime<Utc>,
    ends_sessions: bool,
    requested_at: DateTime<Utc>,
    /// The time at which all was removed; from the start nothing of it is accepted.
    completed_at: Option<DateTime<Utc>>,
    ended: Ended,
}

/// What has been removed up to now.
#[derive(Serialize, ToSchema)]
struct Ended {
    people: u64,
    sessions: u64,
    grants: u64,
}

impl From<&GlobalRevocation> for Revocation {
    fn from(it: &GlobalRevocation) -> Self {
        Self {
            id: it.id.to_string(),
            target: it.target.object(),
            issued_until: it.until,
            ends_sessions: it.ends_sessions,
            requested_at: it.requested_at,
            completed_at: it.completed_at,
            ended: Ended {
                people: it.ended.people,
                sessions: it.ended.sessions,
                grants: it.ended.grants,
            },
        }
    }
}

async fn revoke(call: Call, kind: &'static str) -> Outcome {
    let (app, context) = (&call.app, &call.context);
    let target = target(&call, kind).await?;
    let Revoke {
        reason,
        issued_until,
        ends_sessions,
    } = call.read()?;
    let order = Order {
        target,
        until: issued_until,
        ends_sessions,
        reason,
    };
    let begun = global_revocation::revoke(app, context, &order).await?;
    Reply::created(
        &Revocation::from(&begun),
        Some(paths::api_revocation(begun.id.as_str())),
    )
}

/// Returns what the path names, if it is there.
async fn target(call: &Call, kind: &str) -> Result<RevocationTarget, Problem> {
    match global_revocation::find_target(&call.app, &call.context, kind, call.id()).await {
        Err(accounts::Error::Fields(_)) => Err(Problem::new(Kind::NotFound)),
        found => Ok(found?),
    }
}

async fn list(call: Call) -> Outcome {
    let asked = call.slice()?.page;
    let found = global_revocation::list(&call.app, &call.context, call.given("q"), asked).await?;
    let slice = Slice {
        page: asked,
        size: found.size,
    };
    let rows = found.rows.iter().map(Revocation::from);
    call.list(
        rows.collect(),
        call.next_page(slice, found.total),
        Some(found.total),
    )
}

async fn read(call: Call) -> Outcome {
    let id = GlobalRevocationId::new(call.id());
    let found = global_revocation::find(&call.app, &call.context, &id).await?;
    Reply::one(&Revocation::from(&found))
}
