//! A valid record of a file: the account that it makes, and where it places the person.

use crate::domain::OrganizationId;
use crate::domain::account::Account;

/// The place of the person in an organization, by the record; `affiliations` validates it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    pub organization: OrganizationId,
    /// As in the claim `affiliation_status`; empty: what the organization's type makes of it.
    pub status: String,
    pub ties_rights: Vec<String>,
}

/// A valid line.
#[derive(Clone, Debug)]
pub struct Record {
    pub line: u64,
    pub account: Account,
    /// The hash as the file has it.
    pub password_hash: Option<String>,
    pub placement: Option<Placement>,
}
