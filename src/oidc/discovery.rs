//! The metadata of this provider (OpenID Connect Discovery §3, RFC 8414 §2). It is made once at start; it lists what
//! works for at least one kind of client, and nothing else.

use serde_json::{Map, Value, json};

use super::{dpop, endpoints, grant_management};
use crate::accounts::second_factor;
use crate::config::{Config, Issuer, RegistrationMode};
use crate::domain::authentication::Acr;
use crate::domain::authorization::ResponseMode;
use crate::domain::client::{
    AuthMethod, ContentEncryption, DeliveryMode, EncryptionAlg, GrantType, SigningAlg, SubjectType,
};
use crate::domain::profile::Language;
use crate::domain::public_document::PublicDocument;
use crate::domain::{claim, scope};
use crate::paths;

pub fn document(config: &Config) -> PublicDocument {
    PublicDocument::new(Value::Object(metadata(config)).to_string())
}

fn metadata(config: &Config) -> Map<String, Value> {
    let issuer = &config.issuer;
    let response_types = &config.authorization.response_types;
    let types: Vec<String> = response_types.iter().map(ToString::to_string).collect();
    let algs: Vec<&str> = SigningAlg::ALL.iter().map(|it| it.as_str()).collect();
    let offered = AuthMethod::ALL.iter().filter(|it| config.mtls.offers(**it));
    let methods: Vec<&str> = offered.map(|it| it.as_str()).collect();
    // UI-3: introspection needs a client that can keep a secret; revocation takes public ones too.
    let confidential: Vec<&str> = methods
        .iter()
        .copied()
        .filter(|it| *it != AuthMethod::None.as_str())
        .collect();
    let implicit = response_types.iter().any(|it| it.is_front_channel());
    let codes = response_types.iter().any(|it| it.code);
    let grants: Vec<&str> = GrantType::ALL
        .iter()
        .filter(|grant| match grant {
            GrantType::Implicit => implicit,
            GrantType::AuthorizationCode | GrantType::RefreshToken => codes,
            GrantType::ClientCredentials
            | GrantType::DeviceCode
            | GrantType::TokenExchange
            | GrantType::Ciba => true,
        })
        .map(|it| it.as_str())
        .collect();
    let subjects: Vec<&str> = SubjectType::ALL.iter().map(|it| it.as_str()).collect();
    let modes: Vec<&str> = ResponseMode::ALL.iter().map(|it| it.as_str()).collect();
    let languages: Vec<&str> = Language::ALL.iter().map(|it| it.as_str()).collect();
    let best = second_factor::highest_acr(issuer);
    let classes: Vec<&str> = Acr::ALL
        .into_iter()
        .filter(|it| *it <= best)
        .map(Acr::as_str)
        .collect();
    let proofs = dpop::ALGS.map(SigningAlg::as_str);
    let document = json!({
        "issuer": issuer.as_str(),
        "authorization_endpoint": issuer.at(endpoints::AUTHORIZATION),
        "pushed_authorization_request_endpoint": issuer.at(endpoints::PUSHED_AUTHORIZATION_REQUEST),
        "require_pushed_authorization_requests": false, // a client's registration may: RFC 9126 §6
        "device_authorization_endpoint": issuer.at(endpoints::DEVICE_AUTHORIZATION), // RFC 8628 §4
        "token_endpoint": issuer.at(endpoints::TOKEN),
        "userinfo_endpoint": issuer.at(endpoints::USERINFO),
        "jwks_uri": issuer.at(endpoints::JWKS),
        "introspection_endpoint": issuer.at(endpoints::INTROSPECTION),
        "revocation_endpoint": issuer.at(endpoints::REVOCATION),
        "end_session_endpoint": issuer.at(endpoints::END_SESSION),
        "response_types_supported": types,
        "response_modes_supported": modes,
        "grant_types_supported": grants,
        "subject_types_supported": subjects,
        "scopes_supported": scope::STANDARD,
        "claim_types_supported": ["normal"],
        "claims_supported": claims(),
        "claims_parameter_supported": true,
        "acr_values_supported": classes,
        "id_token_signing_alg_values_supported": algs,
        "userinfo_signing_alg_values_supported": algs,
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": algs,
        "introspection_endpoint_auth_methods_supported": confidential,
        "introspection_endpoint_auth_signing_alg_values_supported": algs,
        "revocation_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_signing_alg_values_supported": algs,
        "code_challenge_methods_supported": ["S256"],
        "dpop_signing_alg_values_supported": proofs, // RFC 9449 §5.1
        "authorization_response_iss_parameter_supported": true, // RFC 9207 §3
        "prompt_values_supported": ["none", "login", "consent", "select_account", "create"],
        "ui_locales_supported": languages,
        // Discovery §3: if absent, the first would mean false and the second true.
        "request_parameter_supported": true,
        "request_uri_parameter_supported": config.authorization.request_uri,
        "require_request_uri_registration": config.authorization.request_uri,
        // The list lacks `none`, which is for the client that an administrator registered for it.
        "request_object_signing_alg_values_supported": algs,
        "authorization_signing_alg_values_supported": algs, // JARM §4
        "require_signed_request_object": false, // a client's registration may: RFC 9101 §10.5
        "op_policy_uri": issuer.at(paths::PRIVACY),
        "op_tos_uri": issuer.at(paths::TERMS),
    });
    let mut members = match document {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    members.extend(encryption());
    members.extend(of_grants(issuer));
    members.extend(backchannel_authentication(issuer, &algs));
    // OpenID Connect Session Management §3.3, Front-Channel Logout §3, Back-Channel Logout §2.1.
    let watched = issuer.at(endpoints::CHECK_SESSION_IFRAME);
    members.insert("check_session_iframe".into(), watched.into());
    for channel in ["frontchannel_logout", "backchannel_logout"] {
        members.insert(format!("{channel}_supported"), true.into());
        members.insert(format!("{channel}_session_supported"), true.into());
    }
    let details: Vec<&String> = config.authorization.details.keys().collect();
    if !details.is_empty() {
        members.insert("authorization_details_types_supported".into(), json!(details)); // RFC 9396 §10
    }
    if config.registration.mode != RegistrationMode::Off {
        let endpoint = issuer.at(endpoints::REGISTRATION);
        members.insert("registration_endpoint".into(), endpoint.into());
    }
    if let Some(address) = &config.mtls.public_url {
        members.insert("tls_client_certificate_bound_access_tokens".into(), true.into()); // RFC 8705 §3.3
        let aliases: Map<String, Value> = endpoints::MUTUAL_TLS
            .iter()
            .map(|(name, path)| ((*name).to_owned(), address.at(path).into()))
            .collect();
        members.insert("mtls_endpoint_aliases".into(), aliases.into()); // RFC 8705 §5
    }
    members
}

/// Returns the members for backchannel authentication (CIBA §4).
fn backchannel_authentication(issuer: &Issuer, algs: &[&str]) -> [(String, Value); 4] {
    let modes: Vec<&str> = DeliveryMode::ALL.iter().map(|it| it.as_str()).collect();
    let endpoint = issuer.at(endpoints::BACKCHANNEL_AUTHENTICATION);
    [
        ("backchannel_authentication_endpoint", endpoint.into()),
        ("backchannel_token_delivery_modes_supported", json!(modes)),
        (
            "backchannel_authentication_request_signing_alg_values_supported",
            json!(algs),
        ),
        ("backchannel_user_code_parameter_supported", false.into()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
}

/// Returns the members for grant management (Grant Management for OAuth 2.0 §7.1).
fn of_grants(issuer: &Issuer) -> [(String, Value); 3] {
    let endpoint = issuer.at(endpoints::GRANT_MANAGEMENT);
    [
        ("grant_management_endpoint", endpoint.into()),
        (
            "grant_management_actions_supported",
            json!(grant_management::ACTIONS),
        ),
        ("grant_management_action_required", false.into()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
}

/// Returns the encryption algorithms for every kind of answer that can be encrypted: they are all alike.
fn encryption() -> impl Iterator<Item = (String, Value)> {
    let algs: Vec<&str> = EncryptionAlg::ALL.iter().map(|it| it.as_str()).collect();
    let encs: Vec<&str> = ContentEncryption::ALL.iter().map(|it| it.as_str()).collect();
    let (algs, encs) = (json!(algs), json!(encs));
    ["id_token", "userinfo", "authorization"]
        .into_iter()
        .flat_map(move |what| {
            [
                (format!("{what}_encryption_alg_values_supported"), algs.clone()),
                (format!("{what}_encryption_enc_values_supported"), encs.clone()),
            ]
        })
}

/// Returns the claims about the person by scope, and those about the token itself.
fn claims() -> Vec<&'static str> {
    let protocol = [
        "sub",
        "iss",
        "aud",
        "exp",
        "iat",
        "auth_time",
        "nonce",
        "acr",
        "amr",
        "sid",
    ];
    let personal = claim::BY_SCOPE
        .iter()
        .flat_map(|(_, names)| names.iter().copied());
    protocol.into_iter().chain(personal).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_states_what_works_and_where() {
        let issuer = Issuer::parse("https://account.example").expect("an issuer");
        let mut config = Config::local(issuer, ([127, 0, 0, 1], 0).into(), std::path::Path::new("."));
        let read = |it: &Config| serde_json::from_slice::<Value>(&document(it).body).expect("JSON");
        let document = read(&config);
        assert_eq!(document.get("registration_endpoint"), None);
        config.registration.mode = RegistrationMode::Token;
        assert!(read(&config).get("registration_endpoint").is_some()); // RFC 7591 §3
        assert_eq!(document["issuer"], "https://account.example");
        for (name, value) in document.as_object().expect("an object") {
            if name.ends_with("_endpoint") || name.ends_with("_uri") {
                let url = value.as_str().expect("a URL");
                assert!(url.starts_with("https://account.example/"), "{name}");
            }
        }
        config.mtls.public_url = Issuer::parse("https://mtls.account.example").ok();
        let mutual = read(&config);
        let aliases = mutual["mtls_endpoint_aliases"].as_object().expect("an object");
        assert!(aliases.keys().all(|name| document[name].is_string())); // RFC 8705 §5
        assert_eq!(aliases["token_endpoint"], "https://mtls.account.example/token");
        let methods = |it: &Value| it["token_endpoint_auth_methods_supported"].to_string();
        assert!(!methods(&document).contains("tls_client_auth"));
        assert!(methods(&mutual).contains("\"self_signed_tls_client_auth\""));
        assert!(!methods(&mutual).contains("\"tls_client_auth\"")); // no authority is known
        let has = |name: &str, value: &str| {
            document[name]
                .as_array()
                .expect(name)
                .iter()
                .any(|it| it == value)
        };
        assert!(has("id_token_signing_alg_values_supported", "RS256")); // Discovery §3
        assert!(has("scopes_supported", "openid") && has("scopes_supported", "itu_membership"));
        assert!(has("claims_supported", "ties_rights") && has("claims_supported", "email_verified"));
        assert!(!has("code_challenge_methods_supported", "plain")); // AZ-5
        assert!(!has("introspection_endpoint_auth_methods_supported", "none")); // UI-3
    }
}
