//! Checks the texts that a client registers: the name that people see, contacts, classes of authentication.

use super::links::MOST_URIS;
use super::problem::Problems;
use super::registrar::Registrar;
use crate::domain::client::{GrantType, LONGEST_NAME, Metadata};
use crate::domain::text;

pub(super) fn check(problems: &mut Problems, metadata: &Metadata, by: Registrar<'_>) {
    let away = [GrantType::DeviceCode, GrantType::Ciba];
    let is_met = metadata.uses_redirects() || away.iter().any(|grant| metadata.grant_types.contains(grant));
    match &metadata.client_name {
        // OpenID Connect Dynamic Client Registration §2: a name is optional; without one, people see the identifier.
        None if is_met && by.is_administrator() => {
            problems.add("client_name", "is missing; people are told it")
        }
        None => {}
        Some(name) => match text::line(name, LONGEST_NAME) {
            Ok(folded) => problems.unless(
                folded == *name,
                "client_name",
                "is not in the form that people are shown",
            ),
            // DR-5: the problem names the character and its place.
            Err(refused) => problems.add(
                "client_name",
                format!(
                    "{refused}; metadata has 1 to {LONGEST_NAME} letters, \
                 digits, spaces and common punctuation, each word in one script"
                ),
            ),
        },
    }
    let contacts = metadata.contacts.len() <= MOST_URIS && metadata.contacts.iter().all(|it| it.len() <= 254);
    problems.unless(contacts, "contacts", "are 16 at most, of 254 characters at most");
    let default_acr = metadata.default_acr_values.len() <= 8
        && metadata.default_acr_values.iter().all(|it| it.len() <= 254);
    problems.unless(
        default_acr,
        "default_acr_values",
        "are 8 at most, of 254 characters at most",
    );
}
