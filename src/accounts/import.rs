//! Accounts from the former platform, and the export that can be imported again: CSV or JSON Lines with
//! the columns of contract.md. Records are read and checked whole, with the line of everything that is
//! wrong; where a record places a person is data for `affiliations`, which composes the import.

mod rows;

use std::collections::HashSet;

use chrono::NaiveDate;
use sea_orm::ConnectionTrait;

pub use rows::{COLUMNS, Format, Row};
use rows::{Line, read_csv, read_json_lines};

use super::Result;
use crate::app::App;
use crate::domain::account::{Account, EmailAddress, Status};
use crate::domain::profile::{
    Gender, JOB_TITLE_LENGTH, Language, NAME_LENGTH, ProfessionalRole, Profile, Title,
};
use crate::domain::role::Role;
use crate::domain::text;
use crate::domain::{AccountId, OrganizationId, Subject, Time};
use crate::random;
use crate::storage::accounts::{self, NewAccount};
use crate::tables;
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

/// Every record, and everything that is wrong.
#[derive(Debug, Default)]
pub struct Read {
    pub records: Vec<Record>,
    pub problems: Vec<Problem>,
}

impl Read {
    /// Takes the addresses as verified by the former platform, as the operator says: nobody is asked for a code.
    pub fn with_verified_addresses(mut self) -> Self {
        for record in &mut self.records {
            record.account.email_verified = true;
        }
        self
    }
}

pub fn read(app: &App, format: Format, bytes: &[u8]) -> Read {
    let mut read = Read::default();
    let text = match tables::text(bytes) {
        Ok(text) => text,
        Err(problem) => {
            read.problems.push(problem);
            return read;
        }
    };
    let rows = match format {
        Format::Csv => read_csv(text),
        Format::JsonLines => read_json_lines(text),
    };
    let now = app.clock.now();
    let mut seen = HashSet::new();
    for row in rows {
        match row.and_then(|(line, row)| check(app, now, &mut seen, line, row)) {
            Ok(record) => read.records.push(record),
            Err(problem) => read.problems.push(problem),
        }
    }
    read
}

/// Returns all reasons why the line is refused, joined; the former platform did not ask for all that we do.
fn check(app: &App, now: Time, seen: &mut HashSet<String>, line: u64, row: Row) -> Line<Record> {
    let mut wrong: Vec<String> = Vec::new();
    let email = EmailAddress::parse(&row.email).ok();
    match &email {
        None => wrong.push(format!(
            "email: \"{}\" is not an e-mail address",
            row.email.escape_debug()
        )),
        Some(email) if !seen.insert(email.unique_key().as_str().to_owned()) => {
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
    if let Some(Err(why)) = password_hash.as_deref().map(|it| app.passwords.inspect(it)) {
        wrong.push(why.to_string());
    }
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
                // A code at the first login or a reset verifies the address, not the file: see
                // `with_verified_addresses`.
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

/// Writes the accounts, many in a statement.
pub async fn insert(tx: &impl ConnectionTrait, records: &[Record]) -> Result<()> {
    for chunk in records.chunks(500) {
        let rows = chunk.iter().map(|record| NewAccount {
            account: record.account.clone(),
            password_hash: record.password_hash.clone(),
            terms_accepted_at: None,
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
