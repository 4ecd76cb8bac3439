//! The people of one organization as a table for spreadsheets: what a list of them shows, and nothing more (security.md AF-6).

use super::Error;
use super::roster::{self, LARGEST_PAGE, RosterSearch};
use crate::app::App;
use crate::domain::OrganizationId;
use crate::domain::actor::Context;
use crate::domain::affiliation::AffiliationStatus;
use crate::domain::ties::TiesStatus;
use crate::tables::{BOM, spreadsheet};

const COLUMNS: [&str; 8] = [
    "first_name",
    "last_name",
    "email",
    "job_title",
    "affiliation_status",
    "since",
    "focal_point",
    "ties_rights",
];

/// Limits the rows of a file; a search that finds more is refused.
pub const MOST: u64 = 20_000;

/// Writes what the search finds, all of its pages.
pub async fn write(
    app: &App,
    context: &Context,
    organization: &OrganizationId,
    search: &RosterSearch<'_>,
) -> Result<Vec<u8>, Error> {
    let unwritable = |_| Error::Refused("the file cannot be written");
    // Without it a spreadsheet takes UTF-8 for another encoding.
    let mut file = BOM.to_vec();
    file.extend(spreadsheet::write([COLUMNS]).map_err(unwritable)?);
    let mut page = 1;
    loop {
        let search = RosterSearch {
            page,
            size: LARGEST_PAGE,
            ..search.clone()
        };
        let found = roster::list(app, context, organization, &search).await?;
        if found.total > MOST {
            return Err(Error::Refused(
                "the file would have too many rows; search for fewer",
            ));
        }
        let mut rows = Vec::new();
        for entry in &found.entries {
            let person = &entry.person;
            let affiliation = &person.affiliation;
            let granted = entry
                .rights
                .iter()
                .filter(|it| it.status() == TiesStatus::Granted);
            let granted: Vec<_> = granted.map(|it| it.right.as_str()).collect();
            let since = match affiliation.status() {
                AffiliationStatus::Approved => affiliation.since(),
                _ => None,
            };
            let since = since.map(|it| it.date_naive().to_string()).unwrap_or_default();
            rows.push([
                person.first_name.clone(),
                person.last_name.clone(),
                person.email.clone(),
                person.job_title.clone(),
                affiliation.status().as_str().to_owned(),
                since,
                person.is_focal_point.to_string(),
                granted.join(";"),
            ]);
        }
        file.extend(spreadsheet::write(rows).map_err(unwritable)?);
        if page * found.size >= found.total {
            break;
        }
        page += 1;
    }
    Ok(file)
}
