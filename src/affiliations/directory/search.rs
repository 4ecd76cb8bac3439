//! The public directory: membership types and organizations, found by the beginnings of their words
//! (product.md, step 3 and `/members`). Everybody may search it.

use super::membership_types;
use crate::affiliations::Error;
use crate::app::App;
use crate::domain::actor::Context;
use crate::domain::organization::{Category, Country, MembershipType, Organization};
use crate::domain::{MembershipTypeId, OrganizationId};
use crate::limits::Limit;
use crate::storage::organizations::{self, Filter};

/// What is looked for, as it was typed; what is not a value of its list finds nothing.
#[derive(Clone, Debug, Default)]
pub struct Search<'a> {
    pub text: &'a str,
    pub membership_type: &'a str,
    pub member_state: &'a str,
    pub category: &'a str,
}

/// An organization with its type.
#[derive(Clone, Debug)]
pub struct Found {
    pub organization: Organization,
    pub its_type: MembershipType,
}

/// One page of active organizations, best first, and whether there is more. Counted: DS-2.
pub async fn search(
    app: &App,
    context: &Context,
    search: &Search<'_>,
    offset: u64,
    limit: u64,
) -> Result<(Vec<Found>, bool), Error> {
    app.limits.count(Limit::DirectorySearch, &context.network).await?;
    let Some(filter) = filter(search) else {
        return Ok((Vec::new(), false));
    };
    let (organizations, more) = organizations::search(app.db.read(), &filter, offset, limit).await?;
    let types = membership_types::list(app).await?;
    let with_type = |organization: Organization| {
        let its_type = types
            .iter()
            .find(|it| it.id == organization.membership_type)?
            .clone();
        Some(Found {
            organization,
            its_type,
        })
    };
    Ok((organizations.into_iter().filter_map(with_type).collect(), more))
}

fn filter(search: &Search<'_>) -> Option<Filter> {
    let country = match search.member_state {
        "" => None,
        code => Some(Country::parse(code)?),
    };
    let category = match search.category {
        "" => None,
        code => Some(Category::parse(code)?),
    };
    Some(Filter {
        text: search.text.chars().take(Organization::LONGEST_NAME).collect(),
        membership_type: (!search.membership_type.is_empty())
            .then(|| MembershipTypeId::new(search.membership_type)),
        members_only: false,
        country,
        category,
        statuses: Vec::new(),
    })
}

/// An active organization, also by the id of one that was merged into it.
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
