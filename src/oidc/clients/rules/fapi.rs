//! Checks what FAPI 2.0 demands of a registration (FAPI 2.0 Security Profile §5.3.2, §5.3.3, §5.4.1; Message Signing
//! §5.3, §5.4). PKCE, pushed requests and, with message signing, signed ones follow from the profile in
//! `domain::client`: no registration turns them off.

use super::problem::Problems;
use crate::domain::client::{
    AuthMethod, Definition, Metadata, Profile, RequestObjectAlg, ResponseType, SigningAlg,
};

const WEAK: &str = "is not PS256, ES256 or EdDSA, the signatures of FAPI 2.0";

/// The methods by which nothing secret leaves the client.
pub(super) const METHODS: [AuthMethod; 3] = [
    AuthMethod::PrivateKeyJwt,
    AuthMethod::TlsClientAuth,
    AuthMethod::SelfSignedTlsClientAuth,
];

pub(super) fn check(problems: &mut Problems, definition: &Definition) {
    let metadata = &definition.metadata;
    let by_fitting_method = metadata
        .token_endpoint_auth_method
        .is_some_and(|it| METHODS.contains(&it));
    let names: Vec<&str> = METHODS.iter().map(|it| it.as_str()).collect();
    if !by_fitting_method {
        let reason = format!("is not {}, which FAPI 2.0 asks for", names.join(" or "));
        problems.add("token_endpoint_auth_method", reason);
    }
    // A machine, to which nobody logs in, has no response type at all.
    problems.unless(
        metadata.response_types.iter().all(|it| *it == ResponseType::CODE),
        "response_types",
        "is not code alone, as FAPI 2.0 has it",
    );
    problems.unless(
        is_sender_constrained(metadata),
        "dpop_bound_access_tokens",
        "is not set, nor is tls_client_certificate_bound_access_tokens; FAPI 2.0 binds each token to its client",
    );
    // With private_key_jwt, `authentication` reports the missing keys.
    let authenticates_by_key = metadata.token_endpoint_auth_method == Some(AuthMethod::PrivateKeyJwt);
    let signs = definition.settings.profile == Profile::Fapi2MessageSigning;
    problems.unless(
        !signs || authenticates_by_key || metadata.jwks.is_some() || metadata.jwks_uri.is_some(),
        "jwks",
        "is missing; signed requests need it or jwks_uri",
    );
    algs(problems, metadata);
    for uri in metadata.redirect_uris.iter().filter(|it| !is_web_address(it)) {
        let start: String = uri.chars().take(80).collect();
        problems.add(
            "redirect_uris",
            format!("{start}: FAPI 2.0 wants https, or the loopback interface"),
        );
    }
}

/// Returns `true` if each token serves its own client only (§5.3.2.1).
fn is_sender_constrained(metadata: &Metadata) -> bool {
    metadata.dpop_bound_access_tokens || metadata.tls_client_certificate_bound_access_tokens
}

fn algs(problems: &mut Problems, metadata: &Metadata) {
    let requests = match metadata.request_object_signing_alg {
        // An unsigned object is worth less than any signature.
        Some(RequestObjectAlg::None) => Some(None),
        other => other.map(RequestObjectAlg::signature),
    };
    for (member, alg) in [
        (
            "id_token_signed_response_alg",
            metadata.id_token_signed_response_alg.map(Some),
        ),
        (
            "userinfo_signed_response_alg",
            metadata.userinfo_signed_response_alg.map(Some),
        ),
        (
            "authorization_signed_response_alg",
            metadata.authorization_signed_response_alg.map(Some),
        ),
        (
            "token_endpoint_auth_signing_alg",
            metadata.token_endpoint_auth_signing_alg.map(Some),
        ),
        ("request_object_signing_alg", requests),
    ] {
        let fits = alg.is_none_or(|it| it.is_some_and(SigningAlg::is_for_fapi));
        problems.unless(fits, member, WEAK);
    }
}

