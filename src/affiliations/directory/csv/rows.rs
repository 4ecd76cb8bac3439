//! Reads the rows of the file of organizations: each cell is parsed once, or refused with its line and reason. `import` and
//! `export` call this. What the rows change is judged in `import`.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::NaiveDate;
use sha2::{Digest, Sha256};

use crate::affiliations::directory::selection;
use crate::domain::organization::{Category, Country, Organization, OrganizationStatus, Sector};
use crate::domain::{MembershipTypeId, OrganizationId, text};
use crate::i18n::countries;
use crate::tables;
pub use crate::tables::Problem as LineError;

/// The columns of the file, in the order of the export.
pub const COLUMNS: [&str; 12] = [
    "id",
    "name",
    "acronym",
    "membership_type",
    "category",
    "sectors",
    "member_state",
    "website",
    "status",
    "valid_from",
    "valid_until",
    "email_domains",
];

/// A row: an absent column is `None` and keeps, an empty cell is `Some` of nothing and clears.
#[derive(Clone, Debug)]
pub struct Row {
    line: u64,
    pub id: Option<OrganizationId>,
    cells: Vec<(usize, String)>,
}

/// Returns the rows, and what is wrong with the form of others; refuses a file without a usable header. A row without an
/// id has one that the file gives it: the same file again names the same records.
pub(super) fn read(file: &[u8]) -> Result<(Vec<Row>, Vec<LineError>), Vec<LineError>> {
    let read = tables::text(file).and_then(|text| tables::read(text, &COLUMNS));
    let digest = Sha256::digest(file);
    let mut rows = Vec::new();
    let mut errors = Vec::new();
    for row in read.map_err(|it| vec![it])? {
        let mut row = match row {
            Ok(tables::Row { line, cells }) => Row {
                line,
                id: None,
                cells,
            },
            Err(error) => {
                errors.push(error);
                continue;
            }
        };
        row.id = match row.cell("id") {
            None | Some("") => Some(OrganizationId::new(generated(&digest, row.line))),
            Some(id) if is_id(id) => Some(OrganizationId::new(id)),
            Some(_) => {
                errors.push(row.error("id", "is 1 to 64 of A-Z a-z 0-9 . _ -, and not `import`"));
                continue;
            }
        };
        rows.push(row);
    }
    Ok((rows, errors))
}

/// Returns an id as long as one at random, and as unlikely to exist already.
fn generated(file: &[u8], line: u64) -> String {
    let digest = Sha256::new()
        .chain_update(file)
        .chain_update(line.to_be_bytes())
        .finalize();
    URL_SAFE_NO_PAD.encode(&digest[..16])
}

/// Returns `true` for an id of contract.md: `[A-Za-z0-9._-]{1,64}`.
fn is_id(id: &str) -> bool {
    (1..=64).contains(&id.len())
        && id != "import" // the page of the table has this address
        && id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

impl Row {
    /// Returns the row of one record that is there: cells by the names of their columns.
    pub(super) fn of_cells(cells: &[(&'static str, String)]) -> Self {
        let at = |name: &str| COLUMNS.iter().position(|it| *it == name);
        let cells = cells
            .iter()
            .filter_map(|(name, cell)| Some((at(name)?, cell.clone())));
        Self {
            line: 1,
            id: None,
            cells: cells.collect(),
        }
    }

    fn cell(&self, column: &str) -> Option<&str> {
        let at = COLUMNS.iter().position(|it| *it == column)?;
        let found = self.cells.iter().find(|(column, _)| *column == at);
        found.map(|(_, cell)| cell.as_str())
    }

    pub(super) fn error(&self, column: &str, reason: impl std::fmt::Display) -> LineError {
        LineError {
            line: self.line,
            reason: format!("{column} {reason}"),
        }
    }

    /// Returns the record with the changes of the row.
    pub(super) fn applied_to(
        &self,
        mut organization: Organization,
        new: bool,
    ) -> Result<Organization, LineError> {
        if let Some(name) = self.cell("name") {
            organization.name = text::line(name, Organization::LONGEST_NAME)
                .map_err(|refused| self.error("name", refused))?;
        }
        if let Some(cell) = self.cell("acronym") {
            organization.acronym = match cell {
                "" => None,
                some => Some(selection::acronym(some).map_err(|refused| self.error("acronym", refused))?),
            };
        }
        if let Some(cell) = self.cell("membership_type") {
            organization.membership_type = MembershipTypeId::new(cell);
        }
        if let Some(cell) = self.cell("category") {
            organization.category = match cell {
                "" => Category::Other,
                some => Category::parse(some).ok_or_else(|| self.error("category", "is unknown"))?,
            };
        }
        if let Some(cell) = self.cell("sectors") {
            organization.sectors = list(cell)
                .map(|it| Sector::parse(it).ok_or_else(|| self.error("sectors", "are R, T and D")))
                .collect::<Result<_, _>>()?;
            organization.sectors.sort();
            organization.sectors.dedup();
        }
        if let Some(cell) = self.cell("member_state") {
            organization.country = match cell {
                "" => None,
                code if countries::exists(code) => Country::parse(code),
                _ => {
                    return Err(self.error(
                        "member_state",
                        "is no code of ISO 3166-1 alpha-2 that is known here",
                    ));
                }
            };
        }
        if let Some(cell) = self.cell("website") {
            organization.website = match cell {
                "" => None,
                some => {
                    Some(selection::website(some).ok_or_else(|| self.error("website", "is no web address"))?)
                }
            };
        }
        match self.cell("status") {
            // A new record is active unless said otherwise; what an old one is, is never cleared.
            None => {}
            Some("") if new => {}
            Some(cell) => organization.status = self.status(cell)?,
        }
        if let Some(cell) = self.cell("valid_from") {
            organization.valid_from = self.date("valid_from", cell)?;
        }
        if let Some(cell) = self.cell("valid_until") {
            organization.valid_until = self.date("valid_until", cell)?;
        }
        if let Some(cell) = self.cell("email_domains") {
            organization.email_domains = list(cell)
                .map(|it| domain(it).ok_or_else(|| self.error("email_domains", "has what is no domain")))
                .collect::<Result<_, _>>()?;
        }
        Ok(organization)
    }

    fn status(&self, cell: &str) -> Result<OrganizationStatus, LineError> {
        match OrganizationStatus::parse(cell) {
            Some(status) if status.is_accepted() || status == OrganizationStatus::Proposed => Ok(status),
            _ => Err(self.error("status", "is proposed, active, suspended or ended")),
        }
    }

    fn date(&self, column: &str, cell: &str) -> Result<Option<NaiveDate>, LineError> {
        if cell.is_empty() {
            return Ok(None);
        }
        NaiveDate::parse_from_str(cell, "%Y-%m-%d")
            .ok()
            .filter(|it| it.to_string() == cell)
            .map(Some)
            .ok_or_else(|| self.error(column, "is no date as YYYY-MM-DD"))
    }
}

fn list(cell: &str) -> impl Iterator<Item = &str> {
    cell.split(';').map(str::trim).filter(|it| !it.is_empty())
}

fn domain(typed: &str) -> Option<String> {
    let domain = idna::domain_to_ascii_strict(typed).ok()?;
    (domain.contains('.') && !domain.ends_with('.')).then_some(domain)
}
