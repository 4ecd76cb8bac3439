//! Reading the directory of organizations: the public search, the administrators' lists, and the kinds of
//! members and rights there are (product.md, step 0; security.md AD-4). Changes are made in `organizations`.

use std::collections::HashMap;

use sea_orm::ConnectionTrait;

use crate::affiliations::Error;
use crate::affiliations::lifecycle::authority;
use crate::affiliations::roster::LARGEST_PAGE;
use crate::app::App;
use crate::domain::actor::Context;
use crate::domain::organization::{Category, Country, MembershipType, Organization, OrganizationStatus};
use crate::domain::profile::FieldErrors;
use crate::domain::{MembershipTypeId, OrganizationId};
use crate::i18n::countries;
use crate::limits::Limit;
use crate::storage::organizations::Filter;
use crate::storage::{affiliations, membership_types, organizations};

const LONGEST_TEXT: usize = 250;

/// What a search asks for, as it was typed; empty is anything.
#[derive(Clone, Copy, Debug, Default)]
pub struct Search<'a> {
    pub text: &'a str,
    pub membership_type: &'a str,
    pub member_state: &'a str,
    pub category: &'a str,
    /// Asked for by administrators only: everybody else sees active organizations.
    pub status: &'a str,
    /// From 1.
    pub page: u64,
    /// 1 to 100; 0 is 25.
    pub size: u64,
}

#[derive(Clone, Debug)]
pub struct Page {
    pub rows: Vec<Organization>,
    pub total: u64,
    pub page: u64,
    pub size: u64,
}

/// A proposed record or an accepted one, with how many belong to it or ask to.
#[derive(Clone, Debug)]
pub struct Record {
    pub organization: Organization,
    pub its_type: MembershipType,
    pub people: u64,
}

/// What an administrator begins the day with.
#[derive(Clone, Copy, Debug)]
pub struct Counts {
    pub proposals: u64,
    pub organizations: u64,
}

/// Returns what everybody may search: the active organizations that are members of the Union. Counts the search
/// (security.md DS-2).
pub async fn search(app: &App, context: &Context, search: &Search<'_>) -> Result<Page, Error> {
    app.limits.count(Limit::DirectorySearch, &context.network).await?;
    let search = Search {
        status: "",
        ..*search
    };
    let filter = Filter {
        members_only: true,
        ..filter(app.db.read(), &search).await?
    };
    page(app.db.read(), &filter, &search).await
}

/// The accepted records, whatever became of their membership.
pub async fn list(app: &App, context: &Context, search: &Search<'_>) -> Result<Page, Error> {
    authority::of_administrators(context)?;
    let mut filter = filter(app.db.read(), search).await?;
    if filter.statuses.is_empty() {
        filter.statuses = accepted();
    }
    page(app.db.read(), &filter, search).await
}

/// What people typed in and nobody has checked, with how many say that they belong there.
pub async fn proposals(app: &App, context: &Context, number: u64) -> Result<(Page, Vec<u64>), Error> {
    authority::of_administrators(context)?;
    let db = app.db.read();
    let search = Search {
        page: number,
        ..Search::default()
    };
    let page = page(db, &proposed(), &search).await?;
    let counts: HashMap<OrganizationId, u64> =
        affiliations::count_living(db, page.rows.iter().map(|it| &it.id)).await?;
    let people = page
        .rows
        .iter()
        .map(|it| counts.get(&it.id).copied().unwrap_or(0));
    let people = people.collect();
    Ok((page, people))
}

/// An accepted record.
pub async fn find(app: &App, context: &Context, id: &OrganizationId) -> Result<Record, Error> {
    let may_have_been = |status| status == OrganizationStatus::Merged;
    record(app, context, id, OrganizationStatus::is_accepted, may_have_been).await
}

/// A record that waits to be checked.
pub async fn find_proposal(app: &App, context: &Context, id: &OrganizationId) -> Result<Record, Error> {
    let proposed = |status| status == OrganizationStatus::Proposed;
    record(app, context, id, proposed, |_| true).await
}

/// Accepted records that a proposed one could be meant for: those with all its words first, then those
/// with one of them, the longest words before the others.
pub async fn similar(app: &App, context: &Context, name: &str) -> Result<Vec<Organization>, Error> {
    const MOST: usize = 10;
    authority::of_administrators(context)?;
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

pub async fn counts(app: &App, context: &Context) -> Result<Counts, Error> {
    authority::of_administrators(context)?;
    let db = app.db.read();
    let all = Filter {
        statuses: accepted(),
        ..Filter::default()
    };
    Ok(Counts {
        proposals: organizations::count(db, &proposed()).await?,
        organizations: organizations::count(db, &all).await?,
    })
}

async fn record(
    app: &App,
    context: &Context,
    id: &OrganizationId,
    fits: impl Fn(OrganizationStatus) -> bool,
    may_have_fitted: impl Fn(OrganizationStatus) -> bool,
) -> Result<Record, Error> {
    authority::of_administrators(context)?;
    let db = app.db.read();
    let organization = match organizations::find(db, id).await? {
        Some(it) if fits(it.status) => it,
        Some(it) if may_have_fitted(it.status) => return Err(Error::NoLongerSeen),
        _ => return Err(Error::NotFound),
    };
    let its_type = membership_types::find(db, &organization.membership_type).await?;
    let people = affiliations::count_living(db, [&organization.id]).await?;
    Ok(Record {
        its_type: its_type.ok_or(Error::NotFound)?,
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

/// Refuses what no field of the search offers (security.md G-1).
async fn filter(db: &impl ConnectionTrait, search: &Search<'_>) -> Result<Filter, Error> {
    let mut errors = FieldErrors::new();
    if search.text.chars().count() > LONGEST_TEXT {
        errors.insert("q", "error.too_long");
    }
    let membership_type = match search.membership_type {
        "" => None,
        typed => {
            let found = membership_types::find(db, &MembershipTypeId::new(typed)).await?;
            if found.is_none() {
                errors.insert("membership_type", "error.choose");
            }
            found.map(|it| it.id)
        }
    };
    let country = known("member_state", search.member_state, &mut errors, |typed| {
        Country::parse(typed).filter(|it| countries::exists(it.as_str()))
    });
    let category = known("category", search.category, &mut errors, Category::parse);
    let status = known("status", search.status, &mut errors, |typed| {
        OrganizationStatus::parse(typed).filter(|it| it.is_accepted())
    });
    if !errors.is_empty() {
        return Err(Error::Invalid(errors));
    }
    Ok(Filter {
        text: search.text.to_owned(),
        membership_type,
        members_only: false,
        country,
        category,
        statuses: status.into_iter().collect(),
    })
}

fn known<T>(
    field: &'static str,
    typed: &str,
    errors: &mut FieldErrors,
    parse: impl Fn(&str) -> Option<T>,
) -> Option<T> {
    let found = parse(typed);
    if found.is_none() && !typed.is_empty() {
        errors.insert(field, "error.choose");
    }
    found
}

async fn page(db: &impl ConnectionTrait, filter: &Filter, search: &Search<'_>) -> Result<Page, Error> {
    let size = match search.size {
        0 => 25,
        some => some.min(LARGEST_PAGE),
    };
    let total = organizations::count(db, filter).await?;
    let page = search.page.clamp(1, total.div_ceil(size).max(1));
    let (rows, _) = organizations::search(db, filter, (page - 1) * size, size).await?;
    Ok(Page {
        rows,
        total,
        page,
        size,
    })
}
