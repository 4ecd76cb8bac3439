//! Lists the people of an organization for Focal Points and administrators: pending and approved ones, with name, address,
//! job title and dates, and nothing of others (security.md AF-6, AD-4). Their pages call this. Decisions about people are
//! in `lifecycle::decisions`.

use std::collections::HashMap;

use sea_orm::ConnectionTrait;

use super::Error;
use super::directory::membership_types;
use super::lifecycle::authority;
use crate::app::App;
use crate::domain::account_search::query;
use crate::domain::actor::Context;
use crate::domain::affiliation::{Affiliation, AffiliationStatus, Capacity, OVERDUE_AFTER};
use crate::domain::organization::Organization;
use crate::domain::ties::TiesRight;
use crate::domain::{AccountId, AffiliationId, OrganizationId, Time};
use crate::storage::roster::{self, Filter};
use crate::storage::{affiliations, focal_points, organizations, ties};

pub use crate::storage::roster::{PeopleOrder, Person, Show};

/// Limits the rows of one page (security.md AD-4).
pub const LARGEST_PAGE: u64 = 100;

#[derive(Clone, Debug, Default)]
pub struct RosterSearch<'a> {
    /// Beginnings of words of name or address.
    pub text: &'a str,
    pub show: Show,
    pub only: Option<Only>,
    /// A granted right.
    pub right: Option<&'a str>,
    pub order: PeopleOrder,
    /// The number of the page, from 1.
    pub page: u64,
    /// The rows of a page, 1 to 100; 0 is 25.
    pub size: u64,
}

/// What narrows a list of requests down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Only {
    /// Those that a reminder is sent of.
    Overdue,
    WithTies,
    /// Those of people whose address belongs to no domain of the organization.
    Outside,
}

/// What waits for a decision in an organization.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    pub affiliations: u64,
    /// People with an approved affiliation who ask for TIES rights.
    pub ties: u64,
}

/// One row, with all TIES rights that are or were on the affiliation.
#[derive(Clone, Debug)]
pub struct Entry {
    pub person: Person,
    pub rights: Vec<TiesRight>,
    /// `true` if it is the actor's own, about which the actor decides nothing.
    pub own: bool,
}

#[derive(Clone, Debug)]
pub struct RosterPage {
    pub entries: Vec<Entry>,
    pub total: u64,
    pub page: u64,
    pub size: u64,
}

/// Returns a page of the people or requests of one organization.
pub async fn list(
    app: &App,
    context: &Context,
    organization: &OrganizationId,
    search: &RosterSearch<'_>,
) -> Result<RosterPage, Error> {
    let db = app.db.read();
    check_show(app, context, organization, search.show).await?;
    let mut filter = Filter {
        organization: Some(organization.clone()),
        ..filter(search, app.clock.now())
    };
    if search.only == Some(Only::Outside) {
        let organization = organizations::find(db, organization)
            .await?
            .ok_or(Error::NotFound)?;
        filter.outside_of = Some(organization.email_domains);
    }
    page(db, context, filter, search).await
}

/// Counts what waits in the organization.
pub async fn count_waiting(
    app: &App,
    context: &Context,
    organization: &OrganizationId,
) -> Result<Waiting, Error> {
    authority::require_to_see(app, context, organization).await?;
    let db = app.db.read();
    let of = |show| Filter {
        organization: Some(organization.clone()),
        show: Some(show),
        ..Filter::default()
    };
    Ok(Waiting {
        affiliations: roster::count(db, &of(Show::AffiliationRequests)).await?,
        ties: roster::count(db, &of(Show::TiesRequests)).await?,
    })
}

/// Returns a page of the requests that come to the administrators: no Focal Point and no deputy but their own subject is there
/// to decide them.
pub async fn list_without_focal_point(
    app: &App,
    context: &Context,
    search: &RosterSearch<'_>,
) -> Result<RosterPage, Error> {
    authority::require_overseer(app, context).await?;
    let filter = Filter {
        without_decider_at: Some(app.clock.now()),
        ..filter(search, app.clock.now())
    };
    page(app.db.read(), context, filter, search).await
}

/// Returns one person or request, with the organization and the capacity of the actor.
pub async fn find(
    app: &App,
    context: &Context,
    id: &AffiliationId,
) -> Result<(Entry, Organization, Capacity), Error> {
    let db = app.db.read();
    let found = affiliations::find(db, id).await?.ok_or(Error::NotFound)?;
    let capacity = authority::require_to_see(app, context, &found.organization).await?;
    let visible = matches!(
        found.status(),
        AffiliationStatus::Pending | AffiliationStatus::Approved
    );
    // An affiliation that ended is the person's own again (AF-6); administrators see their decisions.
    if !visible && capacity == Capacity::FocalPoint {
        return Err(Error::NoLongerSeen);
    }
    let organization = organizations::find(db, &found.organization)
        .await?
        .ok_or(Error::NotFound)?;
    let person = roster::find(db, id).await?.ok_or(Error::NotFound)?;
    let entry = with_rights(db, context, vec![person]).await?.pop();
    Ok((entry.ok_or(Error::NotFound)?, organization, capacity))
}

