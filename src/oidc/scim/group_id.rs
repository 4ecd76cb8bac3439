//! The ids of groups: an organization's own, and a name that no organization can have for a right.

/// The beginning of the id of a right's group; the id of an organization has no colon (contract.md).
const RIGHT: &str = "ties:";

pub fn of_right(right: &str) -> String {
    format!("{RIGHT}{right}")
}

/// Returns the right whose group has this id.
pub fn right_of(id: &str) -> Option<&str> {
    id.strip_prefix(RIGHT)
}
