//! What metadata a client may be registered with (RFC 7591 §2, OpenID Connect Dynamic Client
//! Registration §2; security.md AZ-3 to AZ-5, AZ-14, DR-2, DR-4, JW-6). Every problem is told, not
//! only the first.

use std::fmt;

use url::Url;

use super::{
    administrators_rules, authentication_rules, certificate_rules, ciba_rules, encryption, fapi,
    logout_rules, redirects, request_rules, resource_rules,
};
use crate::domain::client::{
    ApplicationType, AuthMethod, GrantType, LONGEST_NAME, Metadata, Registrant, ResponseType, SubjectType,
    check_redirect_uri,
};
use crate::domain::{ClientId, scope, text};

pub(super) const MOST_URIS: usize = 16;
/// Redirect URIs of a client of an administrator's: one service may have an address for each of its sites.
const MOST_URIS_OF_ADMINISTRATORS: usize = 64;
const MOST_BYTES: usize = 16 * 1024;
/// So many redirect URIs, and as many for logouts, each as long as it may be.
const MOST_BYTES_OF_ADMINISTRATORS: usize = 96 * 1024;
/// `sub` is 128 random bits in base64url.
const LENGTH_OF_SUB: usize = 22;

/// A member of the metadata and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub member: String,
    pub reason: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.member, self.reason)
    }
}

#[derive(Default)]
pub(super) struct Problems(pub(super) Vec<Problem>);

impl Problems {
    pub(super) fn add(&mut self, member: &str, reason: impl Into<String>) {
        self.0.push(Problem {
            member: member.to_owned(),
            reason: reason.into(),
        });
    }

    pub(super) fn unless(&mut self, holds: bool, member: &str, reason: &str) {
        if !holds {
            self.add(member, reason);
        }
    }
}

/// Who wants a client to be so.
#[derive(Clone, Copy, Debug)]
pub enum Registrar<'a> {
    Administrator,
    /// The client itself, which leaves what administrators have decided about it as it is.
    Client {
        decided: &'a Metadata,
    },
}

impl Registrar<'_> {
    pub(super) fn is_administrator(self) -> bool {
        matches!(self, Self::Administrator)
    }
}

pub fn check(id: &ClientId, it: &Metadata, by: Registrar<'_>) -> Result<(), Vec<Problem>> {
    let mut problems = Problems::default();
    identifier(&mut problems, id);
    texts(&mut problems, it, by);
    links(&mut problems, it, by);
    redirect_uris(&mut problems, it, by);
    grants(&mut problems, it);
    authentication_rules::check(&mut problems, it);
    certificate_rules::check(&mut problems, it);
    request_rules::check(&mut problems, it);
    encryption::check(&mut problems, it);
    logout_rules::check(&mut problems, it, by);
    resource_rules::check(&mut problems, it);
    ciba_rules::check(&mut problems, it);
    decided(&mut problems, it);
    if it.profile.is_fapi() {
        fapi::check(&mut problems, it);
    }
    if let Registrar::Client { decided } = by {
        administrators_rules::check(&mut problems, it, decided);
    }
    let size = serde_json::to_vec(it).map_or(usize::MAX, |json| json.len());
    let most = match by {
        Registrar::Client { decided } if decided.administered.is_empty() => MOST_BYTES,
        _ => MOST_BYTES_OF_ADMINISTRATORS,
    };
    problems.unless(
        size <= most,
        "metadata",
        &format!("is larger than {} KiB", most / 1024),
    );
    match problems.0.is_empty() {
        true => Ok(()),
        false => Err(problems.0),
    }
}

fn identifier(problems: &mut Problems, id: &ClientId) {
    let id = id.as_str();
    let plain = id
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    problems.unless(
        plain && (1..=64).contains(&id.len()),
        "client_id",
        "is 1 to 64 letters, digits, hyphens, underscores and dots",
    );
    // Security.md TK-12: no identifier of a client can be one of a person.
    problems.unless(
        id.len() != LENGTH_OF_SUB || id.contains('.'),
        "client_id",
        "has 22 characters, as the identifiers of people have; choose another length",
    );
}

fn texts(problems: &mut Problems, it: &Metadata, by: Registrar<'_>) {
    let away = [GrantType::DeviceCode, GrantType::Ciba];
    let is_met = redirects(it) || away.iter().any(|grant| it.grant_types.contains(grant));
    match &it.client_name {
        // OpenID Connect Dynamic Client Registration §2: optional; people are then told the identifier.
        None if is_met && by.is_administrator() => {
            problems.add("client_name", "is missing; people are told it")
        }
        None => {}
        Some(name) => match text::line(name, LONGEST_NAME) {
            Ok(folded) => problems.unless(
                folded == *name,
                "client_name",
                "is not in the form that people are shown",
            ),
            // DR-5: the character and its place.
            Err(refused) => problems.add(
                "client_name",
                format!(
                    "{refused}; it has 1 to {LONGEST_NAME} letters, \
                 digits, spaces and common punctuation, each word in one script"
                ),
            ),
        },
    }
    let contacts = it.contacts.len() <= MOST_URIS && it.contacts.iter().all(|it| it.len() <= 254);
    problems.unless(contacts, "contacts", "are 16 at most, of 254 characters at most");
    let default_acr =
        it.default_acr_values.len() <= 8 && it.default_acr_values.iter().all(|it| it.len() <= 254);
    problems.unless(
        default_acr,
        "default_acr_values",
        "are 8 at most, of 254 characters at most",
    );
}

