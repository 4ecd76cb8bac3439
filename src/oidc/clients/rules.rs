//! Checks what a client is registered with (RFC 7591 §2, OpenID Connect Dynamic Client Registration §2; security.md
//! AZ-3 to AZ-5, AZ-14, DR-2, DR-4, JW-6). Each subject of the specifications has a file, which `check` calls. It
//! reports every problem, not only the first. Nothing here reads or writes a client.

mod access_policy;
mod administrators;
mod authentication;
mod certificates;
mod ciba;
mod encryption;
mod fapi;
mod grants;
mod identifier;
mod links;
mod logout;
mod owners;
mod problem;
mod redirect_uris;
mod registrar;
mod remote;
mod requests;
mod resources;
mod sector;
mod texts;

use problem::Problems;

use registrar::Registrar;

use crate::domain::ClientId;
use crate::domain::client::{Definition, Metadata};

pub use owners::{check_of_owner, is_for_administrators};
pub use problem::Problem;
pub use remote::check_remote;

const MOST_BYTES: usize = 16 * 1024;
/// The most bytes of an administrator's definition: room for 64 redirect URIs and as many for logouts, each as long as
/// it may be.
const MOST_BYTES_OF_ADMINISTRATORS: usize = 96 * 1024;

/// Checks what an administrator registers of a client.
pub fn check_definition(id: &ClientId, definition: &Definition) -> Result<(), Vec<Problem>> {
    check(id, definition, Registrar::Administrator)
}

/// Checks what a client registers of itself, beside what administrators have decided about it.
pub fn check_metadata(id: &ClientId, metadata: &Metadata, decided: &Definition) -> Result<(), Vec<Problem>> {
    let definition = Definition {
        metadata: metadata.clone(),
        settings: decided.settings.clone(),
    };
    check(id, &definition, Registrar::Client { decided })
}

fn check(id: &ClientId, definition: &Definition, by: Registrar<'_>) -> Result<(), Vec<Problem>> {
    let (metadata, settings) = (&definition.metadata, &definition.settings);
    let mut problems = Problems::default();
    identifier::check(&mut problems, id);
    texts::check(&mut problems, metadata, by);
    links::check(&mut problems, metadata, by);
    redirect_uris::check(&mut problems, metadata, by);
    grants::check(&mut problems, metadata);
    authentication::check(&mut problems, definition);
    certificates::check(&mut problems, metadata);
    requests::check(&mut problems, metadata);
    encryption::check(&mut problems, metadata);
    logout::check(&mut problems, metadata, by);
    resources::check(&mut problems, settings);
    ciba::check(&mut problems, definition);
    sector::check(&mut problems, metadata);
    access_policy::check(&mut problems, settings);
    if settings.profile.is_fapi() {
        fapi::check(&mut problems, definition);
    }
    if let Registrar::Client { decided } = by {
        administrators::check(&mut problems, metadata, decided);
    }
    let size = serde_json::to_vec(definition).map_or(usize::MAX, |json| json.len());
    let most = match by {
        Registrar::Client { decided } if decided.settings.administered.is_empty() => MOST_BYTES,
        _ => MOST_BYTES_OF_ADMINISTRATORS,
    };
    problems.unless(
        size <= most,
        "metadata",
        &format!("is larger than {} KiB", most / 1024),
    );
    problems.into_result()
}

/// Returns the members that are wrong in this metadata with these changes, for tests. `null` leaves a member out.
#[cfg(test)]
fn wrong_members(
    mut metadata: serde_json::Value,
    changes: &serde_json::Value,
    by: Registrar<'_>,
) -> Vec<String> {
    for (name, value) in changes.as_object().expect("an object") {
        metadata[name] = value.clone();
    }
    let members = metadata.as_object_mut().expect("an object");
    members.retain(|_, it| !it.is_null());
    let definition = serde_json::from_value(metadata).expect("a definition");
    let found = check_by(&ClientId::new("bank"), &definition, by).err();
    found
        .unwrap_or_default()
        .into_iter()
        .map(|it| it.member)
        .collect()
}

