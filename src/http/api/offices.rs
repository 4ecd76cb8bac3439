//! `/api/v1/organizations/{id}/focal-points` and `…/deputies`: who holds the offices of an organization, from when until when.
//! `affiliations` decides.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::call::{Call, Reply};
use super::operation::{Answer, Door, Model, Operation, Outcome, Parameter, Verb};
use crate::affiliations::directory::admin;
use crate::affiliations::focal_points::{self, Whom};
use crate::affiliations::offices::{self, Holder};
use crate::affiliations::{absences, deputies, digest_preference, handover, roster};
use crate::domain::account::EmailAddress;
use crate::domain::office::Term;
use crate::domain::powers::{Area, Power};
use crate::domain::{AccountId, OrganizationId, Time};
use crate::http::problem::Problem;
use crate::paths;

const READ: Power = Power::Read(Area::Organizations);
const CHANGE: Power = Power::Change(Area::Organizations);

pub const OPERATIONS: &[Operation] = &[
    Operation {
        summary: "Lists the Focal Points of an organization",
        query: &[Parameter::LIMIT, Parameter::CURSOR],
        answer: Answer::List(Model::of::<FocalPoint>()),
        page: Door::At(paths::ADMIN_ORGANIZATION),
        command: Door::At("org show"),
        ..Operation::reading(
            "listFocalPoints",
            "/api/v1/organizations/{id}/focal-points",
            READ,
            |call| Box::pin(list_focal_points(call)),
        )
    },
    Operation {
        verb: Verb::Post,
        summary: "Names a Focal Point; a request of theirs that waits is approved",
        body: Some(Model::of::<Appoint>()),
        page: Door::At(paths::ADMIN_ORGANIZATION_CONFIRM),
        command: Door::At("org add-focal-point"),
        ..Operation::reading(
            "appointFocalPoint",
            "/api/v1/organizations/{id}/focal-points",
            CHANGE,
            |call| Box::pin(appoint(call)),
        )
    },
    Operation {
        verb: Verb::Delete,
        summary: "Takes the office of Focal Point away; the affiliation stays",
        page: Door::At(paths::ADMIN_ORGANIZATION_CONFIRM),
        command: Door::At("org remove-focal-point"),
        ..Operation::reading(
            "removeFocalPoint",
            "/api/v1/organizations/{id}/focal-points/{account}",
            CHANGE,
            |call| Box::pin(remove_focal_point(call)),
        )
    },
    Operation {
        verb: Verb::Put,
        summary: "Says from when until when a Focal Point is away; while nobody is there, requests go to the administrators",
        body: Some(Model::of::<Days>()),
        page: Door::At(paths::FOCAL_POINT_OFFICE),
        command: Door::At("org enter-absence"),
        ..Operation::reading(
            "enterAbsence",
            "/api/v1/organizations/{id}/focal-points/{account}/absence",
            CHANGE,
            |call| Box::pin(enter_absence(call)),
        )
    },
    Operation {
        verb: Verb::Delete,
        summary: "Says that a Focal Point is there again",
        page: Door::At(paths::FOCAL_POINT_OFFICE),
        command: Door::At("org end-absence"),
        ..Operation::reading(
            "endAbsence",
            "/api/v1/organizations/{id}/focal-points/{account}/absence",
            CHANGE,
            |call| Box::pin(end_absence(call)),
        )
    },
    Operation {
        verb: Verb::Post,
        summary: "Hands the office of a Focal Point over to a colleague, and ends it for whoever had it",
        body: Some(Model::of::<Appoint>()),
        page: Door::At(paths::FOCAL_POINT_OFFICE_CONFIRM),
        command: Door::At("org hand-over"),
        ..Operation::reading(
            "handOverOffice",
            "/api/v1/organizations/{id}/focal-points/{account}/handover",
            CHANGE,
            |call| Box::pin(hand_over(call)),
        )
    },
    Operation {
        summary: "Lists the deputies of an organization",
        query: &[Parameter::LIMIT, Parameter::CURSOR],
        answer: Answer::List(Model::of::<Deputy>()),
        page: Door::At(paths::FOCAL_POINT_OFFICE),
        command: Door::At("org deputies"),
        ..Operation::reading(
            "listDeputies",
            "/api/v1/organizations/{id}/deputies",
            READ,
            |call| Box::pin(list_deputies(call)),
        )
    },
    Operation {
        verb: Verb::Post,
        summary: "Names a deputy, who decides about requests and TIES rights from one day until another",
        body: Some(Model::of::<NameDeputy>()),
        page: Door::At(paths::FOCAL_POINT_OFFICE_CONFIRM),
        command: Door::At("org add-deputy"),
        ..Operation::reading(
            "nameDeputy",
            "/api/v1/organizations/{id}/deputies",
            CHANGE,
            |call| Box::pin(name_deputy(call)),
        )
    },
    Operation {
        verb: Verb::Delete,
        summary: "Ends the term of a deputy",
        page: Door::At(paths::FOCAL_POINT_OFFICE_CONFIRM),
        command: Door::At("org remove-deputy"),
        ..Operation::reading(
            "endDeputy",
            "/api/v1/organizations/{id}/deputies/{account}",
            CHANGE,
            |call| Box::pin(end_deputy(call)),
        )
    },
    Operation {
        verb: Verb::Put,
        summary: "Sends the weekly digest to a Focal Point or deputy",
        page: Door::At(paths::FOCAL_POINT_OFFICE),
        command: Door::At("org resume-digest"),
        ..Operation::reading(
            "resumeWeeklyDigest",
            "/api/v1/organizations/{id}/weekly-digest/{account}",
            CHANGE,
            |call| Box::pin(resume_digest(call)),
        )
    },
    Operation {
        verb: Verb::Delete,
        summary: "Sends no weekly digest to a Focal Point or deputy",
        page: Door::At(paths::FOCAL_POINT_OFFICE),
        command: Door::At("org stop-digest"),
        ..Operation::reading(
            "stopWeeklyDigest",
            "/api/v1/organizations/{id}/weekly-digest/{account}",
            CHANGE,
            |call| Box::pin(stop_digest(call)),
        )
    },
];

