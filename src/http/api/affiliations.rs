//! `/api/v1/affiliations` and the lists that lead to them: who asks to belong to an organization, who belongs, and their
//! TIES rights. `affiliations::lifecycle` and `affiliations::ties` decide, never about the holder of the token (security.md
//! AF-2).

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::call::{Call, Reply};
use super::operation::{Answer, Door, Model, Operation, Outcome, Parameter, Verb};
use crate::affiliations::Error;
use crate::affiliations::directory::admin;
use crate::affiliations::lifecycle::decisions::{self, Attempt, Verdict};
use crate::affiliations::roster::{self, Entry, Only, PeopleOrder, RosterPage, RosterSearch, Show};
use crate::affiliations::ties;
use crate::domain::powers::{Area, Power};
use crate::domain::{AffiliationId, OrganizationId};
use crate::http::problem::Problem;
use crate::paths;

const READ: Power = Power::Read(Area::Organizations);
const CHANGE: Power = Power::Change(Area::Organizations);

const SHOWN: Parameter = Parameter::choice(
    "show",
    &[
        "requests",
        "affiliation_requests",
        "ties_requests",
        "people",
        "focal_points",
        "everybody",
        "rejected",
    ],
    "Which; everything that waits if it is left out.",
);
const ORDER: Parameter = Parameter::choice(
    "order",
    &["oldest", "newest", "name"],
    "The order; the oldest first if it is left out.",
);
const ONLY: Parameter = Parameter::choice(
    "only",
    &["overdue", "with_ties", "outside"],
    "Those that wait for long, that ask for TIES rights, or whose address is of no domain of the organization.",
);
const TEXT: Parameter = Parameter::text("q", 200, "Beginnings of words of name or address.");

