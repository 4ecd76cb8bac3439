//! `/api/v1/organizations/import`: a table of organizations, as `text/csv` with the columns of contract.md. One wrong line
//! refuses all of it; what is sound is applied in one transaction, up to as many changes as on the page. `affiliations::directory::csv` says what a table means, for the page and the command as well.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::call::{Call, Reply};
use super::operation::{Answer, Door, Model, Operation, Outcome, Parameter, Verb};
use crate::affiliations::directory::csv::{self, Imported, MOST_CHANGES, Preview};
use crate::domain::difference::{Difference, Unnamed};
use crate::domain::powers::{Area, Power};
use crate::http::problem::{Kind, Problem};
use crate::paths;

const SWITCH: &[&str] = &["true", "false"];

pub const OPERATIONS: &[Operation] = &[Operation {
    verb: Verb::Post,
    summary: "Takes organizations over from a table, or says what that would change",
    query: &[
        Parameter::choice(
            "dry_run",
            SWITCH,
            "`true`: nothing is applied; the answer has each difference, with the number of people it concerns.",
        ),
        Parameter::choice(
            "prune",
            SWITCH,
            "`true`: the memberships of organizations that the table does not name end.",
        ),
        Parameter::text(
            "seen",
            64,
            "`seen` of a dry run: the table is applied if it still does just that; 409 otherwise.",
        ),
    ],
    takes_table: true,
    answer: Answer::One(Model::of::<Import>()),
    page: Door::Each(&[
        paths::ADMIN_ORGANIZATIONS_IMPORT,
        paths::ADMIN_ORGANIZATIONS_IMPORT_CONFIRM,
    ]),
    command: Door::At("org import"),
    ..Operation::reading(
        "importOrganizations",
        "/api/v1/organizations/import",
        Power::Change(Area::Organizations),
        |call| Box::pin(import(call)),
    )
}];

/// What a table changes, or would.
#[derive(Serialize, ToSchema)]
struct Import {
    /// `false`: it was a dry run.
    applied: bool,
    created: usize,
    changed: usize,
    unchanged: usize,
    /// The memberships that end because the table does not name them.
    ended: usize,
    /// What each record would be, of a dry run.
    differences: Vec<ImportDifference>,
    /// Names what a dry run says.
    seen: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct ImportDifference {
    id: String,
    name: String,
    /// `added`, `changed` or `pruned`
    effect: String,
    /// The number of people whose affiliation ends, or is asked about again.
    people: u64,
    members: Vec<ImportedMember>,
}

#[derive(Serialize, ToSchema)]
struct ImportedMember {
    member: String,
    /// The value before, as the member has it: text, a list, a number; null where there was none
    #[schema(value_type = Value)]
    before: Option<Value>,
    #[schema(value_type = Value)]
    after: Option<Value>,
}

impl From<Difference> for ImportDifference {
    fn from(it: Difference) -> Self {
        let members = it.members.into_iter().map(|it| ImportedMember {
            member: it.member,
            before: it.before,
            after: it.after,
        });
        Self {
            id: it.id,
            name: it.name,
            effect: it.effect.as_str().to_owned(),
            people: it.people,
            members: members.collect(),
        }
    }
}

impl Import {
    fn of(counts: Imported) -> Self {
        Self {
            applied: true,
            created: counts.created,
            changed: counts.changed,
            unchanged: counts.unchanged,
            ended: counts.ended,
            differences: Vec::new(),
            seen: None,
        }
    }
}

async fn import(call: Call) -> Outcome {
    let (app, context, table) = (&call.app, &call.context, &call.body);
    let unnamed = Unnamed::pruned_if(call.given("prune") == "true");
    if call.given("dry_run") == "true" {
        let Preview {
            counts,
            differences,
            seen,
        } = csv::preview(app, context, table, unnamed).await?;
        return Reply::one(&Import {
            applied: false,
            differences: differences.into_iter().map(ImportDifference::from).collect(),
            seen: Some(seen),
            ..Import::of(counts)
        });
    }
    let seen = match call.given("seen") {
        "" => {
            let preview = csv::preview(app, context, table, unnamed).await?;
            if preview.counts.changed + preview.counts.ended > MOST_CHANGES {
                let detail = format!("More than {MOST_CHANGES} changes at once are for the command line");
                return Err(Problem::new(Kind::Conflict).detailed(detail));
            }
            preview.seen
        }
        seen => seen.to_owned(),
    };
    let counts = csv::import_as_seen(app, context, (table, unnamed), &seen).await?;
    Reply::one(&Import::of(counts))
}