/// Returns `false` for the private scheme of an application, which others can claim. That an `http` address is the
/// person's own machine is checked for every client (AZ-3).
fn is_web_address(uri: &str) -> bool {
    uri.starts_with("https://") || uri.starts_with("http://")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::oidc::clients::metadata_of_client;
    use crate::oidc::clients::rules::{Registrar, wrong_members};

    fn problems(by: Registrar<'_>, changes: Value) -> Vec<String> {
        let key = json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
        let metadata = json!({"client_name": "Bank", "profile": "fapi2_message_signing",
            "redirect_uris": ["https://bank.example/cb"], "token_endpoint_auth_method": "private_key_jwt",
            "jwks": {"keys": [key]}, "dpop_bound_access_tokens": true});
        wrong_members(metadata, &changes, by)
    }

    fn by_administrator(changes: Value) -> Vec<String> {
        problems(Registrar::Administrator, changes)
    }

    #[test]
    fn what_fapi_asks_for_is_registered() {
        for good in [
            json!({}),
            json!({"profile": "fapi2"}),
            json!({"redirect_uris": ["http://127.0.0.1:9998/cb"]}),
            json!({"id_token_signed_response_alg": "ES256", "authorization_signed_response_alg": "PS256",
                "request_object_signing_alg": "EdDSA", "token_endpoint_auth_signing_alg": "EdDSA"}),
            json!({"jwks": null, "jwks_uri": "https://bank.example/jwks"}),
            json!({"grant_types": ["client_credentials"], "response_types": [], "redirect_uris": []}),
        ] {
            assert_eq!(by_administrator(good.clone()), [""; 0], "{good}");
        }
    }

    #[test]
    fn each_thing_that_fapi_forbids_is_named() {
        let rsa = "w".repeat(342);
        let signed_by = |alg: &str| json!({"keys": [{"kty": "RSA", "e": "AQAB", "n": rsa, "alg": alg}]});
        for (member, changes) in [
            (
                "token_endpoint_auth_method",
                json!({"token_endpoint_auth_method": "client_secret_basic"}),
            ),
            (
                "token_endpoint_auth_method",
                json!({"token_endpoint_auth_method": null}),
            ),
            (
                "token_endpoint_auth_method",
                json!({"token_endpoint_auth_method": "none"}),
            ),
            (
                "response_types",
                json!({"response_types": ["code", "code id_token"],
                "grant_types": ["authorization_code", "implicit"]}),
            ),
            ("jwks", json!({"jwks": null})),
            ("jwks", json!({"jwks": null, "token_endpoint_auth_method": null})),
            ("jwks", json!({"jwks": signed_by("RS256")})),
            (
                "dpop_bound_access_tokens",
                json!({"dpop_bound_access_tokens": false}),
            ),
            (
                "id_token_signed_response_alg",
                json!({"id_token_signed_response_alg": "RS256"}),
            ),
            (
                "userinfo_signed_response_alg",
                json!({"userinfo_signed_response_alg": "RS256"}),
            ),
            (
                "authorization_signed_response_alg",
                json!({"authorization_signed_response_alg": "RS256"}),
            ),
            (
                "token_endpoint_auth_signing_alg",
                json!({"token_endpoint_auth_signing_alg": "RS256"}),
            ),
            (
                "request_object_signing_alg",
                json!({"request_object_signing_alg": "RS256"}),
            ),
            (
                "request_object_signing_alg",
                json!({"request_object_signing_alg": "none"}),
            ),
            (
                "redirect_uris",
                json!({"redirect_uris": ["http://bank.example/cb"]}),
            ),
            (
                "redirect_uris",
                json!({"redirect_uris": ["example.bank:/cb"], "application_type": "native"}),
            ),
        ] {
            let found = by_administrator(changes.clone());
            assert!(found.iter().any(|it| it == member), "{changes}: {found:?}");
        }
        // The rules report all problems at once, not only the first.
        let all = by_administrator(
            json!({"token_endpoint_auth_method": null, "dpop_bound_access_tokens": false,
            "jwks": null, "id_token_signed_response_alg": "RS256", "redirect_uris": ["http://bank.example/cb"]}),
        );
        for member in [
            "token_endpoint_auth_method",
            "dpop_bound_access_tokens",
            "jwks",
            "id_token_signed_response_alg",
            "redirect_uris",
        ] {
            assert!(all.iter().any(|it| it == member), "{member}: {all:?}");
        }
    }

    #[test]
    fn nobody_makes_a_fapi_client_of_itself() {
        let decided = &crate::domain::client::Definition::default();
        let named = json!({"client_name": "Bank", "profile": "fapi2"});
        let named = named.as_object().expect("an object");
        let metadata = metadata_of_client(named, decided).expect("metadata");
        let said = serde_json::to_value(metadata).expect("JSON");
        assert!(said.get("profile").is_none()); // DR-2
        assert_eq!(problems(Registrar::Client { decided }, json!({})), [""; 0]);
    }
}