/// Returns the approved affiliation of an account with the organization, for pages that name the account.
pub async fn affiliation_of(
    app: &App,
    context: &Context,
    organization: &OrganizationId,
    account: &AccountId,
) -> Result<AffiliationId, Error> {
    let db = app.db.read();
    authority::require_to_see(app, context, organization).await?;
    let all = affiliations::list_of_account(db, account).await?;
    let here = |it: &&Affiliation| it.organization == *organization;
    let approved = |it: &&Affiliation| it.status() == AffiliationStatus::Approved;
    match all.iter().filter(here).find(approved) {
        Some(affiliation) => Ok(affiliation.id.clone()),
        None if all.iter().filter(here).any(|it| it.status().is_final()) => Err(Error::NoLongerSeen),
        None => Err(Error::NotFound),
    }
}

/// Returns the organization of a list.
pub async fn organization(app: &App, context: &Context, id: &OrganizationId) -> Result<Organization, Error> {
    let db = app.db.read();
    authority::require_to_see(app, context, id).await?;
    organizations::find(db, id).await?.ok_or(Error::NotFound)
}

/// Checks that the actor may see this list of the organization, without reading it.
pub async fn require_to_list(
    app: &App,
    context: &Context,
    organization: &OrganizationId,
    show: Show,
) -> Result<(), Error> {
    let db = app.db.read();
    check_show(app, context, organization, show).await?;
    organizations::find(db, organization)
        .await?
        .map(drop)
        .ok_or(Error::NotFound)
}

async fn check_show(
    app: &App,
    context: &Context,
    organization: &OrganizationId,
    show: Show,
) -> Result<(), Error> {
    let capacity = authority::require_to_see(app, context, organization).await?;
    // AF-6: pending and approved people, and no others.
    if show == Show::Rejected && capacity == Capacity::FocalPoint {
        return Err(Error::NotFound);
    }
    Ok(())
}

/// Returns `true` if its people can have TIES rights (security.md AF-3).
pub async fn is_ties_entitled(app: &App, organization: &Organization) -> Result<bool, Error> {
    let its_type = membership_types::of(app.db.read(), organization).await?;
    Ok(organization.can_have_ties(&its_type))
}

/// Counts the Focal Points of the organization.
pub async fn count_focal_points(
    app: &App,
    context: &Context,
    organization: &OrganizationId,
) -> Result<u64, Error> {
    let db = app.db.read();
    authority::require_to_see(app, context, organization).await?;
    Ok(focal_points::list_of_organization(db, organization).await?.len() as u64)
}

fn filter(search: &RosterSearch<'_>, now: Time) -> Filter {
    let is_only = |only| search.only == Some(only);
    Filter {
        words: query(&search.text.chars().take(200).collect::<String>()),
        show: Some(search.show),
        requested_before: is_only(Only::Overdue).then(|| now - OVERDUE_AFTER),
        asks_for_ties: is_only(Only::WithTies),
        right: search.right.map(str::to_owned),
        order: search.order,
        ..Filter::default()
    }
}

async fn page(
    db: &impl ConnectionTrait,
    context: &Context,
    filter: Filter,
    search: &RosterSearch<'_>,
) -> Result<RosterPage, Error> {
    let size = match search.size {
        0 => 25,
        some => some.min(LARGEST_PAGE),
    };
    let (page, total, rows) = if search.page > 1 {
        let total = roster::count(db, &filter).await?;
        let page = search.page.min(total.div_ceil(size).max(1));
        (
            page,
            total,
            roster::list(db, &filter, (page - 1) * size, size).await?,
        )
    } else {
        let rows = roster::list(db, &filter, 0, size).await?;
        // What is found is sought among many: where one page has all of it, nobody seeks twice.
        let total = match rows.len() as u64 {
            few if few < size => few,
            _ => roster::count(db, &filter).await?,
        };
        (1, total, rows)
    };
    Ok(RosterPage {
        entries: with_rights(db, context, rows).await?,
        total,
        page,
        size,
    })
}

async fn with_rights(
    db: &impl ConnectionTrait,
    context: &Context,
    people: Vec<Person>,
) -> Result<Vec<Entry>, Error> {
    let ids = people.iter().map(|it| &it.affiliation.id);
    let mut rights: HashMap<AffiliationId, Vec<TiesRight>> = HashMap::new();
    for right in ties::list_of_affiliations(db, ids).await? {
        rights.entry(right.affiliation.clone()).or_default().push(right);
    }
    Ok(people
        .into_iter()
        .map(|person| Entry {
            rights: rights.remove(&person.affiliation.id).unwrap_or_default(),
            own: context.actor.account() == Some(&person.affiliation.account),
            person,
        })
        .collect())
}
