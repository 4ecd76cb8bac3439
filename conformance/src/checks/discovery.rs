//! Checks the provider's metadata: OpenID Connect Discovery §3, RFC 8414 and the registry that grew from them.

use crate::report::Report;
use serde_json::Value;
use url::Url;

const RULE: &str = "metadata (OpenID Connect Discovery §3)";
pub const SUFFIX: &str = "/.well-known/openid-configuration";

#[derive(Clone, Copy)]
enum Type {
    Address,
    Text,
    List,
    Flag,
    Number,
    Object,
}
use Type::{Address, Flag, List, Number, Object, Text};

const MEMBERS: &[(&str, Type)] = &[
    ("issuer", Address),
    ("authorization_endpoint", Address),
    ("token_endpoint", Address),
    ("userinfo_endpoint", Address),
    ("jwks_uri", Address),
    ("registration_endpoint", Address),
    ("introspection_endpoint", Address),
    ("revocation_endpoint", Address),
    ("end_session_endpoint", Address),
    ("check_session_iframe", Address),
    ("device_authorization_endpoint", Address),
    ("pushed_authorization_request_endpoint", Address),
    ("backchannel_authentication_endpoint", Address),
    ("federation_registration_endpoint", Address),
    ("service_documentation", Address),
    ("op_policy_uri", Address),
    ("op_tos_uri", Address),
    ("signed_metadata", Text),
    ("signed_jwks_uri", Address),
    ("organization_name", Text),
    ("scopes_supported", List),
    ("response_types_supported", List),
    ("response_modes_supported", List),
    ("grant_types_supported", List),
    ("acr_values_supported", List),
    ("subject_types_supported", List),
    ("id_token_signing_alg_values_supported", List),
    ("id_token_encryption_alg_values_supported", List),
    ("id_token_encryption_enc_values_supported", List),
    ("userinfo_signing_alg_values_supported", List),
    ("userinfo_encryption_alg_values_supported", List),
    ("userinfo_encryption_enc_values_supported", List),
    ("request_object_signing_alg_values_supported", List),
    ("request_object_encryption_alg_values_supported", List),
    ("request_object_encryption_enc_values_supported", List),
    ("authorization_signing_alg_values_supported", List),
    ("authorization_encryption_alg_values_supported", List),
    ("authorization_encryption_enc_values_supported", List),
    ("token_endpoint_auth_methods_supported", List),
    ("token_endpoint_auth_signing_alg_values_supported", List),
    ("introspection_endpoint_auth_methods_supported", List),
    ("introspection_endpoint_auth_signing_alg_values_supported", List),
    ("introspection_signing_alg_values_supported", List),
    ("introspection_encryption_alg_values_supported", List),
    ("introspection_encryption_enc_values_supported", List),
    ("revocation_endpoint_auth_methods_supported", List),
    ("revocation_endpoint_auth_signing_alg_values_supported", List),
    ("backchannel_token_delivery_modes_supported", List),
    (
        "backchannel_authentication_request_signing_alg_values_supported",
        List,
    ),
    ("backchannel_user_code_parameter_supported", Flag),
    ("backchannel_logout_supported", Flag),
    ("backchannel_logout_session_supported", Flag),
    ("frontchannel_logout_supported", Flag),
    ("frontchannel_logout_session_supported", Flag),
    ("display_values_supported", List),
    ("claim_types_supported", List),
    ("claims_supported", List),
    ("claims_locales_supported", List),
    ("ui_locales_supported", List),
    ("claims_parameter_supported", Flag),
    ("request_parameter_supported", Flag),
    ("request_uri_parameter_supported", Flag),
    ("require_request_uri_registration", Flag),
    ("require_signed_request_object", Flag),
    ("require_pushed_authorization_requests", Flag),
    ("authorization_response_iss_parameter_supported", Flag),
    ("authorization_details_types_supported", List),
    ("tls_client_certificate_bound_access_tokens", Flag),
    ("mtls_endpoint_aliases", Object),
    ("nfv_token_signing_alg_values_supported", List),
    ("code_challenge_methods_supported", List),
    ("dpop_signing_alg_values_supported", List),
    ("prompt_values_supported", List),
    ("client_registration_types_supported", List),
    ("request_authentication_methods_supported", Object),
    ("request_authentication_signing_alg_values_supported", List),
    ("client_id_metadata_document_supported", Flag),
    ("protected_resources", List),
    ("native_sso_supported", Flag),
    ("native_authorization_endpoint", Address),
    ("interaction_required_response_mode_supported", Flag),
    ("verified_claims_supported", Flag),
    ("trust_frameworks_supported", List),
    ("evidence_supported", List),
    ("documents_supported", List),
    ("documents_methods_supported", List),
    ("documents_validation_methods_supported", List),
    ("documents_verification_methods_supported", List),
    ("electronic_records_supported", List),
    ("claims_in_verified_claims_supported", List),
    ("attachments_supported", List),
    ("digest_algorithms_supported", List),
    ("retention_period", Number),
];

