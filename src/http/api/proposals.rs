//! `/api/v1/organization-proposals`: what people proposed for the directory, until somebody decides. Merging one into an
//! organization that is there is in `organizations`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::call::{Call, Reply};
use super::operation::{Answer, Door, Model, Operation, Outcome, Parameter, Verb};
use super::organizations::Organization;
use crate::affiliations::directory::admin::{self, Record};
use crate::affiliations::directory::proposals::{self, Correction};
use crate::domain::OrganizationId;
use crate::domain::organization::Organization as DomainOrganization;
use crate::domain::powers::{Area, Power};
use crate::paths;

const READ: Power = Power::Read(Area::Organizations);
const CHANGE: Power = Power::Change(Area::Organizations);

pub const OPERATIONS: &[Operation] = &[
    Operation {
        summary: "Lists the organizations that people proposed, until somebody decides",
        query: &[Parameter::LIMIT, Parameter::CURSOR],
        answer: Answer::List(Model::of::<Proposal>()),
        page: Door::At(paths::ADMIN_PROPOSALS),
        command: Door::At("org proposals"),
        ..Operation::reading("listProposals", "/api/v1/organization-proposals", READ, |call| {
            Box::pin(list_proposals(call))
        })
    },
    Operation {
        summary: "Reads a proposal, with the organizations that it could be meant for",
        answer: Answer::One(Model::of::<ProposalDetail>()),
        page: Door::At(paths::ADMIN_PROPOSAL),
        command: Door::At("org proposals"),
        ..Operation::reading(
            "readProposal",
            "/api/v1/organization-proposals/{id}",
            READ,
            |call| Box::pin(read_proposal(call)),
        )
    },
    Operation {
        verb: Verb::Post,
        summary: "Takes a proposal into the directory, corrected",
        body: Some(Model::of::<Accept>()),
        page: Door::At(paths::ADMIN_PROPOSAL),
        command: Door::At("org accept"),
        ..Operation::reading(
            "acceptProposal",
            "/api/v1/organization-proposals/{id}/accept",
            CHANGE,
            |call| Box::pin(accept(call)),
        )
    },
    Operation {
        verb: Verb::Post,
        summary: "Rejects a proposal; whoever said to belong to it belongs to none",
        body: Some(Model::of::<Reason>()),
        page: Door::At(paths::ADMIN_PROPOSAL_CONFIRM),
        command: Door::At("org reject"),
        ..Operation::reading(
            "rejectProposal",
            "/api/v1/organization-proposals/{id}/reject",
            CHANGE,
            |call| Box::pin(reject(call)),
        )
    },
];

#[derive(Serialize, ToSchema)]
struct Proposal {
    #[serde(flatten)]
    organization: Organization,
    /// The membership type that the person stated.
    claimed_type: Option<String>,
    /// How many people say that they belong to it.
    people: u64,
}

#[derive(Serialize, ToSchema)]
struct ProposalDetail {
    #[serde(flatten)]
    proposal: Proposal,
    similar: Vec<Organization>,
}

/// The record as it shall be; what is left out or null stays as it was typed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Accept {
    #[schema(max_length = 250)]
    name: Option<String>,
    acronym: Option<String>,
    membership_type: Option<String>,
    category: Option<String>,
    member_state: Option<String>,
    website: Option<String>,
    /// `R`, `T`, `D`
    sectors: Option<Vec<String>>,
    /// What the person who proposed it reads.
    #[schema(max_length = 1000)]
    reason: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Reason {
    /// What the person who proposed it reads.
    #[schema(max_length = 1000)]
    reason: Option<String>,
}

fn id_of(call: &Call) -> OrganizationId {
    OrganizationId::new(call.id())
}

fn proposal(organization: &DomainOrganization, people: u64) -> Proposal {
    Proposal {
        organization: Organization::from(organization),
        claimed_type: organization
            .claimed_type
            .as_ref()
            .map(|it| it.as_str().to_owned()),
        people,
    }
}

async fn list_proposals(call: Call) -> Outcome {
    let slice = call.slice()?;
    let (found, people) = admin::proposals(&call.app, &call.context, slice.page, slice.size).await?;
    let is_after_end = found.page < slice.page;
    let rows = found.rows.iter().zip(people).filter(|_| !is_after_end);
    let rows: Vec<Proposal> = rows.map(|(it, people)| proposal(it, people)).collect();
    call.list(rows, call.next_page(slice, found.total), Some(found.total))
}

async fn read_proposal(call: Call) -> Outcome {
    let (app, context) = (&call.app, &call.context);
    let Record {
        organization, people, ..
    } = admin::find_proposal(app, context, &id_of(&call)).await?;
    let similar = admin::similar(app, context, &organization.name).await?;
    Reply::one(&ProposalDetail {
        proposal: proposal(&organization, people),
        similar: similar.iter().map(Organization::from).collect(),
    })
}

async fn accept(call: Call) -> Outcome {
    let (app, context, id) = (&call.app, &call.context, id_of(&call));
    let body: Accept = call.read()?;
    let typed = admin::find_proposal(app, context, &id).await?.organization;
    let sectors = body.sectors.as_ref();
    let sectors: Option<Vec<&str>> = sectors.map(|it| it.iter().map(String::as_str).collect());
    let or = |given: &Option<String>, typed: Option<&str>| {
        given
            .clone()
            .unwrap_or_else(|| typed.unwrap_or_default().to_owned())
    };
    let correction = Correction {
        name: &or(&body.name, Some(&typed.name)),
        acronym: &or(&body.acronym, typed.acronym.as_deref()),
        membership_type: &or(&body.membership_type, Some(typed.membership_type.as_str())),
        category: &or(&body.category, Some(typed.category.as_str())),
        member_state: &or(&body.member_state, typed.country.as_ref().map(|it| it.as_str())),
        website: &or(&body.website, typed.website.as_deref()),
        sectors: sectors.as_deref(),
    };
    let reason = body.reason.unwrap_or_default();
    proposals::accept(app, context, &id, &correction, &reason).await?;
    Ok(Reply::done())
}

async fn reject(call: Call) -> Outcome {
    let Reason { reason } = call.read()?;
    let reason = reason.unwrap_or_default();
    proposals::reject(&call.app, &call.context, &id_of(&call), &reason).await?;
    Ok(Reply::done())
}
