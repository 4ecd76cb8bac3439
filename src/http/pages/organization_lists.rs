//! Shows organizations in lists, with the labels of the page's language.

use super::{ListQuery, PageContext, PageError};
use crate::affiliations::directory::{self, DirectorySearch};
use crate::domain::organization::{Category, MembershipType, Organization};
use crate::templates::FormChoice;
use crate::templates::pages::OrganizationRow;

/// The kinds of members, read once for a page.
pub struct Types(Vec<MembershipType>);

impl Types {
    pub async fn read(ctx: &PageContext) -> Result<Self, PageError> {
        Ok(Self(directory::membership_types::list(&ctx.app).await?))
    }

    pub fn choices(&self, ctx: &PageContext) -> Vec<FormChoice> {
        let language = ctx.locale().as_str();
        let types = self.0.iter();
        types
            .map(|it| FormChoice::new(it.id.as_str(), it.name(language)))
            .collect()
    }

    /// Returns the kinds whose organizations are members.
    pub fn of_members(mut self) -> Self {
        self.0.retain(|it| it.needs_approval);
        self
    }

    pub fn row(&self, ctx: &PageContext, organization: &Organization) -> OrganizationRow {
        let its_type = self.0.iter().find(|kind| kind.id == organization.membership_type);
        OrganizationRow {
            id: organization.id.as_str().to_owned(),
            name: organization.name.clone(),
            acronym: organization.acronym.clone(),
            membership_type: its_type.map_or_else(
                || organization.membership_type.to_string(),
                |kind| kind.name(ctx.locale().as_str()).to_owned(),
            ),
            category: organization.category.as_str().to_owned(),
            member_state: country(organization),
            status: organization.status.as_str().to_owned(),
            website: organization.website.clone(),
        }
    }

    pub fn rows(&self, ctx: &PageContext, them: &[Organization]) -> Vec<OrganizationRow> {
        them.iter().map(|it| self.row(ctx, it)).collect()
    }
}

pub fn country(organization: &Organization) -> Option<String> {
    organization.country.as_ref().map(|it| it.as_str().to_owned())
}

pub fn categories() -> Vec<String> {
    Category::ALL.iter().map(|it| it.as_str().to_owned()).collect()
}

pub fn search(query: &ListQuery) -> Result<DirectorySearch<'_>, PageError> {
    Ok(DirectorySearch {
        text: query.get("q"),
        membership_type: query.get("membership_type"),
        member_state: query.get("member_state"),
        category: query.get("category"),
        status: query.get("status"),
        page: query.page()?,
        size: 0,
    })
}