fn links(problems: &mut Problems, it: &Metadata, by: Registrar<'_>) {
    // DR-4: what people are shown is https; an administrator may point at a service on this machine.
    let pages = [
        ("client_uri", &it.client_uri, true),
        ("initiate_login_uri", &it.initiate_login_uri, true),
        ("logo_uri", &it.logo_uri, false),
        ("policy_uri", &it.policy_uri, false),
        ("tos_uri", &it.tos_uri, false),
        ("jwks_uri", &it.jwks_uri, false),
        ("sector_identifier_uri", &it.sector_identifier_uri, false),
    ];
    for (member, value, loopback) in pages {
        let Some(value) = value else { continue };
        let on_loopback = loopback && by.is_administrator();
        problems.unless(
            is_link(value, on_loopback),
            member,
            "is not an https URL of 512 characters at most",
        );
    }
}

pub(super) fn is_link(value: &str, or_loopback: bool) -> bool {
    let Ok(url) = Url::parse(value) else { return false };
    let plain = value.len() <= 512 && url.username().is_empty() && url.password().is_none();
    let on_loopback = match url.host_str() {
        Some(host) => {
            host == "127.0.0.1" || host == "[::1]" || host == "localhost" || host.ends_with(".localhost")
        }
        None => false,
    };
    plain
        && url.has_host()
        && (url.scheme() == "https" || (or_loopback && url.scheme() == "http" && on_loopback))
}

fn redirect_uris(problems: &mut Problems, it: &Metadata, by: Registrar<'_>) {
    let registrant = Registrant {
        native: it.application_type == ApplicationType::Native,
        by_administrator: by.is_administrator(),
    };
    let lists = [
        ("redirect_uris", &it.redirect_uris),
        ("post_logout_redirect_uris", &it.post_logout_redirect_uris),
    ];
    for (member, uris) in lists {
        let most = match by {
            Registrar::Client { decided } if !decided.is_administered(member) => MOST_URIS,
            _ => MOST_URIS_OF_ADMINISTRATORS,
        };
        problems.unless(uris.len() <= most, member, &format!("are {most} at most"));
        for (position, uri) in uris.iter().enumerate() {
            if let Err(bad) = check_redirect_uri(uri, registrant) {
                let shown: String = uri.chars().take(80).collect();
                problems.add(member, format!("{shown}: {bad}"));
            }
            problems.unless(!uris[..position].contains(uri), member, "holds an address twice");
        }
    }
    problems.unless(
        !redirects(it) || !it.redirect_uris.is_empty(),
        "redirect_uris",
        "is missing; the grants authorization_code and implicit need one",
    );
}

fn grants(problems: &mut Problems, it: &Metadata) {
    let public = it.token_endpoint_auth_method == Some(AuthMethod::None);
    let uses = |grant| it.grant_types.contains(&grant);
    problems.unless(!it.grant_types.is_empty(), "grant_types", "is empty");
    problems.unless(
        it.response_types.iter().all(|it| ResponseType::ALL.contains(it)),
        "response_types",
        "holds a type that is not one of OpenID Connect",
    );
    // RFC 7591 §2.1: the two lists agree.
    problems.unless(
        !uses(GrantType::AuthorizationCode) || it.response_types.iter().any(|it| it.code),
        "response_types",
        "lacks a type with code, which the grant authorization_code needs",
    );
    problems.unless(
        !it.dpop_bound_access_tokens || !it.response_types.iter().any(|it| it.token),
        "dpop_bound_access_tokens",
        "what comes through the browser is bound to no key",
    );
    let tokens_by_browser = it.response_types.iter().any(|it| it.is_front_channel());
    problems.unless(
        !uses(GrantType::Implicit) || tokens_by_browser,
        "response_types",
        "lacks a type with id_token or token, which the grant implicit needs",
    );
    problems.unless(
        uses(GrantType::Implicit) || !tokens_by_browser,
        "grant_types",
        "lacks implicit, which a response type with id_token or token needs",
    );
    let codes = it
        .response_types
        .iter()
        .any(|it| it.code && it.is_front_channel());
    problems.unless(
        uses(GrantType::AuthorizationCode) || !codes,
        "grant_types",
        "lacks authorization_code, which a response type with code needs",
    );
    let of_people = [
        GrantType::AuthorizationCode,
        GrantType::DeviceCode,
        GrantType::Ciba,
    ];
    problems.unless(
        !uses(GrantType::RefreshToken) || of_people.into_iter().any(uses),
        "grant_types",
        "holds refresh_token without a grant that gives one",
    );
    problems.unless(
        !public || !uses(GrantType::ClientCredentials) && !uses(GrantType::TokenExchange),
        "grant_types",
        "holds client_credentials or token-exchange, which a client without credentials cannot use", // RFC 6749 §4.4
    );
    problems.unless(!it.scope.is_empty(), "scope", "is empty");
    let length = it.scope.to_string().len();
    problems.unless(length <= 1024, "scope", "is longer than 1024 characters");
    problems.unless(
        !it.scope.contains(scope::OFFLINE_ACCESS) || uses(GrantType::RefreshToken),
        "scope",
        "holds offline_access without the grant refresh_token",
    );
}

