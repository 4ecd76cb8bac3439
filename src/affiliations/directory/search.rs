//! The search of the directory: one rule for what a search may ask, one query behind it (`storage::organizations`). The
//! form of the sign-up, the page of members and, through `admin`, the pages of administrators call this. Organizations are
//! found by the beginnings of their words (product.md, step 3 and `/members`).

use sea_orm::ConnectionTrait;

use super::membership_types;
use crate::affiliations::Error;
use crate::affiliations::roster::LARGEST_PAGE;
use crate::app::App;
use crate::domain::actor::Context;
use crate::domain::message::FieldErrors;
use crate::domain::organization::{Category, Country, MembershipType, Organization, OrganizationStatus};
use crate::domain::{MembershipTypeId, OrganizationId};
use crate::i18n::countries;
use crate::limits::Limit;
use crate::storage::organizations::Filter;
use crate::storage::{membership_types as kinds, organizations};

/// A search as it was typed; an empty value matches anything.
#[derive(Clone, Copy, Debug, Default)]
pub struct DirectorySearch<'a> {
    pub text: &'a str,
    pub membership_type: &'a str,
    pub member_state: &'a str,
    pub category: &'a str,
    /// The status, for administrators only: everybody else sees active organizations.
    pub status: &'a str,
    /// The number of the page, from 1.
    pub page: u64,
    /// The rows of a page, 1 to 100; 0 is 25.
    pub size: u64,
}

/// A page of organizations.
#[derive(Clone, Debug)]
pub struct Page {
    pub rows: Vec<Organization>,
    pub total: u64,
    pub page: u64,
    pub size: u64,
}

/// An organization with its type.
#[derive(Clone, Debug)]
pub struct Found {
    pub organization: Organization,
    pub its_type: MembershipType,
}

/// Returns the first `limit` active organizations that a person may choose from, best first, and whether there are more. A
/// value that no field offers finds nothing. Counts the search (security.md DS-2).
pub async fn suggest(
    app: &App,
    context: &Context,
    search: &DirectorySearch<'_>,
    limit: u64,
) -> Result<(Vec<Found>, bool), Error> {
    app.limits.count(Limit::DirectorySearch, &context.network).await?;
    let db = app.db.read();
    let text: String = search.text.chars().take(Organization::LONGEST_NAME).collect();
    let search = DirectorySearch {
        text: &text,
        status: "",
        ..*search
    };
    let filter = match filter(db, &search).await {
        Err(Error::Invalid(_)) => return Ok((Vec::new(), false)),
        other => other?,
    };
    let (organizations, more) = organizations::search(db, &filter, 0, limit).await?;
    let types = membership_types::list(app).await?;
    let with_type = |organization: Organization| {
        let its_type = types.iter().find(|it| it.id == organization.membership_type);
        Some(Found {
            its_type: its_type?.clone(),
            organization,
        })
    };
    Ok((organizations.into_iter().filter_map(with_type).collect(), more))
}

/// Returns a page of the active members of the Union, which everybody may search. Counts the search (security.md DS-2).
pub async fn members(app: &App, context: &Context, search: &DirectorySearch<'_>) -> Result<Page, Error> {
    app.limits.count(Limit::DirectorySearch, &context.network).await?;
    let search = DirectorySearch {
        status: "",
        ..*search
    };
    let filter = Filter {
        members_only: true,
        ..filter(app.db.read(), &search).await?
    };
    page(app.db.read(), &filter, &search).await
}

/// Returns an active organization, also by the id of one that was merged into it.
pub async fn find(app: &App, id: &str) -> Result<Option<Found>, Error> {
    let found = organizations::resolve(app.db.read(), &OrganizationId::new(id)).await?;
    let Some(organization) = found.filter(Organization::is_active) else {
        return Ok(None);
    };
    let its_type = membership_types::of(app.db.read(), &organization).await?;
    Ok(Some(Found {
        organization,
        its_type,
    }))
}

/// Returns what the search asks of the database; refuses a value that no field offers (security.md G-1).
pub(super) async fn filter(db: &impl ConnectionTrait, search: &DirectorySearch<'_>) -> Result<Filter, Error> {
    let mut errors = FieldErrors::new();
    if search.text.chars().count() > Organization::LONGEST_NAME {
        errors.insert("q", "error.too_long");
    }
    let membership_type = match search.membership_type {
        "" => None,
        typed => {
            let found = kinds::find(db, &MembershipTypeId::new(typed)).await?;
            if found.is_none() {
                errors.insert("membership_type", "error.choose");
            }
            found.map(|it| it.id)
        }
    };
    let country = offered("member_state", search.member_state, &mut errors, |typed| {
        Country::parse(typed).filter(|it| countries::exists(it.as_str()))
    });
    let category = offered("category", search.category, &mut errors, Category::parse);
    let status = offered("status", search.status, &mut errors, |typed| {
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

fn offered<T>(
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

/// Returns the page that the search asks for, or the last one if there are fewer.
pub(super) async fn page(
    db: &impl ConnectionTrait,
    filter: &Filter,
    search: &DirectorySearch<'_>,
) -> Result<Page, Error> {
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
