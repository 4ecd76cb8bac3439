//! `/api/v1/organizations`: the directory. `affiliations::directory` decides; an organization is made by the CSV file, or by
//! accepting a proposal (`proposals`). Its Focal Points and deputies are in `offices`.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::call::{Call, Reply};
use super::operation::{Answer, Door, Model, Operation, Outcome, Parameter, Verb};
use crate::affiliations::directory::admin;
use crate::affiliations::directory::edit::{self, Edit};
use crate::affiliations::directory::{DirectorySearch, merge};
use crate::domain::OrganizationId;
use crate::domain::organization::Organization as DomainOrganization;
use crate::domain::powers::{Area, Power};
use crate::paths;

const READ: Power = Power::Read(Area::Organizations);
const CHANGE: Power = Power::Change(Area::Organizations);

pub const OPERATIONS: &[Operation] = &[
    Operation {
        summary: "Finds organizations by the beginnings of words of name or acronym",
        query: &[
            Parameter::text("q", 250, "Beginnings of words."),
            Parameter::text("membership_type", 64, "A membership type."),
            Parameter::text("member_state", 2, "A country, by ISO 3166-1 alpha-2."),
            Parameter::choice(
                "category",
                &[
                    "ADMIN", "ROA", "SIO", "RTO", "IGO", "UN", "ASSOC", "ACAD", "OTHER",
                ],
                "The category code.",
            ),
            Parameter::choice("status", &["active", "suspended", "ended"], "The status."),
            Parameter::LIMIT,
            Parameter::CURSOR,
        ],
        answer: Answer::List(Model::of::<Organization>()),
        page: Door::At(paths::ADMIN_ORGANIZATIONS),
        command: Door::At("org find"),
        ..Operation::reading("listOrganizations", "/api/v1/organizations", READ, |call| {
            Box::pin(list(call))
        })
    },
    Operation {
        summary: "Reads an organization",
        answer: Answer::One(Model::of::<Organization>()),
        page: Door::At(paths::ADMIN_ORGANIZATION),
        command: Door::At("org show"),
        ..Operation::reading("readOrganization", "/api/v1/organizations/{id}", READ, |call| {
            Box::pin(read(call))
        })
    },
    Operation {
        verb: Verb::Patch,
        summary: "Changes what is named of an organization (RFC 7396), its membership dates and status included; its people \
                  are settled with it",
        body: Some(Model::of::<OrganizationChange>()),
        answer: Answer::One(Model::of::<Organization>()),
        needs_version: true,
        page: Door::Each(&[
            paths::ADMIN_ORGANIZATION_EDIT,
            paths::ADMIN_ORGANIZATION_EDIT_CONFIRM,
        ]),
        command: Door::At("org edit"),
        ..Operation::reading(
            "changeOrganization",
            "/api/v1/organizations/{id}",
            CHANGE,
            |call| Box::pin(change(call)),
        )
    },
    Operation {
        verb: Verb::Post,
        summary: "Merges an organization or a proposal into another: its people move along, its id goes on resolving",
        body: Some(Model::of::<Merge>()),
        page: Door::At(paths::ADMIN_PROPOSAL_CONFIRM),
        command: Door::At("org merge"),
        ..Operation::reading(
            "mergeOrganization",
            "/api/v1/organizations/{id}/merge",
            CHANGE,
            |call| Box::pin(merge_into(call)),
        )
    },
];