#[derive(Serialize, ToSchema)]
struct FocalPoint {
    account_id: String,
    affiliation_id: String,
    name: String,
    email: String,
    /// The first day on which the Focal Point is away, if that is not over; in UTC
    away_from: Option<NaiveDate>,
    /// The last day
    away_until: Option<NaiveDate>,
    /// Whether the weekly digest is sent.
    weekly_digest: bool,
}

#[derive(Serialize, ToSchema)]
struct Deputy {
    account_id: String,
    name: String,
    email: String,
    /// The first day, in UTC
    from: NaiveDate,
    /// The last day
    until: NaiveDate,
    /// Whether the term is running.
    is_now: bool,
    /// Whether the weekly digest is sent.
    weekly_digest: bool,
}

/// One of both names the person.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Appoint {
    account_id: Option<String>,
    email: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Days {
    /// The first day: YYYY-MM-DD, in UTC
    from: String,
    /// The last day: YYYY-MM-DD
    until: String,
}

/// `account_id` or `email` names the person.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NameDeputy {
    account_id: Option<String>,
    email: Option<String>,
    /// The first day: YYYY-MM-DD, in UTC
    from: String,
    /// The last day: YYYY-MM-DD
    until: String,
}

/// Who is named.
enum Named {
    Account(AccountId),
    Email(EmailAddress),
}

impl Named {
    fn read(account: Option<String>, email: Option<String>) -> Result<Self, Problem> {
        match (account, email) {
            (Some(account), None) => Ok(Self::Account(AccountId::new(account))),
            (None, Some(email)) => EmailAddress::parse(&email)
                .map(Self::Email)
                .map_err(|_| Problem::of_member("email", "is not an e-mail address")),
            _ => Err(Problem::of_member("account_id", "is needed, or email; not both")),
        }
    }

    const fn whom(&self) -> Whom<'_> {
        match self {
            Self::Account(account) => Whom::Account(account),
            Self::Email(email) => Whom::Email(email),
        }
    }
}

fn term(from: &str, until: &str, now: Time) -> Result<Term, Problem> {
    let read = Term::parse(("from", from), ("until", until), now);
    Ok(read.map_err(crate::affiliations::Error::Invalid)?)
}

fn id_of(call: &Call) -> OrganizationId {
    OrganizationId::new(call.id())
}

fn account_of(call: &Call) -> AccountId {
    AccountId::new(call.in_path("account"))
}

