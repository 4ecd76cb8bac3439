//! Accounts from the former platform, and the export that can be imported again: CSV or JSON Lines with
//! the columns of contract.md. A record is checked whole, with its line and everything that is wrong, and no more
//! than a few records are in memory; where a record places a person is data for `affiliations`, which composes the
//! import.

mod rows;

use std::collections::HashSet;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use chrono::NaiveDate;
use sea_orm::ConnectionTrait;
use sha2::{Digest, Sha256};

pub use rows::{COLUMNS, Format, Row};
use rows::{Line, Rows};

use super::{Error, Result, foreign_hash};
use crate::app::{App, Tx};
use crate::domain::account::{Account, EmailAddress, Status};
use crate::domain::profile::{
    Gender, JOB_TITLE_LENGTH, Language, NAME_LENGTH, ProfessionalRole, Profile, Title,
};
use crate::domain::role::Role;
use crate::domain::text;
use crate::domain::{AccountId, OrganizationId, Subject, Time};
use crate::random;
use crate::storage::accounts::{self, NewAccount};
pub use crate::tables::Problem;

/// The place of the person in an organization, by the record; `affiliations` judges it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    pub organization: OrganizationId,
    /// As in the claim `affiliation_status`; empty: what the organization's type makes of it.
    pub status: String,
    pub ties_rights: Vec<String>,
}

/// A good line.
#[derive(Clone, Debug)]
pub struct Record {
    pub line: u64,
    pub account: Account,
    pub password_hash: Option<String>,
    pub placement: Option<Placement>,
}

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
            seen: HashSet::new(),
            addresses_verified: self.addresses_verified,
        })
    }
}

/// The records of a file, and what is wrong with the other lines.
pub struct Records<'a> {
    app: &'a App,
    now: Time,
    rows: Rows<Box<dyn Read + 'a>>,
    /// Digests of the addresses so far: of half a million, they take the room of a few pictures.
    seen: HashSet<[u8; 16]>,
    addresses_verified: bool,
}

impl Iterator for Records<'_> {
    type Item = Line<Record>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = self.rows.next()?;
        let record = row.and_then(|(line, row)| check(self.app, self.now, &mut self.seen, line, row));
        Some(record.map(|mut record| {
            record.account.email_verified = self.addresses_verified;
            record
        }))
    }
}

/// Returns all reasons why the line is refused, joined; the former platform did not ask for all that we do.
fn check(app: &App, now: Time, seen: &mut HashSet<[u8; 16]>, line: u64, row: Row) -> Line<Record> {
    let mut wrong: Vec<String> = Vec::new();
    let email = EmailAddress::parse(&row.email).ok();
    match &email {
        None => wrong.push(format!(
            "email: \"{}\" is not an e-mail address",
            row.email.escape_debug()
        )),
        Some(email) if !seen.insert(digest(email)) => {
            wrong.push("email: the address is in this file twice".into());
        }
        Some(_) => {}
    }
    let mut line_of_text = |name: &str, value: &str, longest: usize, needed: bool| {
        text::line(value, longest).unwrap_or_else(|why| {
            if needed || why != text::Refused::Empty {
                wrong.push(format!("{name}: {why}"));
            }
            String::new()
        })
    };
    // The first name is empty for a person with one name.
    let first_name = line_of_text("first_name", &row.first_name, NAME_LENGTH, false);
    let last_name = line_of_text("last_name", &row.last_name, NAME_LENGTH, true);
    let job_title = line_of_text("job_title", &row.job_title, JOB_TITLE_LENGTH, false);
    let title = choice(&mut wrong, "title", &row.title, Title::parse);
    let gender = choice(&mut wrong, "gender", &row.gender, Gender::parse);
    let role = choice(
        &mut wrong,
        "professional_role",
        &row.professional_role,
        ProfessionalRole::parse,
    );
    let language = choice(&mut wrong, "language", &row.language, Language::parse);
    let created_at = choice(&mut wrong, "created_at", &row.created_at, time).unwrap_or(now);
    let password_hash = (!row.password_hash.is_empty()).then_some(row.password_hash);
    let password_hash = password_hash.and_then(|it| match foreign_hash::store(app, &it) {
        Ok(stored) => Some(stored),
        Err(why) => {
            wrong.push(why.to_string());
            None
        }
    });
    let placement = placement(
        &mut wrong,
        &row.organization_id,
        row.affiliation_status,
        &row.ties_rights,
    );
    match email {
        Some(email) if wrong.is_empty() => Ok(Record {
            line,
            account: Account {
                id: AccountId::new(random::id()),
                sub: Subject::new(random::id()),
                email,
                // A code at the first login or a reset verifies the address, not the file, unless the operator says so.
                email_verified: false,
                profile: Profile {
                    first_name,
                    last_name,
                    title,
                    gender: gender.unwrap_or(Gender::Undisclosed),
                    job_title,
                    professional_role: role.unwrap_or(ProfessionalRole::Other),
                },
                role: Role::User,
                status: Status::Active,
                newsletter: false,
                language: language.unwrap_or(Language::En),
                terms_version: None,
                privacy_version: None,
                created_at,
                updated_at: now,
            },
            password_hash,
            placement,
        }),
        _ => Err(Problem {
            line,
            reason: wrong.join("; "),
        }),
    }
}