#[derive(Serialize, ToSchema)]
pub struct Organization {
    id: String,
    name: String,
    acronym: Option<String>,
    membership_type: String,
    category: String,
    sectors: Vec<String>,
    /// ISO 3166-1 alpha-2, or `ZZ`; null for international organizations
    member_state: Option<String>,
    website: Option<String>,
    city: Option<String>,
    status: String,
    valid_from: Option<NaiveDate>,
    valid_until: Option<NaiveDate>,
    email_domains: Vec<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<&DomainOrganization> for Organization {
    fn from(it: &DomainOrganization) -> Self {
        Self {
            id: it.id.to_string(),
            name: it.name.clone(),
            acronym: it.acronym.clone(),
            membership_type: it.membership_type.as_str().to_owned(),
            category: it.category.as_str().to_owned(),
            sectors: it.sectors.iter().map(|it| it.as_str().to_owned()).collect(),
            member_state: it.country.as_ref().map(|it| it.as_str().to_owned()),
            website: it.website.clone(),
            city: it.city.clone(),
            status: it.status.as_str().to_owned(),
            valid_from: it.valid_from,
            valid_until: it.valid_until,
            email_domains: it.email_domains.clone(),
            created_at: it.created_at,
            updated_at: it.updated_at,
        }
    }
}

/// What is to change; what is left out stays, null clears.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OrganizationChange {
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 250)]
    name: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    acronym: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    membership_type: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    category: Option<Option<String>>,
    /// `R`, `T`, `D`
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Vec<String>>)]
    sectors: Option<Option<Vec<String>>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    member_state: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    website: Option<Option<String>>,
    /// `active`, `suspended` or `ended`
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    status: Option<Option<String>>,
    /// YYYY-MM-DD
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    valid_from: Option<Option<String>>,
    /// YYYY-MM-DD
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    valid_until: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Vec<String>>)]
    email_domains: Option<Option<Vec<String>>>,
    /// Why; it is in the audit trail.
    #[serde(default)]
    #[schema(max_length = 1000)]
    reason: Option<String>,
}

/// Tells a member that is null from one that is left out.
fn given<'de, D, T>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Merge {
    /// The organization that takes the people in.
    into: String,
    /// Why; the person who proposed it reads it.
    #[schema(max_length = 1000)]
    reason: Option<String>,
}

fn id_of(call: &Call) -> OrganizationId {
    OrganizationId::new(call.id())
}

async fn list(call: Call) -> Outcome {
    let slice = call.slice()?;
    let search = DirectorySearch {
        text: call.given("q"),
        membership_type: call.given("membership_type"),
        member_state: call.given("member_state"),
        category: call.given("category"),
        status: call.given("status"),
        page: slice.page,
        size: slice.size,
    };
    let found = admin::list(&call.app, &call.context, &search).await?;
    let is_after_end = found.page < slice.page;
    let rows = found.rows.iter().filter(|_| !is_after_end);
    let rows: Vec<Organization> = rows.map(Organization::from).collect();
    call.list(rows, call.next_page(slice, found.total), Some(found.total))
}

/// Answers with an organization as it is now, with the version that a change of it names.
fn reply(organization: &DomainOrganization) -> Outcome {
    Ok(Reply::one(&Organization::from(organization))?.at_version(&organization.version.to_string()))
}

async fn read(call: Call) -> Outcome {
    let record = admin::find(&call.app, &call.context, &id_of(&call)).await?;
    reply(&record.organization)
}

async fn change(call: Call) -> Outcome {
    let (app, context, id) = (&call.app, &call.context, id_of(&call));
    let before = admin::find(app, context, &id).await?.organization;
    call.require_version(&before.version.to_string())?;
    let body: OrganizationChange = call.read()?;
    let text = |value: Option<Option<String>>| value.map(Option::unwrap_or_default);
    let list = |value: Option<Option<Vec<String>>>| value.map(|it| it.unwrap_or_default().join(";"));
    let edit = Edit {
        cells: [
            ("name", text(body.name)),
            ("acronym", text(body.acronym)),
            ("membership_type", text(body.membership_type)),
            ("category", text(body.category)),
            ("sectors", list(body.sectors)),
            ("member_state", text(body.member_state)),
            ("website", text(body.website)),
            ("status", text(body.status)),
            ("valid_from", text(body.valid_from)),
            ("valid_until", text(body.valid_until)),
            ("email_domains", list(body.email_domains)),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect(),
        reason: body.reason.unwrap_or_default(),
    };
    reply(&edit::edit(app, context, &before, &edit).await?)
}

async fn merge_into(call: Call) -> Outcome {
    let Merge { into, reason } = call.read()?;
    let (from, into) = (id_of(&call), OrganizationId::new(into));
    let reason = reason.unwrap_or_default();
    merge::merge(&call.app, &call.context, &from, &into, &reason).await?;
    Ok(Reply::done())
}
