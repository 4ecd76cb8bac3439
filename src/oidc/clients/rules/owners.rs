//! Refuses what an owner must not change of a client (security.md AD-8): what gives it more than administrators gave it, a
//! name that is not its own, and what makes it weaker. The rules of every registration hold beside these.

use super::problem::{Problem, Problems};
use crate::domain::client::{
    AdministratorSettings, AuthMethod, Definition, Metadata, Pkce, RequestObjectAlg, ResponseType,
    SubjectType,
};
use crate::domain::reserved_name::ReservedNames;

const REASON: &str = "is decided by an administrator";

/// The subjects of people in the tokens of the client: others would tell it whom services have in common.
const SUBJECTS: [&str; 2] = ["subject_type", "sector_identifier_uri"];

/// Returns `true` if an owner never changes this member.
pub fn is_for_administrators(member: &str) -> bool {
    // An owner may demand PKCE, and not give it up again.
    let is_setting = AdministratorSettings::MEMBERS.contains(&member) && member != "pkce";
    is_setting || SUBJECTS.contains(&member)
}

/// Checks what an owner makes of a client.
pub fn check_of_owner(
    before: &Definition,
    after: &Definition,
    reserved: &ReservedNames,
) -> Result<(), Vec<Problem>> {
    let mut problems = Problems::default();
    let (old, new) = (before.members(), after.members());
    let known = Metadata::MEMBERS.iter().chain(AdministratorSettings::MEMBERS);
    for member in known.filter(|it| is_for_administrators(it) && **it != "administered") {
        problems.unless(old.get(*member) == new.get(*member), member, REASON);
    }
    extended(&mut problems, before, after);
    weakened(&mut problems, before, after);
    let (old, new) = (&before.metadata.client_name, &after.metadata.client_name);
    let is_reserved = old != new && new.as_ref().is_some_and(|it| reserved.are_passed_for_by(it));
    problems.unless(
        !is_reserved,
        "client_name",
        "is reserved for administrators to give",
    );
    problems.into_result()
}

fn extended(problems: &mut Problems, before: &Definition, after: &Definition) {
    let (old, new) = (&before.metadata, &after.metadata);
    problems.unless(
        new.scope.is_within(&old.scope),
        "scope",
        "has a value that an administrator has not registered",
    );
    problems.unless(
        new.grant_types.iter().all(|it| old.grant_types.contains(it)),
        "grant_types",
        "has one that an administrator has not registered",
    );
    let is_known = |it: &ResponseType| *it == ResponseType::CODE || old.response_types.contains(it);
    problems.unless(
        new.response_types.iter().all(is_known),
        "response_types",
        "has one that an administrator has not registered",
    );
    problems.unless(
        new.subject_type != SubjectType::Pairwise || new.sector() == old.sector(),
        "redirect_uris",
        "has another host; the pairwise subjects of people would be others",
    );
}

