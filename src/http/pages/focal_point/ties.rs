//! `/focal-point/{organization}/ties`: the matrix of people and TIES rights. What is ticked in it is granted or taken away by
//! the page that says what will happen, `…/ties/confirm`, whose address names it: for each person on their own.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use crate::affiliations;
use crate::affiliations::roster::{self, Entry, PeopleOrder, RosterSearch, Show};
use crate::affiliations::ties::{self, LARGEST_CHOICE};
use crate::affiliations::ties_matrix::{self, Cell, ChosenRights, RightsAttempt, RightsVerdict, Seen};
use crate::domain::ties::{RightType, TiesStatus};
use crate::domain::{AffiliationId, OrganizationId};
use crate::http::outcome::Outcome;
use crate::http::pages::affiliation_refusal::refusal;
use crate::http::pages::affiliation_rows::{self as rows, workspace};
use crate::http::pages::paging::paging;
use crate::http::pages::{ListQuery, PageContext, PageError, PageForm};
use crate::paths;
use crate::templates::pages::{
    ConfirmTogether, DecidedTogether, FocalPointTies, Reason, TiesCell, TiesRow, TogetherRow,
};
use crate::templates::{FormChoice, FormState};

const FILTERS: [&str; 3] = ["q", "filter", "right"];
/// The people of one page at the most: it has a box for each of their rights.
const MOST_ROWS: usize = 15;

/// Returns how many people a page has: no more than can be ticked with all of their rights.
fn rows_of(kinds: &[RightType]) -> u64 {
    (LARGEST_CHOICE / kinds.len().max(1)).clamp(1, MOST_ROWS) as u64
}

fn search(query: &ListQuery) -> Result<RosterSearch<'_>, PageError> {
    let show = match query.get("filter") {
        "" => Show::People,
        "ties_waiting" => Show::TiesRequests,
        _ => return Err(PageError::NotFound),
    };
    Ok(RosterSearch {
        text: query.get("q"),
        show,
        right: Some(query.get("right")).filter(|it| !it.is_empty()),
        order: PeopleOrder::Name,
        page: query.page()?,
        ..RosterSearch::default()
    })
}

pub async fn list(
    ctx: PageContext,
    Path(organization): Path<String>,
    query: ListQuery,
) -> Result<Response, PageError> {
    let id = OrganizationId::new(organization);
    let kinds = ties::kinds(&ctx.app).await?;
    let search = RosterSearch {
        size: rows_of(&kinds),
        ..search(&query)?
    };
    let (found, organization) = rows::of_organization(&ctx, &id, &search).await?;
    let language = ctx.locale().as_str();
    let typed = ctx.form_or(FormState::default());
    let mut form = query.form(&FILTERS);
    form.notice = typed.notice;
    form.ticked = typed.ticked;
    if let Some(one) = typed.values.get("cells") {
        form.values.insert("cells".into(), one.clone());
    }
    let page = FocalPointTies {
        is_entitled: roster::is_ties_entitled(&ctx.app, &organization).await?,
        organization: workspace(&ctx, &organization).await?,
        form,
        rows: found.entries.iter().map(|it| row(it, &kinds)).collect(),
        rights: kinds
            .iter()
            .map(|it| FormChoice::new(it.name.as_str(), it.label(language)))
            .collect(),
        paging: paging(&found, &paths::focal_point_ties(&id), &query, &FILTERS),
        decided_together: ctx.content(),
    };
    ctx.page(&page).await
}

fn row(entry: &Entry, kinds: &[RightType]) -> TiesRow {
    let affiliation = &entry.person.affiliation;
    let status = |kind: &RightType| {
        let mut its = entry.rights.iter().filter(|it| it.right == kind.name);
        its.find(|it| it.status().is_live())
            .map_or("none", |it| it.status().as_str())
    };
    TiesRow {
        account: affiliation.account.as_str().to_owned(),
        name: entry.person.full_name(),
        email: entry.person.email.clone(),
        own: entry.own,
        cells: kinds
            .iter()
            .map(|kind| TiesCell {
                value: format!("{}:{}", affiliation.id, kind.name),
                status: status(kind),
            })
            .collect(),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ticked {
    decision: String,
    cells: Vec<String>,
}

const GRANT: &str = "grant";
const TAKE_AWAY: &str = "take_away";

fn verdict<'a>(decision: &str, reason: &'a str) -> Option<RightsVerdict<'a>> {
    match decision {
        GRANT => Some(RightsVerdict::Grant),
        TAKE_AWAY => Some(RightsVerdict::TakeAway(reason)),
        _ => None,
    }
}