/// Returns the rows of the page that was asked for.
fn slice<T: Serialize>(call: &Call, all: &[Holder], row: impl Fn(&Holder) -> Option<T>) -> Outcome {
    let slice = call.slice()?;
    let total = all.len() as u64;
    let rows: Vec<T> = all
        .chunks(usize::try_from(slice.size).unwrap_or(1).max(1))
        .nth(usize::try_from(slice.page.saturating_sub(1)).unwrap_or(usize::MAX))
        .unwrap_or_default()
        .iter()
        .filter_map(row)
        .collect();
    call.list(rows, call.next_page(slice, total), Some(total))
}

async fn find(call: &Call) -> Result<offices::Offices, Problem> {
    let id = id_of(call);
    admin::find(&call.app, &call.context, &id).await?;
    Ok(offices::list(&call.app, &call.context, &id).await?)
}

async fn list_focal_points(call: Call) -> Outcome {
    let found = find(&call).await?;
    slice(&call, &found.focal_points, |it| {
        Some(FocalPoint {
            account_id: it.account.id.to_string(),
            affiliation_id: it.affiliation.to_string(),
            name: it.account.profile.full_name(),
            email: it.account.email.as_str().to_owned(),
            away_from: it.term.map(|it| it.first_day()),
            away_until: it.term.map(|it| it.last_day()),
            weekly_digest: it.wants_digest,
        })
    })
}

async fn appoint(call: Call) -> Outcome {
    let (app, context, id) = (&call.app, &call.context, id_of(&call));
    admin::find(app, context, &id).await?;
    let Appoint { account_id, email } = call.read()?;
    let named = Named::read(account_id, email)?;
    focal_points::appoint(app, context, &id, &named.whom()).await?;
    Ok(Reply::done())
}

async fn remove_focal_point(call: Call) -> Outcome {
    let (app, context, id) = (&call.app, &call.context, id_of(&call));
    let affiliation = roster::affiliation_of(app, context, &id, &account_of(&call)).await?;
    focal_points::undesignate(app, context, &affiliation, "").await?;
    Ok(Reply::done())
}

async fn enter_absence(call: Call) -> Outcome {
    let Days { from, until } = call.read()?;
    let absence = term(&from, &until, call.app.clock.now())?;
    absences::enter(
        &call.app,
        &call.context,
        &id_of(&call),
        &account_of(&call),
        absence,
    )
    .await?;
    Ok(Reply::done())
}

async fn end_absence(call: Call) -> Outcome {
    absences::end(&call.app, &call.context, &id_of(&call), &account_of(&call)).await?;
    Ok(Reply::done())
}

async fn hand_over(call: Call) -> Outcome {
    let Appoint { account_id, email } = call.read()?;
    let named = Named::read(account_id, email)?;
    handover::hand_over(
        &call.app,
        &call.context,
        &id_of(&call),
        &account_of(&call),
        &named.whom(),
    )
    .await?;
    Ok(Reply::done())
}

async fn list_deputies(call: Call) -> Outcome {
    let found = find(&call).await?;
    slice(&call, &found.deputies, |it| {
        let term = it.term?;
        Some(Deputy {
            account_id: it.account.id.to_string(),
            name: it.account.profile.full_name(),
            email: it.account.email.as_str().to_owned(),
            from: term.first_day(),
            until: term.last_day(),
            is_now: it.is_now,
            weekly_digest: it.wants_digest,
        })
    })
}

async fn name_deputy(call: Call) -> Outcome {
    let body: NameDeputy = call.read()?;
    let named = Named::read(body.account_id, body.email)?;
    let term = term(&body.from, &body.until, call.app.clock.now())?;
    let id = id_of(&call);
    deputies::name(&call.app, &call.context, &id, &named.whom(), term).await?;
    Ok(Reply::done())
}

async fn end_deputy(call: Call) -> Outcome {
    deputies::end(&call.app, &call.context, &id_of(&call), &account_of(&call)).await?;
    Ok(Reply::done())
}

async fn resume_digest(call: Call) -> Outcome {
    set_digest(&call, true).await
}

async fn stop_digest(call: Call) -> Outcome {
    set_digest(&call, false).await
}

async fn set_digest(call: &Call, wanted: bool) -> Outcome {
    let (id, account) = (id_of(call), account_of(call));
    digest_preference::set(&call.app, &call.context, &id, &account, wanted).await?;
    Ok(Reply::done())
}
