//! Validates one row of a file, and says everything that is wrong with it. The former platform did not ask for all that
//! we do, so that much may be empty. Where the row places a person is validated by `affiliations`.

use std::collections::HashSet;

use chrono::NaiveDate;
use sha2::{Digest, Sha256};

use super::record::{Placement, Record};
use super::rows::Row;
use crate::accounts::foreign_hash;
use crate::app::App;
use crate::domain::account::{Account, EmailAddress, Status};
use crate::domain::profile::{
    Gender, JOB_TITLE_LENGTH, Language, NAME_LENGTH, ProfessionalRole, Profile, Title,
};
use crate::domain::role::Role;
use crate::domain::text;
use crate::domain::{AccountId, OrganizationId, Subject, Time};
use crate::random;

/// The addresses so far, by their digests: half a million take the room of a few pictures.
pub(super) type Seen = HashSet<[u8; 16]>;

/// Returns the record of a row, or all reasons why it is refused, joined.
pub(super) fn validate(
    app: &App,
    now: Time,
    seen: &mut Seen,
    line: u64,
    row: Row,
) -> std::result::Result<Record, String> {
    let mut wrong = Vec::new();
    let email = address(&mut wrong, seen, &row.email);
    let profile = profile(&mut wrong, &row);
    let language = choice(&mut wrong, "language", &row.language, Language::parse);
    let created_at = choice(&mut wrong, "created_at", &row.created_at, day).unwrap_or(now);
    let password_hash = (!row.password_hash.is_empty()).then_some(row.password_hash);
    if let Some(Err(why)) = password_hash.as_deref().map(|it| foreign_hash::inspect(app, it)) {
        wrong.push(why.to_string());
    }
    let placement = placement(
        &mut wrong,
        &row.organization_id,
        row.affiliation_status,
        &row.ties_rights,
    );
    let email = email.filter(|_| wrong.is_empty());
    let email = email.ok_or_else(|| wrong.join("; "))?;
    Ok(Record {
        line,
        account: Account {
            id: AccountId::new(random::id()),
            sub: Subject::new(random::id()),
            email,
            // A code at the first login or a reset verifies the address, not the file, unless the operator says so.
            email_verified: false,
            profile,
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
    })
}

fn address(wrong: &mut Vec<String>, seen: &mut Seen, value: &str) -> Option<EmailAddress> {
    let email = EmailAddress::parse(value).ok();
    match &email {
        None => wrong.push(format!(
            "email: \"{}\" is not an e-mail address",
            value.escape_debug()
        )),
        Some(email) if !seen.insert(digest(email)) => {
            wrong.push("email: the address is in this file twice".into());
        }
        Some(_) => {}
    }
    email
}

fn digest(email: &EmailAddress) -> [u8; 16] {
    let digest = Sha256::digest(email.unique_key().as_str());
    let mut short = [0; 16];
    short.copy_from_slice(&digest[..16]);
    short
}

fn profile(wrong: &mut Vec<String>, row: &Row) -> Profile {
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
    let title = choice(wrong, "title", &row.title, Title::parse);
    let gender = choice(wrong, "gender", &row.gender, Gender::parse);
    let role = choice(
        wrong,
        "professional_role",
        &row.professional_role,
        ProfessionalRole::parse,
    );
    Profile {
        first_name,
        last_name,
        title,
        gender: gender.unwrap_or(Gender::Undisclosed),
        job_title,
        professional_role: role.unwrap_or(ProfessionalRole::Other),
    }
}

/// Reads a value from those that there are, if there is one.
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

fn day(value: &str) -> Option<Time> {
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