pub const OPERATIONS: &[Operation] = &[
    Operation {
        summary: "Lists the requests and people of an organization",
        query: &[
            TEXT,
            SHOWN,
            ONLY,
            Parameter::text("right", 64, "Those with this TIES right granted."),
            ORDER,
            Parameter::LIMIT,
            Parameter::CURSOR,
        ],
        answer: Answer::List(Model::of::<Affiliation>()),
        page: Door::At(paths::FOCAL_POINT_PEOPLE),
        command: Door::At("org people"),
        ..Operation::reading(
            "listAffiliations",
            "/api/v1/organizations/{id}/affiliations",
            READ,
            |call| Box::pin(list(call)),
        )
    },
    Operation {
        summary: "Lists the requests that no Focal Point can decide",
        query: &[TEXT, ORDER, Parameter::LIMIT, Parameter::CURSOR],
        answer: Answer::List(Model::of::<Affiliation>()),
        page: Door::At(paths::ADMIN_REQUESTS),
        command: Door::At("org requests"),
        ..Operation::reading("listOpenRequests", "/api/v1/affiliation-requests", READ, |call| {
            Box::pin(list_open(call))
        })
    },
    Operation {
        summary: "Reads a request or an affiliation",
        answer: Answer::One(Model::of::<Affiliation>()),
        page: Door::At(paths::ADMIN_REQUEST),
        command: Door::At("org people"),
        ..Operation::reading("readAffiliation", "/api/v1/affiliations/{id}", READ, |call| {
            Box::pin(read(call))
        })
    },
    Operation {
        verb: Verb::Post,
        summary: "Approves a request; an affiliation elsewhere, which was in force until now, ends",
        body: Some(Model::of::<MayGiveReason>()),
        page: Door::At(paths::ADMIN_REQUEST),
        command: Door::At("org approve"),
        ..Operation::reading(
            "approveAffiliation",
            "/api/v1/affiliations/{id}/approve",
            CHANGE,
            |call| Box::pin(approve(call)),
        )
    },
    Operation {
        verb: Verb::Post,
        summary: "Rejects a request; the person reads the reason",
        body: Some(Model::of::<GivesReason>()),
        page: Door::At(paths::ADMIN_REQUEST),
        command: Door::At("org decline"),
        ..Operation::reading(
            "rejectAffiliation",
            "/api/v1/affiliations/{id}/reject",
            CHANGE,
            |call| Box::pin(reject(call)),
        )
    },
    Operation {
        verb: Verb::Post,
        summary: "Ends an approved affiliation, and with it TIES rights and the office of Focal Point",
        body: Some(Model::of::<MayGiveReason>()),
        page: Door::At(paths::FOCAL_POINT_PERSON_CONFIRM),
        command: Door::At("org remove-person"),
        ..Operation::reading(
            "removeAffiliation",
            "/api/v1/affiliations/{id}/remove",
            CHANGE,
            |call| Box::pin(remove(call)),
        )
    },
    Operation {
        verb: Verb::Post,
        summary: "Grants TIES rights, requested or not",
        body: Some(Model::of::<Rights>()),
        page: Door::At(paths::FOCAL_POINT_PERSON),
        command: Door::At("org ties"),
        ..Operation::reading(
            "grantTiesRights",
            "/api/v1/affiliations/{id}/ties-rights/grant",
            CHANGE,
            |call| Box::pin(grant(call)),
        )
    },
    Operation {
        verb: Verb::Post,
        summary: "Refuses requested TIES rights",
        body: Some(Model::of::<RightsWithReason>()),
        page: Door::At(paths::FOCAL_POINT_PERSON_CONFIRM),
        command: Door::At("org ties"),
        ..Operation::reading(
            "refuseTiesRights",
            "/api/v1/affiliations/{id}/ties-rights/refuse",
            CHANGE,
            |call| Box::pin(refuse(call)),
        )
    },
    Operation {
        verb: Verb::Post,
        summary: "Approves several requests of one organization, or rejects them with one reason; each has an outcome of its own",
        body: Some(Model::of::<DecisionOfSeveral>()),
        answer: Answer::One(Model::of::<Decided>()),
        page: Door::Each(&[paths::FOCAL_POINT_REQUESTS, paths::FOCAL_POINT_REQUESTS_CONFIRM]),
        command: Door::Lacking("a script calls the command for each"),
        ..Operation::reading(
            "decideAffiliations",
            "/api/v1/organizations/{id}/affiliations/decide",
            CHANGE,
            |call| Box::pin(decide_several(call)),
        )
    },
    Operation {
        verb: Verb::Post,
        summary: "Takes granted TIES rights away",
        body: Some(Model::of::<RightsWithReason>()),
        page: Door::At(paths::FOCAL_POINT_PERSON_CONFIRM),
        command: Door::At("org ties"),
        ..Operation::reading(
            "revokeTiesRights",
            "/api/v1/affiliations/{id}/ties-rights/revoke",
            CHANGE,
            |call| Box::pin(revoke(call)),
        )
    },
];

#[derive(Serialize, ToSchema)]
struct Affiliation {
    id: String,
    organization_id: String,
    organization: String,
    account_id: String,
    name: String,
    email: String,
    job_title: String,
    /// `self_declared`, `pending`, `approved`, `rejected`, `withdrawn`, `removed` or `lapsed`
    status: String,
    requested_at: DateTime<Utc>,
    since: Option<DateTime<Utc>>,
    is_focal_point: bool,
    /// All TIES rights that are or were on it.
    ties_rights: Vec<TiesRight>,
}

#[derive(Serialize, ToSchema)]
struct TiesRight {
    right: String,
    /// `requested`, `granted`, `refused` or `revoked`
    status: String,
    since: Option<DateTime<Utc>>,
}

