//! Exports the directory as a file that `import` reads again as it is (contract.md, "Files that go in and out").

use super::rows::COLUMNS;
use crate::affiliations::Error;
use crate::affiliations::lifecycle::authority;
use crate::app::App;
use crate::domain::actor::Context;
use crate::storage::organizations;

/// Returns all records that are not merged away or rejected.
pub async fn export(app: &App, context: &Context) -> Result<Vec<u8>, Error> {
    authority::of_administrators(context)?;
    let all = organizations::list_all(app.db.read()).await?;
    let mut file = csv::WriterBuilder::new().from_writer(Vec::new());
    let unwritable = |_| Error::Refused("the file cannot be written");
    file.write_record(COLUMNS).map_err(unwritable)?;
    for it in &all {
        let sectors: Vec<_> = it.sectors.iter().map(|it| it.as_str()).collect();
        let date = |it: Option<chrono::NaiveDate>| it.map(|it| it.to_string()).unwrap_or_default();
        file.write_record([
            it.id.as_str(),
            &it.name,
            it.acronym.as_deref().unwrap_or_default(),
            it.membership_type.as_str(),
            it.category.as_str(),
            &sectors.join(";"),
            it.country.as_ref().map(|it| it.as_str()).unwrap_or_default(),
            it.website.as_deref().unwrap_or_default(),
            it.status.as_str(),
            &date(it.valid_from),
            &date(it.valid_until),
            &it.email_domains.join(";"),
        ])
        .map_err(unwritable)?;
    }
    file.into_inner()
        .map_err(|_| Error::Refused("the file cannot be written"))
}