fn digest(email: &EmailAddress) -> [u8; 16] {
    let digest = Sha256::digest(email.unique_key().as_str());
    let mut short = [0; 16];
    short.copy_from_slice(&digest[..16]);
    short
}

fn choice<T>(
    wrong: &mut Vec<String>,
    name: &str,
    value: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> Option<T> {
    if value.is_empty() {
        return None;
    }
    let parsed = parse(value);
    if parsed.is_none() {
        wrong.push(format!(
            "{name}: \"{}\" is not one of its values",
            value.escape_debug()
        ));
    }
    parsed
}

fn time(value: &str) -> Option<Time> {
    let day = NaiveDate::parse_from_str(value, "%Y-%m-%d").ok();
    day.and_then(|it| it.and_hms_opt(0, 0, 0)).map(|it| it.and_utc())
}

fn placement(wrong: &mut Vec<String>, organization: &str, status: String, rights: &str) -> Option<Placement> {
    let ties_rights: Vec<String> = rights
        .split(';')
        .map(str::trim)
        .filter(|it| !it.is_empty())
        .map(str::to_owned)
        .collect();
    if organization.is_empty() {
        if !matches!(status.as_str(), "" | "none") || !ties_rights.is_empty() {
            wrong.push("organization_id: needed for affiliation_status and ties_rights".into());
        }
        return None;
    }
    Some(Placement {
        organization: OrganizationId::new(organization),
        status,
        ties_rights,
    })
}

/// Returns the records whose address has no account yet, and the lines of the others.
pub async fn split_existing(
    db: &impl ConnectionTrait,
    records: Vec<Record>,
) -> Result<(Vec<Record>, Vec<u64>)> {
    let mut taken = HashSet::new();
    for chunk in records.chunks(500) {
        let keys: Vec<_> = chunk.iter().map(|it| it.account.email.unique_key()).collect();
        taken.extend(accounts::list_taken(db, &keys).await?);
    }
    let (old, new): (Vec<_>, Vec<_>) = records
        .into_iter()
        .partition(|it| taken.contains(it.account.email.unique_key().as_str()));
    Ok((new, old.iter().map(|it| it.line).collect()))
}

/// Writes the accounts, many in a statement. They are invited once the operator says so (`invitations`).
pub async fn insert(tx: &Tx, records: &[Record]) -> Result<()> {
    for chunk in records.chunks(500) {
        let rows = chunk.iter().map(|record| NewAccount {
            account: record.account.clone(),
            password_hash: record.password_hash.clone(),
            terms_accepted_at: None,
            imported_at: Some(tx.now()),
        });
        accounts::insert_many(tx, rows.collect()).await?;
    }
    Ok(())
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