/// Checks what every module needs of the metadata.
pub fn essentials(metadata: &Value, report: &mut Report) {
    for name in ["issuer", "authorization_endpoint", "token_endpoint", "jwks_uri"] {
        let sound = metadata[name].as_str().is_some_and(|it| Url::parse(it).is_ok());
        report.require(sound, RULE, || format!("{name} is {}, not a URL", metadata[name]));
    }
}

pub fn auth_method(metadata: &Value, method: &str, report: &mut Report) {
    const RULE: &str = "token_endpoint_auth_methods_supported";
    match listed(metadata, "token_endpoint_auth_methods_supported") {
        Some(them) => {
            report.require(them.contains(&method), RULE, || {
                format!("{method} is not in {them:?}")
            });
        }
        // Discovery §3: without the list only client_secret_basic is meant.
        None => report.require(method == "client_secret_basic", RULE, || {
            format!("without the list {method} is not there")
        }),
    }
}

pub fn listed<'a>(metadata: &'a Value, name: &str) -> Option<Vec<&'a str>> {
    Some(
        metadata[name]
            .as_array()?
            .iter()
            .filter_map(Value::as_str)
            .collect(),
    )
}

pub struct Circumstances<'a> {
    pub discovery_url: &'a str,
    pub allow_http: bool,
    pub expected_extras: &'a [String],
}

/// Makes all checks of `oidcc-discovery-endpoint-verification`.
pub fn check(metadata: &Value, circumstances: &Circumstances<'_>, report: &mut Report) {
    essentials(metadata, report);
    types(metadata, circumstances.expected_extras, report);
    issuer(metadata, circumstances, report);
    transport(metadata, circumstances.allow_http, report);
    let list = |name: &str| listed(metadata, name);

    let types = list("response_types_supported").unwrap_or_default();
    let valid = |response_type: &&str| {
        response_type
            .split(' ')
            .all(|it| matches!(it, "code" | "id_token" | "token" | "none"))
    };
    report.require(types.iter().any(valid), RULE, || {
        format!("response_types_supported is {types:?}")
    });
    let subjects = list("subject_types_supported").unwrap_or_default();
    report.require(
        subjects.iter().any(|it| matches!(*it, "public" | "pairwise")),
        RULE,
        || format!("subject_types_supported is {subjects:?}"),
    );
    let algorithms = list("id_token_signing_alg_values_supported").unwrap_or_default();
    report.require(algorithms.contains(&"RS256"), RULE, || {
        format!("id_token_signing_alg_values_supported is {algorithms:?}, without RS256")
    });
    if let Some(grants) = metadata.get("grant_types_supported") {
        report.require(grants.as_array().is_some_and(|it| !it.is_empty()), RULE, || {
            format!("grant_types_supported is {grants}")
        });
    }
    match list("scopes_supported") {
        Some(scopes) => {
            report.require(scopes.contains(&"openid"), RULE, || {
                format!("scopes_supported is {scopes:?}, without openid")
            });
            // RFC 6749 §3.3
            let legal = |scope: &str| {
                !scope.is_empty()
                    && scope
                        .chars()
                        .all(|it| matches!(it, '\x21' | '\x23'..='\x5b' | '\x5d'..='\x7e'))
            };
            let bad: Vec<_> = scopes.iter().filter(|it| !legal(it)).collect();
            report.require(bad.is_empty(), RULE, || {
                format!("scopes with illegal characters: {bad:?}")
            });
        }
        None => report.warn(RULE, "scopes_supported is missing"),
    }
    for name in ["userinfo_endpoint", "claims_supported"] {
        report.advise(metadata.get(name).is_some(), RULE, || {
            format!("{name} is missing")
        });
    }
    if let Some(them) = list("request_object_signing_alg_values_supported") {
        report.advise(them.contains(&"RS256"), RULE, || {
            format!("request_object_signing_alg_values_supported is {them:?}, without RS256")
        });
    }
    for name in ["ui_locales_supported", "claims_locales_supported"] {
        for tag in list(name).unwrap_or_default() {
            locale(name, tag, report);
        }
    }
}

