//! An organization in the audit trail.

use serde_json::{Value, json};

use crate::domain::OrganizationId;
use crate::domain::organization::Organization;

/// Names the organization.
pub fn object(id: &OrganizationId) -> String {
    format!("organization:{id}")
}

/// Describes the organization. It is no person, so its data may stand there (security.md LG-1).
pub fn state(organization: &Organization) -> Value {
    json!({
        "name": organization.name,
        "acronym": organization.acronym,
        "membership_type": organization.membership_type,
        "category": organization.category,
        "sectors": organization.sectors,
        "member_state": organization.country,
        "website": organization.website,
        "status": organization.status,
        "valid_from": organization.valid_from,
        "valid_until": organization.valid_until,
        "email_domains": organization.email_domains,
        "merged_into": organization.merged_into,
    })
}
