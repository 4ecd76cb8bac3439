//! Accounts from the former platform, and the export that can be imported again: CSV or JSON Lines with
//! the columns of contract.md. A record is checked whole, with its line and everything that is wrong, and no more
//! than a few records are in memory; where a record places a person is data for `affiliations`, which composes the
//! import.

mod record;
mod registration;
mod rows;
mod validation;

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

pub use record::{Placement, Record};
pub use registration::{State, find_states, has_made_accounts, register};
pub use rows::{COLUMNS, Format, Row};
use rows::{Line, Rows};
use validation::Seen;

use super::{Error, Result};
use crate::app::App;
use crate::domain::Time;
use crate::domain::account::Account;
use crate::domain::profile::Title;
pub use crate::tables::Problem;

/// A file of accounts. It is read from its beginning as often as it must be.
#[derive(Debug)]
pub struct AccountsFile {
    format: Format,
    content: Content,
    addresses_verified: bool,
}

#[derive(Debug)]
enum Content {
    Bytes(Vec<u8>),
    File(File),
}

impl AccountsFile {
    /// Takes a file that can be read more than once, which a pipe cannot.
    pub const fn of_file(format: Format, file: File) -> Self {
        Self {
            format,
            content: Content::File(file),
            addresses_verified: false,
        }
    }

    pub fn of_bytes(format: Format, bytes: &[u8]) -> Self {
        Self {
            format,
            content: Content::Bytes(bytes.to_vec()),
            addresses_verified: false,
        }
    }

    /// Takes the addresses as verified by the former platform, as the operator says: nobody is asked for a code.
    pub const fn with_verified_addresses(mut self) -> Self {
        self.addresses_verified = true;
        self
    }

    /// Reads the records, one after the other.
    pub fn records<'a>(&'a self, app: &'a App) -> Result<Records<'a>> {
        let content: Box<dyn Read + 'a> = match &self.content {
            Content::Bytes(bytes) => Box::new(bytes.as_slice()),
            Content::File(file) => {
                let mut file = file;
                file.seek(SeekFrom::Start(0)).map_err(Error::failed)?;
                Box::new(file)
            }
        };
        Ok(Records {
            app,
            now: app.clock.now(),
            rows: Rows::open(self.format, content),
            seen: Seen::new(),
            addresses_verified: self.addresses_verified,
        })
    }
}

/// The records of a file, and what is wrong with the other lines.
pub struct Records<'a> {
    app: &'a App,
    now: Time,
    rows: Rows<Box<dyn Read + 'a>>,
    seen: Seen,
    addresses_verified: bool,
}

impl Iterator for Records<'_> {
    type Item = Line<Record>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = self.rows.next()?;
        let record = row.and_then(|(line, row)| {
            let validated = validation::validate(self.app, self.now, &mut self.seen, line, row);
            validated.map_err(|reason| Problem { line, reason })
        });
        Some(record.map(|mut record| {
            record.account.email_verified = self.addresses_verified;
            record
        }))
    }
}

/// Returns an account as a line of the export, without its place in an organization and without its hash.
pub fn row(account: &Account) -> Row {
    let profile = &account.profile;
    Row {
        email: account.email.as_str().to_owned(),
        first_name: profile.first_name.clone(),
        last_name: profile.last_name.clone(),
        title: profile.title.map_or("", Title::as_str).to_owned(),
        gender: profile.gender.as_str().to_owned(),
        job_title: profile.job_title.clone(),
        professional_role: profile.professional_role.as_str().to_owned(),
        language: account.language.as_str().to_owned(),
        created_at: account.created_at.format("%Y-%m-%d").to_string(),
        ..Row::default()
    }
}
