//! Exports the directory as a file that `import` reads again as it is (contract.md, "Files that go in and out").

use super::rows::COLUMNS;
use crate::affiliations::Error;
use crate::affiliations::lifecycle::authority;
use crate::app::App;
use crate::domain::actor::Context;
use crate::domain::organization::Organization;
use crate::storage::organizations;

/// Returns all records that are not merged away or rejected.
pub async fn export(app: &App, context: &Context) -> Result<Vec<u8>, Error> {
    authority::require_administrator(app, context).await?;
    write(&organizations::list_all(app.db.read()).await?)
}

/// Returns the records that an administrator has accepted: what visitors proposed is no part of a deployment's files.
pub async fn export_accepted(app: &App, context: &Context) -> Result<Vec<u8>, Error> {
    authority::require_administrator(app, context).await?;
    let mut all = organizations::list_all(app.db.read()).await?;
    all.retain(|it| it.status.is_accepted());
    write(&all)
}

fn write(all: &[Organization]) -> Result<Vec<u8>, Error> {
    let mut file = csv::WriterBuilder::new().from_writer(Vec::new());
    let unwritable = |_| Error::Refused("the file cannot be written");
    file.write_record(COLUMNS).map_err(unwritable)?;
    for organization in all {
        let sectors: Vec<_> = organization.sectors.iter().map(|it| it.as_str()).collect();
        let date = |it: Option<chrono::NaiveDate>| it.map(|it| it.to_string()).unwrap_or_default();
        file.write_record([
            organization.id.as_str(),
            &organization.name,
            organization.acronym.as_deref().unwrap_or_default(),
            organization.membership_type.as_str(),
            organization.category.as_str(),
            &sectors.join(";"),
            organization
                .country
                .as_ref()
                .map(|it| it.as_str())
                .unwrap_or_default(),
            organization.website.as_deref().unwrap_or_default(),
            organization.status.as_str(),
            &date(organization.valid_from),
            &date(organization.valid_until),
            &organization.email_domains.join(";"),
        ])
        .map_err(unwritable)?;
    }
    file.into_inner()
        .map_err(|_| Error::Refused("the file cannot be written"))
}