pub fn types(metadata: &Value, extras: &[String], report: &mut Report) {
    let Some(members) = metadata.as_object() else {
        report.fail(RULE, "not a JSON object");
        return;
    };
    for (name, value) in members {
        let Some((_, wanted)) = MEMBERS.iter().find(|(member, _)| member == name) else {
            report.advise(extras.contains(name), RULE, || format!("unknown member {name}"));
            continue;
        };
        let sound = match wanted {
            Address => value.as_str().is_some_and(|it| Url::parse(it).is_ok()),
            Text => value.is_string(),
            List => value.as_array().is_some_and(|it| it.iter().all(Value::is_string)),
            Flag => value.is_boolean(),
            Number => value.is_number(),
            Object => value.is_object(),
        };
        report.require(sound, RULE, || format!("{name} has the wrong type: {value}"));
    }
}

pub fn issuer(metadata: &Value, circumstances: &Circumstances<'_>, report: &mut Report) {
    let issuer = metadata["issuer"].as_str().unwrap_or_default();
    match circumstances.discovery_url.strip_suffix(SUFFIX) {
        Some(base) => report.require(issuer.strip_suffix('/').unwrap_or(issuer) == base, RULE, || {
            format!("issuer is {issuer:?}, the metadata was found below {base:?}")
        }),
        None => report.fail(RULE, format!("the address does not end in {SUFFIX}")),
    }
    let Ok(url) = Url::parse(issuer) else { return };
    let plain = url.host().is_some()
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    report.require(plain, RULE, || {
        format!("issuer {issuer:?} has a query, a fragment or a user")
    });
}

/// Requires https of every address. `--allow-http` lets http on loopback pass.
pub fn transport(metadata: &Value, allow_http: bool, report: &mut Report) {
    let Some(members) = metadata.as_object() else {
        return;
    };
    for (name, value) in members {
        if !(matches!(name.as_str(), "issuer" | "jwks_uri" | "check_session_iframe")
            || name.ends_with("_endpoint"))
        {
            continue;
        }
        let Some(url) = value.as_str().and_then(|it| Url::parse(it).ok()) else {
            report.fail(RULE, format!("{name} is not a URL: {value}"));
            continue;
        };
        let sound = url.scheme() == "https" || allow_http && is_loopback(&url);
        report.require(sound, RULE, || format!("{name} is not https: {url}"));
    }
}