/// Checks a definition as whoever registers the client has it checked, for tests.
#[cfg(test)]
fn check_by(id: &ClientId, definition: &Definition, by: Registrar<'_>) -> Result<(), Vec<Problem>> {
    match by {
        Registrar::Administrator => check_definition(id, definition),
        Registrar::Client { decided } => check_metadata(id, &definition.metadata, decided),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::client::AdministratorSettings;
    use crate::oidc::clients::metadata_of_client;

    fn problems(id: &str, metadata: serde_json::Value, by: Registrar<'_>) -> Vec<String> {
        let definition = serde_json::from_value(metadata).expect("a definition");
        let found = check_by(&ClientId::new(id), &definition, by)
            .err()
            .unwrap_or_default();
        found.into_iter().map(|it| it.member).collect()
    }

    fn good() -> serde_json::Value {
        serde_json::json!({"client_name": "ITU Events", "redirect_uris": ["https://events.example/cb"],
            "scope": "openid itu_membership"})
    }

    fn with(member: &str, value: serde_json::Value) -> serde_json::Value {
        let mut document = good();
        document[member] = value;
        document
    }

    #[test]
    fn each_fault_is_named_by_its_member() {
        assert!(problems("events", good(), Registrar::Administrator).is_empty());
        for (member, value) in [
            ("client_name", serde_json::json!("E\u{202e}stnev")),
            ("client_name", serde_json::json!("P\u{430}ypal")), // DR-5: one script a word
            ("client_uri", serde_json::json!("http://events.example")),
            ("logo_uri", serde_json::json!("http://localhost/logo.png")),
            ("redirect_uris", serde_json::json!([])),
            ("redirect_uris", serde_json::json!(["https://a.example/#x"])),
            (
                "redirect_uris",
                serde_json::json!(["https://a.example/", "https://a.example/"]),
            ),
            (
                "post_logout_redirect_uris",
                serde_json::json!(["http://a.example/"]),
            ),
            ("response_types", serde_json::json!(["token", "code"])),
            ("response_types", serde_json::json!([])),
            ("response_types", serde_json::json!(["id_token"])),
            ("grant_types", serde_json::json!([])),
            (
                "grant_types",
                serde_json::json!(["client_credentials", "refresh_token"]),
            ),
            ("scope", serde_json::json!("openid offline_access")),
            ("scope", serde_json::json!("")),
            ("jwks", serde_json::json!({"keys": "x"})),
            ("jwks", serde_json::json!(null)),
            (
                "request_uris",
                serde_json::json!(["http://events.example/request.jwt"]),
            ),
            ("request_object_signing_alg", serde_json::json!("none")),
            (
                "sector_identifier_uri",
                serde_json::json!("http://events.example/s"),
            ),
            ("access_policy.ties_rights", serde_json::json!(null)),
        ] {
            let value = match member {
                "jwks" if value.is_null() => with("request_object_signing_alg", "ES256".into()),
                "request_object_signing_alg" => {
                    let mut metadata = with(member, value);
                    metadata["require_signed_request_object"] = true.into();
                    metadata
                }
                "access_policy.ties_rights" => {
                    with("access_policy", serde_json::json!({"ties_rights": [""]}))
                }
                _ => with(member, value),
            };
            let found = problems("events", value.clone(), Registrar::Administrator);
            assert!(found.iter().any(|it| it == member), "{member} {value}: {found:?}");
        }
    }

    #[test]
    fn an_identifier_is_never_a_persons() {
        for id in ["", "a b", "a/b", &"a".repeat(65), &"a".repeat(22)] {
            assert_eq!(
                problems(id, good(), Registrar::Administrator),
                ["client_id"],
                "{id}"
            ); // TK-12
        }
    }

    #[test]
    fn keys_come_with_the_method_that_needs_them() {
        let metadata = with("token_endpoint_auth_method", serde_json::json!("private_key_jwt"));
        assert_eq!(problems("events", metadata, Registrar::Administrator), ["jwks"]);
        let ed25519 = |more: serde_json::Value| {
            let mut key = serde_json::json!({"kty": "OKP", "crv": "Ed25519",
                "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
            for (name, value) in more.as_object().expect("an object") {
                key[name] = value.clone();
            }
            let mut metadata = with("token_endpoint_auth_method", serde_json::json!("private_key_jwt"));
            metadata["jwks"] = serde_json::json!({"keys": [key]});
            metadata
        };
        let good = ed25519(serde_json::json!({}));
        assert!(problems("events", good.clone(), Registrar::Administrator).is_empty());
        let mut by_rsa = good;
        by_rsa["token_endpoint_auth_signing_alg"] = "RS256".into();
        for metadata in [
            by_rsa,
            ed25519(serde_json::json!({"use": "enc"})),
            ed25519(serde_json::json!({"alg": "ES256"})),
            ed25519(serde_json::json!({"crv": "X25519"})),
            ed25519(serde_json::json!({"d": "x"})),
            ed25519(serde_json::json!({"x": "11qY"})),
        ] {
            assert_eq!(
                problems("events", metadata.clone(), Registrar::Administrator),
                ["jwks"],
                "{metadata}"
            ); // JW-6
        }
        let metadata = with("token_endpoint_auth_signing_alg", serde_json::json!("RS256"));
        assert_eq!(
            problems("events", metadata, Registrar::Administrator),
            ["token_endpoint_auth_signing_alg"]
        );
    }

    #[test]
    fn a_client_decides_nothing_that_is_ours() {
        let decided = &Definition::default();
        let client = Registrar::Client { decided };
        assert_eq!(problems("events", good(), client), ["scope"]); // AZ-14
        let metadata = serde_json::json!({"client_name": "A", "redirect_uris": ["http://localhost/cb"], "first_party": true,
            "pkce": "required", "id_token_claims": "scopes", "profile": "fapi2", "access_policy": {"affiliation": "approved"}});
        assert_eq!(problems("events", metadata.clone(), client), ["redirect_uris"]); // DR-2, AZ-3
        // DR-2: the metadata that a client brings has no member for the rest.
        let said = metadata.as_object().expect("an object");
        let metadata = metadata_of_client(said, decided).expect("metadata");
        let read = serde_json::to_value(metadata).expect("JSON");
        for member in AdministratorSettings::MEMBERS {
            assert!(!Metadata::MEMBERS.contains(member), "{member}"); // DR-2
            assert!(read.get(member).is_none(), "{member}");
        }
    }
}
