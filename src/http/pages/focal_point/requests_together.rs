//! `/focal-point/{organization}/requests/confirm`: says what will happen to several requests that were ticked in the queue,
//! and decides them, each on its own (security.md AF-2, G-9). Its address names them, so that a reload, Back and a login in
//! between lose none.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use crate::affiliations;
use crate::affiliations::lifecycle::decisions::{self, Attempt, Chosen, Verdict};
use crate::affiliations::roster;
use crate::domain::affiliation::AffiliationStatus;
use crate::domain::{AffiliationId, OrganizationId};
use crate::http::outcome::Outcome;
use crate::http::pages::affiliation_filters::FILTERS;
use crate::http::pages::affiliation_refusal::refusal;
use crate::http::pages::affiliation_rows::{request_row, waits, workspace};
use crate::http::pages::{ListQuery, PageContext, PageError, PageForm};
use crate::paths;
use crate::templates::FormState;
use crate::templates::pages::{ConfirmTogether, DecidedTogether, Reason, TogetherRow};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    Approve,
    Reject,
}

impl Decision {
    pub fn parse(value: &str) -> Option<Self> {
        [Self::Approve, Self::Reject]
            .into_iter()
            .find(|it| it.as_str() == value)
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Reject => "reject",
        }
    }
}

/// Returns the address of the page, with the filters of the list that it leads back to.
pub fn address(
    organization: &OrganizationId,
    query: &ListQuery,
    decision: Decision,
    requests: &[String],
) -> String {
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("decision", decision.as_str())
        .append_pair("requests", &requests.join(" "))
        .extend_pairs(query.sent(&FILTERS))
        .finish();
    format!("{}?{query}", paths::focal_point_requests_confirm(organization))
}

fn list(organization: &OrganizationId, query: &ListQuery) -> String {
    query.address_of(&paths::focal_point_requests(organization), &FILTERS)
}

fn ids(requests: &str) -> Vec<AffiliationId> {
    let ids = requests.split(' ').filter(|it| !it.is_empty());
    let most = usize::try_from(roster::LARGEST_PAGE).unwrap_or(usize::MAX);
    ids.take(most).map(AffiliationId::new).collect()
}

/// Says what will happen to each of the requests.
pub async fn confirm(
    ctx: PageContext,
    Path(organization): Path<String>,
    query: ListQuery,
) -> Result<Response, PageError> {
    let id = OrganizationId::new(organization);
    // After a login in between they come from the form that was kept.
    let given = |name| ctx.given(name).unwrap_or_default();
    let (decision, requests) = (Decision::parse(&given("decision")), given("requests"));
    let Some(decision) = decision.filter(|_| !ids(&requests).is_empty()) else {
        return Ok(ctx.redirect(&list(&id, &query)));
    };
    let (app, context) = (&ctx.app, ctx.actor_context());
    let chosen = decisions::find_chosen(app, &context, &id, &ids(&requests)).await?;
    let organization = roster::organization(app, &context, &id).await?;
    let mut page = ConfirmTogether {
        act: decision.as_str(),
        form: ctx.form_or(FormState::default()),
        rows: Vec::new(),
        decided_meanwhile: Vec::new(),
        own: Vec::new(),
        unknown: 0,
        address: address(&id, &query, decision, std::slice::from_ref(&requests)),
        fields: vec![("requests", requests)],
        reason: match decision {
            Decision::Approve => Reason::None,
            Decision::Reject => Reason::Needed,
        },
        back: list(&id, &query),
        organization: workspace(&ctx, &organization).await?,
    };
    for Chosen { entry, .. } in chosen {
        let Some(entry) = entry else {
            page.unknown += 1;
            continue;
        };
        let row = request_row(&ctx, &entry, Some(&organization));
        if entry.own {
            page.own.push(row.name);
        } else if entry.person.affiliation.status() != AffiliationStatus::Pending {
            page.decided_meanwhile.push(row.name);
        } else {
            page.rows.push(TogetherRow {
                name: row.name,
                email: row.email,
                is_foreign: row.foreign_address,
                asks_for_ties: row.request_ties,
                changes: Vec::new(),
            });
        }
    }
    if page.rows.is_empty() {
        // G-9: nothing of it can be done any more.
        return ctx.page_with(StatusCode::CONFLICT, &page).await;
    }
    ctx.page(&page).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fields {
    decision: String,
    /// The identifiers, with a space between them.
    requests: String,
    reason: String,
}

/// Decides the requests, and shows the list with what became of each.
pub async fn decide(
    Path(organization): Path<String>,
    query: ListQuery,
    form: PageForm<Fields>,
) -> Result<Response, PageError> {
    let PageForm { ctx, fields, typed } = form;
    let id = OrganizationId::new(organization);
    let (app, context) = (&ctx.app, ctx.actor_context());
    let decision = Decision::parse(&fields.decision).ok_or(PageError::Invalid)?;
    let verdict = match decision {
        Decision::Approve => Verdict::Approve,
        Decision::Reject => Verdict::Reject(&fields.reason),
    };
    match decisions::decide_all(app, &context, &id, &ids(&fields.requests), verdict).await {
        Ok(attempts) => {
            let together = together(decision, attempts);
            // G-9: that nothing could be done is no success.
            let status = if together.done.is_empty() {
                StatusCode::CONFLICT
            } else {
                StatusCode::OK
            };
            let outcome = Outcome::of(&together)?.with_status(status);
            ctx.show_at(&list(&id, &query), outcome).await
        }
        Err(error) => {
            let (status, form) = refusal(error, typed)?;
            let here = address(&id, &query, decision, &[fields.requests]);
            ctx.show_at(&here, Outcome::refused(status, form)).await
        }
    }
}

fn together(decision: Decision, attempts: Vec<Attempt>) -> DecidedTogether {
    use affiliations::Error;
    let mut all = DecidedTogether {
        act: decision.as_str().to_owned(),
        ..DecidedTogether::default()
    };
    for Attempt { entry, result, .. } in attempts {
        let Some(entry) = entry else {
            all.unknown += 1;
            continue;
        };
        let name = entry.person.full_name();
        match result {
            Ok(()) => {
                all.ties_wait |= decision == Decision::Approve && waits(&entry);
                all.done.push(name);
            }
            Err(Error::Conflict) => all.decided_meanwhile.push(name),
            Err(Error::OwnRequest) => all.own.push(name),
            Err(Error::NotFound) => all.unknown += 1,
            Err(error) => {
                tracing::error!(%error, "a request could not be decided");
                all.failed.push(name);
            }
        }
    }
    all
}