pub fn is_loopback(url: &Url) -> bool {
    url.scheme() == "http"
        && match url.host() {
            Some(url::Host::Domain(domain)) => domain == "localhost" || domain.ends_with(".localhost"),
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
}

/// Returns `true` for the shape of a language tag (BCP 47). Does not look up whether its subtags are registered.
fn locale(member: &str, tag: &str, report: &mut Report) {
    let parts: Vec<&str> = tag.split('-').collect();
    let letters = |it: &str| it.bytes().all(|it| it.is_ascii_alphabetic());
    let sound = (2..=3).contains(&parts[0].len())
        && letters(parts[0])
        && parts
            .iter()
            .all(|it| (1..=8).contains(&it.len()) && it.bytes().all(|it| it.is_ascii_alphanumeric()));
    report.require(sound, RULE, || {
        format!("{tag:?} in {member} is not a language tag")
    });
    let canonical: Vec<String> = parts
        .iter()
        .enumerate()
        .map(|(at, subtag)| match (at, subtag.len()) {
            (0, _) => subtag.to_ascii_lowercase(),
            (_, 2) => subtag.to_ascii_uppercase(),
            (_, 4) if letters(subtag) => {
                format!(
                    "{}{}",
                    subtag[..1].to_ascii_uppercase(),
                    subtag[1..].to_ascii_lowercase()
                )
            }
            _ => subtag.to_ascii_lowercase(),
        })
        .collect();
    report.advise(!sound || canonical.join("-") == tag, RULE, || {
        format!("{tag:?} in {member} has unusual casing")
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Severity;
    use serde_json::json;

    fn good() -> Value {
        json!({
            "issuer": "https://op.example", "jwks_uri": "https://op.example/jwks",
            "authorization_endpoint": "https://op.example/authorize", "token_endpoint": "https://op.example/token",
            "userinfo_endpoint": "https://op.example/userinfo", "claims_supported": ["sub"],
            "response_types_supported": ["code"], "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"], "scopes_supported": ["openid"],
            "ui_locales_supported": ["en", "fr-CH", "zh-Hant"],
        })
    }

    fn judge(metadata: &Value, allow_http: bool) -> Option<Severity> {
        let circumstances = Circumstances {
            discovery_url: "https://op.example/.well-known/openid-configuration",
            allow_http,
            expected_extras: &["house_rules".to_owned()],
        };
        let mut report = Report::default();
        check(metadata, &circumstances, &mut report);
        report.worst()
    }

    #[test]
    fn tampered_metadata_is_found() {
        assert_eq!(judge(&good(), false), None);
        for (name, value, wanted) in [
            (
                "issuer",
                json!("https://op.example/other"),
                Some(Severity::Failure),
            ),
            ("issuer", json!("https://op.example?x"), Some(Severity::Failure)),
            (
                "jwks_uri",
                json!("http://127.0.0.1/jwks"),
                Some(Severity::Failure),
            ),
            ("token_endpoint", json!(null), Some(Severity::Failure)),
            ("my_endpoint", json!("http://op.example"), Some(Severity::Failure)),
            (
                "id_token_signing_alg_values_supported",
                json!(["ES256"]),
                Some(Severity::Failure),
            ),
            (
                "scopes_supported",
                json!(["openid", "a b"]),
                Some(Severity::Failure),
            ),
            ("scopes_supported", json!(["email"]), Some(Severity::Failure)),
            (
                "claims_parameter_supported",
                json!("yes"),
                Some(Severity::Failure),
            ),
            ("grant_types_supported", json!([]), Some(Severity::Failure)),
            (
                "ui_locales_supported",
                json!(["english please"]),
                Some(Severity::Failure),
            ),
            ("ui_locales_supported", json!(["EN"]), Some(Severity::Warning)),
            ("my_member", json!(1), Some(Severity::Warning)),
            ("house_rules", json!(1), None),
            (
                "request_object_signing_alg_values_supported",
                json!(["ES256"]),
                Some(Severity::Warning),
            ),
        ] {
            let mut metadata = good();
            metadata[name] = value;
            assert_eq!(judge(&metadata, false), wanted, "{name} in {metadata}");
        }
        let mut metadata = good();
        metadata["jwks_uri"] = json!("http://127.0.0.1:8080/jwks");
        assert_eq!(judge(&metadata, true), None);
        metadata["jwks_uri"] = json!("http://op.example/jwks");
        assert_eq!(judge(&metadata, true), Some(Severity::Failure));
    }

    #[test]
    fn the_method_of_the_client_must_be_listed() {
        let judge = |metadata: Value, method: &str| {
            let mut report = Report::default();
            auth_method(&metadata, method, &mut report);
            report.worst()
        };
        assert_eq!(judge(json!({}), "client_secret_basic"), None);
        assert_eq!(judge(json!({}), "client_secret_post"), Some(Severity::Failure));
        let listed = json!({"token_endpoint_auth_methods_supported": ["client_secret_post"]});
        assert_eq!(judge(listed.clone(), "client_secret_post"), None);
        assert_eq!(judge(listed, "client_secret_basic"), Some(Severity::Failure));
    }
}
