//! The names of the files of a deployment (contract.md).

use std::collections::BTreeMap;

use crate::domain::document::DocumentKind;

pub(super) const CLIENTS: &str = "clients.json";
pub(super) const ORGANIZATIONS: &str = "organizations.csv";
pub(super) const MEMBERSHIP_TYPES: &str = "membership-types.json";
pub(super) const RIGHTS: &str = "rights.json";
pub(super) const POLICY: &str = "policy.toml";

const NAMES: [&str; 5] = [CLIENTS, ORGANIZATIONS, MEMBERSHIP_TYPES, RIGHTS, POLICY];

/// The files by name: `clients.json`, `terms/2026-01/en.md`.
pub type Files = BTreeMap<String, Vec<u8>>;

/// Returns whether a file of the directory is part of a deployment; `None`: its name is neither that of one nor of anything
/// else that may be there, so that no mistyped name goes unread.
pub fn is_part(name: &str) -> Option<bool> {
    if NAMES.contains(&name) || is_document(name) {
        return Some(true);
    }
    let is_top = !name.contains('/');
    let looks_like_one = [".json", ".csv", ".toml"].iter().any(|it| name.ends_with(it));
    (!(is_top && looks_like_one)).then_some(false)
}

/// Returns `true` for `<terms|privacy>/<version>/<language>.md`.
pub(super) fn is_document(name: &str) -> bool {
    let parts: Vec<&str> = name.split('/').collect();
    let [kind, _, file] = parts[..] else {
        return false;
    };
    DocumentKind::ALL.iter().any(|it| it.as_str() == kind) && file.ends_with(".md")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_name_is_noticed() {
        for (name, expected) in [
            ("clients.json", Some(true)),
            ("terms/2026-01/en.md", Some(true)),
            ("client.json", None),
            ("organisations.csv", None),
            ("README.md", Some(false)),
            ("secrets/events", Some(false)),
            ("terms/README.md", Some(false)),
            ("ci/settings.json", Some(false)),
        ] {
            assert_eq!(is_part(name), expected, "{name}");
        }
    }
}
