//! The kinds of members that there are, and the kind of one organization. Kinds are data, in a small table.

use sea_orm::ConnectionTrait;

use crate::affiliations::Error;
use crate::app::App;
use crate::domain::organization::{MembershipType, Organization};
use crate::storage::membership_types;

/// Returns all kinds, in the order of the form.
pub async fn list(app: &App) -> Result<Vec<MembershipType>, Error> {
    Ok(membership_types::list(app.db.read()).await?)
}

/// Returns the kind of the organization.
pub(in crate::affiliations) async fn of(
    db: &impl ConnectionTrait,
    organization: &Organization,
) -> Result<MembershipType, Error> {
    let found = membership_types::find(db, &organization.membership_type).await?;
    found.ok_or(Error::NotFound)
}
