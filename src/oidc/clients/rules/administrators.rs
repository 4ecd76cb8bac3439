//! What a client that registered itself does not change (security.md DR-2, AZ-14): what only administrators decide, and
//! what one of them has decided since.

use super::ciba;
use super::problem::Problems;
use crate::domain::client::{Metadata, RequestObjectAlg};
use crate::domain::scope;

/// What no client decides for itself (security.md DR-2, AZ-14).
pub(super) fn check(problems: &mut Problems, it: &Metadata, decided: &Metadata) {
    let ours =
        |value: &str| value.starts_with("itu_") || value == scope::ADMIN || value.starts_with("admin:");
    for (member, untouched) in [
        ("first_party", it.first_party == decided.first_party),
        ("grant_types", ciba::is_as_decided(it, decided)),
        ("client_name", ciba::is_named_as_decided(it, decided)),
        ("profile", it.profile == decided.profile),
        ("pkce", it.pkce == decided.pkce),
        ("id_token_claims", it.id_token_claims == decided.id_token_claims),
        (
            "access_token_format",
            it.access_token_format == decided.access_token_format,
        ),
        ("access_policy", it.access_policy == decided.access_policy),
        ("introspect_all", it.introspect_all == decided.introspect_all),
        ("resources", it.resources == decided.resources),
        (
            "authorization_details_types",
            it.authorization_details_types == decided.authorization_details_types,
        ),
        (
            "protected_resources",
            it.protected_resources == decided.protected_resources,
        ),
        (
            "scope",
            !it.scope.iter().any(|it| ours(it) && !decided.scope.contains(it)),
        ),
        (
            "request_object_signing_alg",
            it.request_object_signing_alg != Some(RequestObjectAlg::None)
                || decided.request_object_signing_alg == Some(RequestObjectAlg::None),
        ),
    ] {
        problems.unless(untouched, member, "is decided by an administrator");
    }
    let (new, old) = (serde_json::to_value(it), serde_json::to_value(decided));
    let (new, old) = (new.unwrap_or_default(), old.unwrap_or_default());
    for member in decided.administered.iter().filter(|it| *it != "scope") {
        problems.unless(
            new.get(member) == old.get(member),
            member,
            "is decided by an administrator",
        );
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::domain::client::Metadata;
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
        let decided = &Metadata::default();
        let itself = Registrar::Client { decided };
        assert!(wrong(64, Registrar::Administrator).is_empty() && wrong(16, itself).is_empty());
        assert_eq!(wrong(65, Registrar::Administrator), ["redirect_uris"]);
        assert_eq!(wrong(17, itself), ["redirect_uris"]);
    }
}
