//! All operations of the REST API, in the order of the document.

use super::operation::Operation;
use super::{
    accounts, affiliations, audit, client_mends, client_owners, client_previews, client_usage, clients,
    mails, newsletter, offices, organization_history, organizations, organizations_import, overview,
    proposals, receivers, revocations, signing_keys, terms,
};

/// Returns every operation.
pub fn all() -> impl Iterator<Item = &'static Operation> {
    [
        accounts::OPERATIONS,
        newsletter::OPERATIONS,
        clients::OPERATIONS,
        client_owners::OPERATIONS,
        client_usage::OPERATIONS,
        client_mends::OPERATIONS,
        client_previews::OPERATIONS,
        receivers::OPERATIONS,
        organizations::OPERATIONS,
        organizations_import::OPERATIONS,
        offices::OPERATIONS,
        organization_history::OPERATIONS,
        proposals::OPERATIONS,
        affiliations::OPERATIONS,
        overview::OPERATIONS,
        audit::OPERATIONS,
        revocations::OPERATIONS,
        signing_keys::OPERATIONS,
        mails::OPERATIONS,
        terms::OPERATIONS,
    ]
    .into_iter()
    .flatten()
}