impl From<&Entry> for Affiliation {
    fn from(entry: &Entry) -> Self {
        let person = &entry.person;
        let affiliation = &person.affiliation;
        let rights = entry.rights.iter().map(|it| TiesRight {
            right: it.right.clone(),
            status: it.status().as_str().to_owned(),
            since: it.since(),
        });
        Self {
            id: affiliation.id.to_string(),
            organization_id: affiliation.organization.to_string(),
            organization: person.organization_name.clone(),
            account_id: affiliation.account.to_string(),
            name: person.full_name(),
            email: person.email.clone(),
            job_title: person.job_title.clone(),
            status: affiliation.status().as_str().to_owned(),
            requested_at: affiliation.requested_at,
            since: affiliation.since(),
            is_focal_point: person.is_focal_point,
            ties_rights: rights.collect(),
        }
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MayGiveReason {
    /// What the person reads.
    #[schema(max_length = 1000)]
    reason: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct GivesReason {
    /// What the person reads.
    #[schema(min_length = 1, max_length = 1000)]
    reason: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Rights {
    /// The names of the rights.
    #[schema(min_items = 1)]
    rights: Vec<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RightsWithReason {
    /// The names of the rights.
    #[schema(min_items = 1)]
    rights: Vec<String>,
    /// What the person reads.
    #[schema(max_length = 1000)]
    reason: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DecisionOfSeveral {
    /// `approve` or `reject`
    decision: String,
    /// The ids of the requests, 1 to 100.
    #[schema(min_items = 1, max_items = 100)]
    requests: Vec<String>,
    /// What each of the people reads: needed to reject, and nothing that is sent with an approval.
    #[schema(max_length = 1000)]
    reason: Option<String>,
}

/// What became of the requests, in their order.
#[derive(Serialize, ToSchema)]
struct Decided {
    requests: Vec<DecidedOne>,
}

#[derive(Serialize, ToSchema)]
struct DecidedOne {
    id: String,
    /// `done`; `decided_meanwhile`, if it was not pending; `not_yours`, if it is the actor's own; `not_found`; `failed`, if
    /// it can be tried again.
    outcome: String,
}

fn show(call: &Call) -> Show {
    match call.given("show") {
        "affiliation_requests" => Show::AffiliationRequests,
        "ties_requests" => Show::TiesRequests,
        "people" => Show::People,
        "focal_points" => Show::FocalPoints,
        "everybody" => Show::Everybody,
        "rejected" => Show::Rejected,
        _ => Show::Requests,
    }
}

fn only(call: &Call) -> Option<Only> {
    match call.given("only") {
        "overdue" => Some(Only::Overdue),
        "with_ties" => Some(Only::WithTies),
        "outside" => Some(Only::Outside),
        _ => None,
    }
}

fn order(call: &Call) -> PeopleOrder {
    match call.given("order") {
        "newest" => PeopleOrder::Newest,
        "name" => PeopleOrder::Name,
        _ => PeopleOrder::Oldest,
    }
}

fn rows(call: &Call, found: &RosterPage) -> Outcome {
    let slice = call.slice()?;
    let is_after_end = found.page < slice.page;
    let rows = found.entries.iter().filter(|_| !is_after_end);
    let rows: Vec<Affiliation> = rows.map(Affiliation::from).collect();
    call.list(rows, call.next_page(slice, found.total), Some(found.total))
}

async fn list(call: Call) -> Outcome {
    let slice = call.slice()?;
    let search = RosterSearch {
        text: call.given("q"),
        show: show(&call),
        only: only(&call),
        right: Some(call.given("right")).filter(|it| !it.is_empty()),
        order: order(&call),
        page: slice.page,
        size: slice.size,
    };
    let id = OrganizationId::new(call.id());
    admin::find(&call.app, &call.context, &id).await?;
    let found = roster::list(&call.app, &call.context, &id, &search).await?;
    rows(&call, &found)
}

async fn list_open(call: Call) -> Outcome {
    let slice = call.slice()?;
    let search = RosterSearch {
        text: call.given("q"),
        order: order(&call),
        page: slice.page,
        size: slice.size,
        ..RosterSearch::default()
    };
    let found = roster::list_without_focal_point(&call.app, &call.context, &search).await?;
    rows(&call, &found)
}

fn id_of(call: &Call) -> AffiliationId {
    AffiliationId::new(call.id())
}

async fn read(call: Call) -> Outcome {
    let (entry, ..) = roster::find(&call.app, &call.context, &id_of(&call)).await?;
    Reply::one(&Affiliation::from(&entry))
}

async fn approve(call: Call) -> Outcome {
    let MayGiveReason { reason } = call.read()?;
    let reason = reason.unwrap_or_default();
    decisions::approve(&call.app, &call.context, &id_of(&call), &reason).await?;
    Ok(Reply::done())
}

async fn reject(call: Call) -> Outcome {
    let GivesReason { reason } = call.read()?;
    decisions::reject(&call.app, &call.context, &id_of(&call), &reason).await?;
    Ok(Reply::done())
}

async fn remove(call: Call) -> Outcome {
    let MayGiveReason { reason } = call.read()?;
    let reason = reason.unwrap_or_default();
    decisions::remove(&call.app, &call.context, &id_of(&call), &reason).await?;
    Ok(Reply::done())
}

async fn grant(call: Call) -> Outcome {
    let Rights { rights } = call.read()?;
    ties::grant(&call.app, &call.context, &id_of(&call), &rights).await?;
    Ok(Reply::done())
}

async fn refuse(call: Call) -> Outcome {
    let RightsWithReason { rights, reason } = call.read()?;
    let reason = reason.unwrap_or_default();
    ties::refuse(&call.app, &call.context, &id_of(&call), &rights, &reason).await?;
    Ok(Reply::done())
}

async fn revoke(call: Call) -> Outcome {
    let RightsWithReason { rights, reason } = call.read()?;
    let reason = reason.unwrap_or_default();
    ties::revoke(&call.app, &call.context, &id_of(&call), &rights, &reason).await?;
    Ok(Reply::done())
}

async fn decide_several(call: Call) -> Outcome {
    let body: DecisionOfSeveral = call.read()?;
    let most = usize::try_from(roster::LARGEST_PAGE).unwrap_or(usize::MAX);
    if body.requests.is_empty() || body.requests.len() > most {
        return Err(Problem::of_member("requests", format!("has 1 to {most} ids")));
    }
    let reason = body.reason.unwrap_or_default();
    let verdict = match (body.decision.as_str(), reason.trim()) {
        ("approve", "") => Verdict::Approve,
        ("approve", _) => return Err(Problem::of_member("reason", "is for a rejection")),
        ("reject", _) => Verdict::Reject(&reason),
        _ => return Err(Problem::of_member("decision", "is neither approve nor reject")),
    };
    let ids: Vec<AffiliationId> = body.requests.into_iter().map(AffiliationId::new).collect();
    let id = OrganizationId::new(call.id());
    admin::find(&call.app, &call.context, &id).await?;
    let attempts = decisions::decide_all(&call.app, &call.context, &id, &ids, verdict).await?;
    let mut requests = Vec::new();
    for Attempt { id, result, .. } in attempts {
        let outcome = match result {
            // The actor decides nothing without another login.
            Err(error @ (Error::ReauthenticationNeeded | Error::SecondFactorRequired)) => {
                return Err(error.into());
            }
            result => outcome_of(&id, result).to_owned(),
        };
        let id = id.into_string();
        requests.push(DecidedOne { id, outcome });
    }
    Reply::one(&Decided { requests })
}

fn outcome_of(id: &AffiliationId, result: Result<(), Error>) -> &'static str {
    match result {
        Ok(()) => "done",
        Err(Error::Conflict) => "decided_meanwhile",
        Err(Error::OwnRequest) => "not_yours",
        Err(Error::NotFound | Error::NoLongerSeen) => "not_found",
        Err(error) => {
            tracing::error!(request = id.as_str(), %error, "a request could not be decided");
            "failed"
        }
    }
}
