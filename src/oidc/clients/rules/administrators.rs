//! Refuses what a client must not change in its own metadata (security.md DR-2, AZ-14): values that only administrators
//! give, and members that one of them has changed. Settings of administrators are out of its reach by their type.

use super::ciba;
use super::problem::Problems;
use crate::domain::client::{Definition, Metadata, RequestObjectAlg};
use crate::domain::scope;

const REASON: &str = "is decided by an administrator";

pub(super) fn check(problems: &mut Problems, metadata: &Metadata, decided: &Definition) {
    let before = &decided.metadata;
    let (values, prefixes) = (
        [scope::ADMIN, scope::SCIM],
        ["itu_", "admin:", "ssf.", "scim:", "grant_management_"],
    );
    let ours = |value: &str| values.contains(&value) || prefixes.iter().any(|it| value.starts_with(it));
    for (member, untouched) in [
        ("grant_types", ciba::is_as_decided(metadata, before)),
        ("client_name", ciba::is_named_as_decided(metadata, before)),
        (
            "scope",
            !metadata
                .scope
                .iter()
                .any(|it| ours(it) && !before.scope.contains(it)),
        ),
        (
            "request_object_signing_alg",
            metadata.request_object_signing_alg != Some(RequestObjectAlg::None)
                || before.request_object_signing_alg == Some(RequestObjectAlg::None),
        ),
    ] {
        problems.unless(untouched, member, REASON);
    }
    let (new, old) = (serde_json::to_value(metadata), serde_json::to_value(before));
    let (new, old) = (new.unwrap_or_default(), old.unwrap_or_default());
    let administered = &decided.settings.administered;
    for member in administered.iter().filter(|it| *it != "scope") {
        problems.unless(new.get(member) == old.get(member), member, REASON);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::domain::client::Definition;
    use crate::oidc::clients::rules::{Registrar, wrong_members};

    #[test]
    fn a_client_of_an_administrator_has_more_addresses() {
        // DR-2
        let wrong = |number: usize, by: Registrar<'_>| {
            let many: Vec<_> = (0..number)
                .map(|it| format!("https://a.example/cb/{it}"))
                .collect();
            let metadata = json!({"client_name": "A", "redirect_uris": many});
            wrong_members(metadata, &json!({}), by)
        };
        let decided = &Definition::default();
        let itself = Registrar::Client { decided };
        assert!(wrong(64, Registrar::Administrator).is_empty() && wrong(16, itself).is_empty());
        assert_eq!(wrong(65, Registrar::Administrator), ["redirect_uris"]);
        assert_eq!(wrong(17, itself), ["redirect_uris"]);
    }
}