fn decided(problems: &mut Problems, it: &Metadata) {
    problems.unless(
        it.subject_type == SubjectType::Public || it.sector().is_some(),
        "sector_identifier_uri",
        "is missing; pairwise names need it when the redirect URIs have several hosts, or none",
    );
    let policy = &it.access_policy;
    for (member, values) in [
        ("access_policy.membership_types", &policy.membership_types),
        ("access_policy.ties_rights", &policy.ties_rights),
    ] {
        let names = |it: &String| {
            (1..=64).contains(&it.len())
                && it
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b))
        };
        problems.unless(
            values.len() <= 32 && values.iter().all(names),
            member,
            "holds what is not an identifier",
        );
    }
}

/// For the tests of its neighbours: the members that are wrong in this metadata with these changes; `null`
/// leaves one out.
#[cfg(test)]
pub(super) fn wrong_members(
    mut metadata: serde_json::Value,
    changes: &serde_json::Value,
    by: Registrar<'_>,
) -> Vec<String> {
    for (name, value) in changes.as_object().expect("an object") {
        metadata[name] = value.clone();
    }
    let members = metadata.as_object_mut().expect("an object");
    members.retain(|_, it| !it.is_null());
    let metadata = serde_json::from_value(metadata).expect("metadata");
    let found = check(&ClientId::new("bank"), &metadata, by).err();
    found
        .unwrap_or_default()
        .into_iter()
        .map(|it| it.member)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(id: &str, metadata: serde_json::Value, by: Registrar<'_>) -> Vec<String> {
        let metadata: Metadata = serde_json::from_value(metadata).expect("metadata");
        let found = check(&ClientId::new(id), &metadata, by).err().unwrap_or_default();
        found.into_iter().map(|it| it.member).collect()
    }

    fn good() -> serde_json::Value {
        serde_json::json!({"client_name": "ITU Events", "redirect_uris": ["https://events.example/cb"],
            "scope": "openid itu_membership"})
    }

    fn with(member: &str, value: serde_json::Value) -> serde_json::Value {
        let mut it = good();
        it[member] = value;
        it
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
                    let mut it = with(member, value);
                    it["require_signed_request_object"] = true.into();
                    it
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
        let it = with("token_endpoint_auth_method", serde_json::json!("private_key_jwt"));
        assert_eq!(problems("events", it, Registrar::Administrator), ["jwks"]);
        let ed25519 = |more: serde_json::Value| {
            let mut key = serde_json::json!({"kty": "OKP", "crv": "Ed25519",
                "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
            for (name, value) in more.as_object().expect("an object") {
                key[name] = value.clone();
            }
            let mut it = with("token_endpoint_auth_method", serde_json::json!("private_key_jwt"));
            it["jwks"] = serde_json::json!({"keys": [key]});
            it
        };
        let good = ed25519(serde_json::json!({}));
        assert!(problems("events", good.clone(), Registrar::Administrator).is_empty());
        let mut by_rsa = good;
        by_rsa["token_endpoint_auth_signing_alg"] = "RS256".into();
        for it in [
            by_rsa,
            ed25519(serde_json::json!({"use": "enc"})),
            ed25519(serde_json::json!({"alg": "ES256"})),
            ed25519(serde_json::json!({"crv": "X25519"})),
            ed25519(serde_json::json!({"d": "x"})),
            ed25519(serde_json::json!({"x": "11qY"})),
        ] {
            assert_eq!(
                problems("events", it.clone(), Registrar::Administrator),
                ["jwks"],
                "{it}"
            ); // JW-6
        }
        let it = with("token_endpoint_auth_signing_alg", serde_json::json!("RS256"));
        assert_eq!(
            problems("events", it, Registrar::Administrator),
            ["token_endpoint_auth_signing_alg"]
        );
    }

    #[test]
    fn a_client_decides_nothing_that_is_ours() {
        let decided = &Metadata::default();
        let client = Registrar::Client { decided };
        assert_eq!(problems("events", good(), client), ["scope"]); // AZ-14
        let it = serde_json::json!({"client_name": "A", "redirect_uris": ["http://localhost/cb"], "first_party": true,
            "pkce": "required", "id_token_claims": "scopes", "profile": "fapi2", "access_policy": {"affiliation": "approved"}});
        let found = problems("events", it, client);
        for member in [
            "first_party",
            "pkce",
            "profile",
            "id_token_claims",
            "access_policy",
            "redirect_uris",
        ] {
            assert!(found.iter().any(|it| it == member), "{member}: {found:?}"); // DR-2, AZ-3
        }
    }
}
