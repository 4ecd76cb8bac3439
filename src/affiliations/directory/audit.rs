//! An organization in the audit trail.

use serde_json::{Value, json};

use crate::domain::OrganizationId;
use crate::domain::organization::Organization;

/// Names the organization.
pub fn object(id: &OrganizationId) -> String {
    format!("organization:{id}")
}

/// Describes the organization. It is no person, so its data may stand there (security.md LG-1).
pub fn state(it: &Organization) -> Value {
    json!({
        "name": it.name,
        "acronym": it.acronym,
        "membership_type": it.membership_type,
        "category": it.category,
        "sectors": it.sectors,
        "member_state": it.country,
        "website": it.website,
        "status": it.status,
        "valid_from": it.valid_from,
        "valid_until": it.valid_until,
        "email_domains": it.email_domains,
        "merged_into": it.merged_into,
    })
}
