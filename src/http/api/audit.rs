//! `/api/v1/audit-entries`: the audit trail, by actor, subject, kind and time (security.md LG-5). Nothing here changes it.

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::call::{Call, Reply};
use super::operation::{Answer, Door, Model, Operation, Outcome, Parameter};
use crate::audit::{self, Listing, Query, Reader};
use crate::domain::powers::{Area, Power};
use crate::http::problem::{Kind, Problem};
use crate::paths;

const READ: Power = Power::Read(Area::Audit);

pub const OPERATIONS: &[Operation] = &[
    Operation {
        summary: "Searches the audit trail",
        query: &[
            Parameter::text(
                "actor",
                254,
                "An e-mail address, an identifier, or the actor as the trail names it.",
            ),
            Parameter::text(
                "subject",
                254,
                "An e-mail address, an identifier, or the object as the trail names it.",
            ),
            Parameter::text("kind", 64, "The action."),
            Parameter::text(
                "since",
                40,
                "The first day (YYYY-MM-DD, UTC) or moment (RFC 3339).",
            ),
            Parameter::text(
                "until",
                40,
                "The last day (YYYY-MM-DD, UTC) or moment (RFC 3339).",
            ),
            Parameter::choice(
                "order",
                &["newest", "oldest"],
                "The order; the newest first if it is left out.",
            ),
            Parameter::LIMIT,
            Parameter::CURSOR,
        ],
        answer: Answer::List(Model::of::<AuditEntry>()),
        page: Door::At(paths::ADMIN_AUDIT),
        command: Door::At("audit tail"),
        ..Operation::reading("listAuditEntries", "/api/v1/audit-entries", READ, |call| {
            Box::pin(list(call))
        })
    },
    Operation {
        summary: "Reads an entry of the audit trail, and compares it with its seal",
        answer: Answer::One(Model::of::<VerifiedEntry>()),
        page: Door::At(paths::ADMIN_AUDIT_ENTRY),
        command: Door::At("audit verify"),
        ..Operation::reading("readAuditEntry", "/api/v1/audit-entries/{id}", READ, |call| {
            Box::pin(read(call))
        })
    },
];

/// An entry, with the members of contract.md, `itu-account audit`.
#[derive(Serialize, ToSchema)]
struct AuditEntry {
    #[serde(flatten)]
    #[schema(value_type = std::collections::HashMap<String, Value>)]
    members: Map<String, Value>,
}

#[derive(Serialize, ToSchema)]
struct VerifiedEntry {
    /// `true` if it is as it was sealed, after the seal before it.
    holds: bool,
    /// `true` if parts of it were emptied when an account was deleted.
    is_emptied: bool,
    #[serde(flatten)]
    #[schema(value_type = std::collections::HashMap<String, Value>)]
    members: Map<String, Value>,
}

fn members(record: &audit::Record) -> Map<String, Value> {
    match record.to_json() {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

async fn list(call: Call) -> Outcome {
    let query = Query {
        actor: call.given("actor"),
        subject: call.given("subject"),
        kind: call.given("kind"),
        since: call.given("since"),
        until: call.given("until"),
    };
    let listing = match call.given("order") {
        "oldest" => Listing::OldestFirst,
        _ => Listing::NewestFirst,
    };
    let limit = call.limit()?;
    let reader = Reader::open(&call.app.db, &call.context, &query, listing).await?;
    let mut reader = reader.after(&call.place()?.unwrap_or_default())?;
    let found = reader.next(limit + 1).await.map_err(audit::QueryError::from)?;
    let has_more = found.len() as u64 > limit;
    let shown = &found[..found.len().min(limit as usize)];
    let next = shown
        .last()
        .filter(|_| has_more)
        .map(|it| call.cursor(&it.cursor()));
    let rows = shown.iter().map(|it| AuditEntry { members: members(it) });
    call.list(rows.collect(), next, None)
}

async fn read(call: Call) -> Outcome {
    let nothing = || Problem::new(Kind::NotFound);
    let id = call.id().parse().map_err(|_| nothing())?;
    let shown = audit::show(&call.app.db, &call.context, id)
        .await?
        .ok_or_else(nothing)?;
    Reply::one(&VerifiedEntry {
        holds: shown.holds,
        is_emptied: shown.is_emptied,
        members: members(&shown.record),
    })
}