fn weakened(problems: &mut Problems, before: &Definition, after: &Definition) {
    let (old, new) = (&before.metadata, &after.metadata);
    let (none, unsigned) = (Some(AuthMethod::None), Some(RequestObjectAlg::None));
    for (member, holds) in [
        (
            "pkce",
            before.settings.pkce == after.settings.pkce || after.settings.pkce == Pkce::Required,
        ),
        (
            "token_endpoint_auth_method",
            new.token_endpoint_auth_method != none || old.token_endpoint_auth_method == none,
        ),
        (
            "request_object_signing_alg",
            new.request_object_signing_alg != unsigned || old.request_object_signing_alg == unsigned,
        ),
        (
            "dpop_bound_access_tokens",
            new.dpop_bound_access_tokens || !old.dpop_bound_access_tokens,
        ),
        (
            "tls_client_certificate_bound_access_tokens",
            new.tls_client_certificate_bound_access_tokens || !old.tls_client_certificate_bound_access_tokens,
        ),
        (
            "require_pushed_authorization_requests",
            new.require_pushed_authorization_requests || !old.require_pushed_authorization_requests,
        ),
        (
            "require_signed_request_object",
            new.require_signed_request_object || !old.require_signed_request_object,
        ),
    ] {
        problems.unless(holds, member, "is made weaker by administrators alone");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn definition(document: Value) -> Definition {
        serde_json::from_value(document).expect("a definition")
    }

    fn registered() -> Value {
        json!({"client_name": "Bookshop", "redirect_uris": ["https://shop.example/cb"],
            "scope": "openid email itu_membership", "grant_types": ["authorization_code", "refresh_token"],
            "subject_type": "pairwise", "dpop_bound_access_tokens": true,
            "require_pushed_authorization_requests": true, "require_signed_request_object": true,
            "tls_client_certificate_bound_access_tokens": true, "pkce": "required",
            "access_policy": {"affiliation": "approved"}, "administered": ["pkce"]})
    }

    fn refused(changes: Value) -> Vec<String> {
        let mut changed = registered();
        for (name, value) in changes.as_object().expect("an object") {
            changed[name] = value.clone();
        }
        let reserved = ReservedNames::new(["ITU Events"].into_iter());
        let found = check_of_owner(&definition(registered()), &definition(changed), &reserved);
        let found = found.err().unwrap_or_default();
        found.into_iter().map(|it| it.member).collect()
    }

    #[test]
    fn an_owner_extends_nothing() {
        // AD-8
        for (member, value) in [
            ("scope", json!("openid email itu_membership profile")),
            ("scope", json!("openid admin:clients")),
            ("scope", json!("openid itu_professional")),
            ("grant_types", json!(["authorization_code", "client_credentials"])),
            ("response_types", json!(["code", "code id_token"])),
            ("first_party", json!(true)),
            ("profile", json!("fapi2")),
            ("id_token_claims", json!("scopes")),
            ("access_token_format", json!("jwt")),
            ("access_policy", json!({})),
            ("introspect_all", json!(true)),
            ("resources", json!(["https://api.example"])),
            ("authorization_details_types", json!(["payment"])),
            ("protected_resources", json!(["https://api.example"])),
            ("subject_type", json!("public")),
            ("sector_identifier_uri", json!("https://shop.example/sector.json")),
            ("redirect_uris", json!(["https://other.example/cb"])),
            ("client_name", json!("ITU Events")),
            ("client_name", json!("ITU")),
            ("pkce", json!("optional")),
            ("token_endpoint_auth_method", json!("none")),
            ("request_object_signing_alg", json!("none")),
            ("dpop_bound_access_tokens", json!(false)),
            ("tls_client_certificate_bound_access_tokens", json!(false)),
            ("require_pushed_authorization_requests", json!(false)),
            ("require_signed_request_object", json!(false)),
        ] {
            let found = refused(json!({ (member): value }));
            assert!(found.iter().any(|it| it == member), "{member}: {found:?}");
        }
    }

    #[test]
    fn the_rest_is_for_the_owner() {
        for changes in [
            json!({}),
            json!({"scope": "openid"}),
            json!({"grant_types": ["authorization_code"]}),
            json!({"client_name": "Books", "logo_uri": "https://shop.example/logo.png"}),
            json!({"redirect_uris": ["https://shop.example/cb", "https://shop.example/callback"]}),
            json!({"backchannel_logout_uri": "https://shop.example/out", "contacts": ["a@shop.example"]}),
            json!({"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://shop.example/keys"}),
            json!({"administered": ["pkce", "scope"]}),
        ] {
            assert!(refused(changes.clone()).is_empty(), "{changes}");
        }
        let mut lax = registered();
        lax["pkce"] = json!("optional");
        let none = ReservedNames::new(std::iter::empty());
        assert!(check_of_owner(&definition(lax), &definition(registered()), &none).is_ok());
    }
}