const fn act(verdict: RightsVerdict<'_>) -> &'static str {
    match verdict {
        RightsVerdict::Grant => GRANT,
        RightsVerdict::TakeAway(_) => TAKE_AWAY,
    }
}

/// Leads to the page that says what will happen to the rights that were ticked.
pub async fn choose(
    Path(organization): Path<String>,
    query: ListQuery,
    form: PageForm<Ticked>,
) -> Result<Response, PageError> {
    let PageForm { ctx, fields, typed } = form;
    let id = OrganizationId::new(organization);
    // The answer is 404 for a list that the GET would not show.
    let search = search(&query)?;
    roster::require_to_list(&ctx.app, &ctx.actor_context(), &id, search.show).await?;
    let notice = match verdict(&fields.decision, "") {
        None => "error.try_again",
        Some(_) if fields.cells.iter().all(String::is_empty) => "focal_point.ties.none",
        Some(_) if fields.cells.len() > LARGEST_CHOICE => "focal_point.ties.too_many",
        Some(verdict) => return Ok(ctx.redirect(&address(&id, &query, verdict, &fields.cells.join(" ")))),
    };
    ctx.again(typed.notice(notice)).await
}

fn address(
    organization: &OrganizationId,
    query: &ListQuery,
    verdict: RightsVerdict<'_>,
    cells: &str,
) -> String {
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("decision", act(verdict))
        .append_pair("cells", cells)
        .extend_pairs(query.sent(&FILTERS))
        .finish();
    format!("{}?{query}", paths::focal_point_ties_confirm(organization))
}

fn back(organization: &OrganizationId, query: &ListQuery) -> String {
    query.address_of(&paths::focal_point_ties(organization), &FILTERS)
}

/// Reads pairs of an affiliation and a right, each with the status that was seen, if the page has stated it. What is no pair
/// names nobody.
fn cells(typed: &str) -> Vec<Cell> {
    let cells = typed.split(' ').filter(|it| !it.is_empty()).map(|cell| {
        let (pair, seen) = match cell.split_once('=') {
            Some((pair, seen)) => (pair, read_seen(seen)),
            None => (cell, None),
        };
        let (affiliation, right) = pair.split_once(':').unwrap_or((pair, ""));
        Cell {
            affiliation: AffiliationId::new(affiliation),
            right: right.to_owned(),
            seen,
        }
    });
    cells.take(LARGEST_CHOICE).collect()
}

const NONE: &str = "none";

fn read_seen(typed: &str) -> Option<Seen> {
    match typed {
        NONE => Some(None),
        other => TiesStatus::parse(other).map(Some),
    }
}

/// Writes what the page shows, so that a decision about it says what was seen.
fn as_seen(chosen: &[ChosenRights]) -> String {
    let rights = chosen.iter().flat_map(|it| {
        it.rights.iter().map(|right| {
            let status = right.status.map_or(NONE, TiesStatus::as_str);
            format!("{}:{}={status}", it.affiliation, right.right)
        })
    });
    rights.collect::<Vec<_>>().join(" ")
}

/// Leaves out what was seen.
fn without_seen(cells: &str) -> String {
    let pairs = cells
        .split(' ')
        .map(|it| it.split_once('=').map_or(it, |(pair, _)| pair));
    pairs.collect::<Vec<_>>().join(" ")
}

/// Says what will happen to the rights of each person.
pub async fn confirm(
    ctx: PageContext,
    Path(organization): Path<String>,
    query: ListQuery,
) -> Result<Response, PageError> {
    let id = OrganizationId::new(organization);
    // After a login in between they come from the form that was kept.
    let given = |name| ctx.given(name).unwrap_or_default();
    let (verdict, chosen) = (verdict(&given("decision"), ""), without_seen(&given("cells")));
    let Some(verdict) = verdict.filter(|_| !cells(&chosen).is_empty()) else {
        return Ok(ctx.redirect(&back(&id, &query)));
    };
    let (app, context) = (&ctx.app, ctx.actor_context());
    let found = ties_matrix::find_chosen(app, &context, &id, &cells(&chosen), verdict).await?;
    let organization = roster::organization(app, &context, &id).await?;
    let kinds = ties::kinds(app).await?;
    let label = |right: &String| {
        let kind = kinds.iter().find(|it| it.name == *right);
        kind.map_or_else(|| right.clone(), |it| it.label(ctx.locale().as_str()).to_owned())
    };
    let mut page = ConfirmTogether {
        act: act(verdict),
        form: ctx.form_or(FormState::default()),
        rows: Vec::new(),
        decided_meanwhile: Vec::new(),
        own: Vec::new(),
        unknown: 0,
        address: address(&id, &query, verdict, &chosen),
        fields: vec![("cells", as_seen(&found))],
        reason: match verdict {
            RightsVerdict::Grant => Reason::None,
            RightsVerdict::TakeAway(_) => Reason::Optional,
        },
        back: back(&id, &query),
        organization: workspace(&ctx, &organization).await?,
    };
    for ChosenRights { entry, changes, .. } in found {
        let Some(entry) = entry else {
            page.unknown += 1;
            continue;
        };
        let name = entry.person.full_name();
        if entry.own {
            page.own.push(name);
        } else if changes.is_empty() {
            page.decided_meanwhile.push(name);
        } else {
            page.rows.push(TogetherRow {
                name,
                email: entry.person.email.clone(),
                is_foreign: false,
                asks_for_ties: entry.rights.iter().any(|it| it.status() == TiesStatus::Requested),
                changes: changes.iter().map(label).collect(),
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
    /// Pairs of an affiliation and a right, each with the status that was seen, with a space between them.
    cells: String,
    reason: String,
}

/// Changes the rights, and shows the matrix with what became of each person.
pub async fn decide(
    Path(organization): Path<String>,
    query: ListQuery,
    form: PageForm<Fields>,
) -> Result<Response, PageError> {
    let PageForm { ctx, fields, typed } = form;
    let id = OrganizationId::new(organization);
    let (app, context) = (&ctx.app, ctx.actor_context());
    let verdict = verdict(&fields.decision, &fields.reason).ok_or(PageError::Invalid)?;
    match ties_matrix::decide_all(app, &context, &id, &cells(&fields.cells), verdict).await {
        Ok(attempts) => {
            let together = together(verdict, attempts);
            // G-9: that nothing could be done is no success.
            let status = if together.done.is_empty() {
                StatusCode::CONFLICT
            } else {
                StatusCode::OK
            };
            let outcome = Outcome::of(&together)?.with_status(status);
            ctx.show_at(&back(&id, &query), outcome).await
        }
        Err(error) => {
            let (status, form) = refusal(error, typed)?;
            let here = address(&id, &query, verdict, &without_seen(&fields.cells));
            ctx.show_at(&here, Outcome::refused(status, form)).await
        }
    }
}

fn together(verdict: RightsVerdict<'_>, attempts: Vec<RightsAttempt>) -> DecidedTogether {
    use affiliations::Error;
    let mut all = DecidedTogether {
        act: act(verdict).to_owned(),
        ..DecidedTogether::default()
    };
    for RightsAttempt { entry, result } in attempts {
        let Some(entry) = entry else {
            all.unknown += 1;
            continue;
        };
        let name = entry.person.full_name();
        match result {
            Ok(()) => all.done.push(name),
            Err(Error::Conflict | Error::NotEntitled) => all.decided_meanwhile.push(name),
            Err(Error::OwnRequest) => all.own.push(name),
            Err(Error::NotFound | Error::Invalid(_)) => all.unknown += 1,
            Err(error) => {
                tracing::error!(%error, "rights could not be changed");
                all.failed.push(name);
            }
        }
    }
    all
}
