//! The lists of administrators: organizations, proposals and what a proposal could be meant for (product.md; security.md
//! AD-4). The search behind them is in `search`; changes are made in `proposals`, `merge` and `csv`.

use std::collections::HashMap;

use super::membership_types;
use super::search::{DirectorySearch, Page, filter, page};
use crate::affiliations::Error;
use crate::affiliations::lifecycle::authority;
use crate::app::App;
use crate::domain::OrganizationId;
use crate::domain::actor::Context;
use crate::domain::organization::{MembershipType, Organization, OrganizationStatus};
use crate::storage::organizations::Filter;
use crate::storage::{affiliations, organizations};

/// An organization with its type, and how many people belong to it or ask to.
#[derive(Clone, Debug)]
pub struct Record {
    pub organization: Organization,
    pub its_type: MembershipType,
    pub people: u64,
}

/// Returns a page of the accepted organizations, whatever became of their membership.
pub async fn list(app: &App, context: &Context, search: &DirectorySearch<'_>) -> Result<Page, Error> {
    authority::require_overseer(app, context).await?;
    let mut filter = filter(app.db.read(), search).await?;
    if filter.statuses.is_empty() {
        filter.statuses = accepted();
    }
    page(app.db.read(), &filter, search).await
}

/// Returns a page of the proposals, with how many people say that they belong to each. `size` is as in a `DirectorySearch`.
pub async fn proposals(
    app: &App,
    context: &Context,
    number: u64,
    size: u64,
) -> Result<(Page, Vec<u64>), Error> {
    authority::require_overseer(app, context).await?;
    let db = app.db.read();
    let search = DirectorySearch {
        page: number,
        size,
        ..DirectorySearch::default()
    };
    let page = page(db, &proposed(), &search).await?;
    let counts: HashMap<OrganizationId, u64> =
        affiliations::count_not_final(db, page.rows.iter().map(|it| &it.id)).await?;
    let people = page
        .rows
        .iter()
        .map(|it| counts.get(&it.id).copied().unwrap_or(0));
    let people = people.collect();
    Ok((page, people))
}

/// Returns an accepted organization.
pub async fn find(app: &App, context: &Context, id: &OrganizationId) -> Result<Record, Error> {
    let may_have_been = |status| status == OrganizationStatus::Merged;
    record(app, context, id, OrganizationStatus::is_accepted, may_have_been).await
}

/// Returns a proposal that nobody has decided yet.
pub async fn find_proposal(app: &App, context: &Context, id: &OrganizationId) -> Result<Record, Error> {
    let proposed = |status| status == OrganizationStatus::Proposed;
    record(app, context, id, proposed, |_| true).await
}

/// Returns accepted organizations that a proposal could be meant for: those with all its words first, then those with one
/// of them, the longest words before the others.
pub async fn similar(app: &App, context: &Context, name: &str) -> Result<Vec<Organization>, Error> {
    const MOST: usize = 10;
    authority::require_overseer(app, context).await?;
    let mut words: Vec<&str> = name
        .split_whitespace()
        .filter(|it| it.chars().count() > 2)
        .collect();
    words.sort_by_key(|it| std::cmp::Reverse(it.chars().count()));
    words.truncate(5);
    words.insert(0, name);
    let mut found: Vec<Organization> = Vec::new();
    for text in words {
        let filter = Filter {
            text: text.to_owned(),
            statuses: vec![OrganizationStatus::Active, OrganizationStatus::Suspended],
            ..Filter::default()
        };
        let (rows, _) = organizations::search(app.db.read(), &filter, 0, MOST as u64).await?;
        for row in rows {
            if found.len() < MOST && found.iter().all(|it| it.id != row.id) {
                found.push(row);
            }
        }
    }
    Ok(found)
}

async fn record(
    app: &App,
    context: &Context,
    id: &OrganizationId,
    fits: impl Fn(OrganizationStatus) -> bool,
    may_have_fitted: impl Fn(OrganizationStatus) -> bool,
) -> Result<Record, Error> {
    authority::require_overseer(app, context).await?;
    let db = app.db.read();
    let organization = match organizations::find(db, id).await? {
        Some(organization) if fits(organization.status) => organization,
        Some(organization) if may_have_fitted(organization.status) => {
            return Err(Error::NoLongerSeen);
        }
        _ => return Err(Error::NotFound),
    };
    let people = affiliations::count_not_final(db, [&organization.id]).await?;
    Ok(Record {
        its_type: membership_types::of(db, &organization).await?,
        people: people.get(&organization.id).copied().unwrap_or(0),
        organization,
    })
}

fn accepted() -> Vec<OrganizationStatus> {
    let all = OrganizationStatus::ALL.iter().copied();
    all.filter(|it| it.is_accepted()).collect()
}

fn proposed() -> Filter {
    Filter {
        statuses: vec![OrganizationStatus::Proposed],
        ..Filter::default()
    }
}
