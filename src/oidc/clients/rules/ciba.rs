//! Checks what is registered for client-initiated backchannel authentication (OpenID Connect CIBA Core §4), and what the
//! profile `ciba` demands beyond it (FAPI-CIBA §5.2.2, §7.10).

use super::fapi::METHODS;
use super::links::is_link;
use super::problem::Problems;
use crate::domain::client::{AuthMethod, Definition, DeliveryMode, GrantType, Metadata, Profile, SigningAlg};
use crate::domain::scope;
use crate::jose::ClientKeys;

const WEAK: &str = "is not PS256 or ES256, the signatures of FAPI-CIBA";

pub(super) fn check(problems: &mut Problems, definition: &Definition) {
    let (metadata, profile) = (&definition.metadata, definition.settings.profile);
    let uses = metadata.grant_types.contains(&GrantType::Ciba);
    problems.unless(
        uses == metadata.backchannel_token_delivery_mode.is_some(),
        "backchannel_token_delivery_mode",
        "goes with the grant urn:openid:params:grant-type:ciba; it is poll or ping",
    );
    notification(problems, metadata);
    problems.unless(
        !metadata.backchannel_user_code_parameter,
        "backchannel_user_code_parameter",
        "is not supported: people approve where they are logged in",
    );
    signed_requests(problems, metadata, profile);
    problems.unless(
        !uses || metadata.token_endpoint_auth_method != Some(AuthMethod::None),
        "grant_types",
        "holds the grant of CIBA, which a client without credentials cannot use", // CIBA §7.1
    );
    problems.unless(
        !uses || metadata.scope.contains(scope::OPENID),
        "scope",
        "lacks openid, which every authentication request of CIBA names", // CIBA §7.1
    );
    if profile == Profile::Ciba {
        check_profile(problems, metadata);
    }
}

/// Returns `true` if the client does not give itself the grant: a client that holds it has people mailed (security.md
/// DV-3).
pub(super) fn is_as_decided(metadata: &Metadata, decided: &Metadata) -> bool {
    let uses = |it: &Metadata| it.grant_types.contains(&GrantType::Ciba);
    !uses(metadata) || uses(decided)
}

/// Returns `true` if the name is that under which the grant was approved: it is in the mails that the client has sent
/// to people (security.md DV-3).
pub(super) fn is_named_as_decided(metadata: &Metadata, decided: &Metadata) -> bool {
    let uses = decided.grant_types.contains(&GrantType::Ciba);
    !uses || metadata.client_name == decided.client_name
}

fn notification(problems: &mut Problems, metadata: &Metadata) {
    let (member, pinged) = (
        "backchannel_client_notification_endpoint",
        metadata.backchannel_token_delivery_mode == Some(DeliveryMode::Ping),
    );
    match &metadata.backchannel_client_notification_endpoint {
        None => problems.unless(!pinged, member, "is missing; the mode ping needs it"),
        Some(_) if !pinged => problems.add(member, "is for the mode ping only"),
        Some(address) => problems.unless(
            is_link(address, false),
            member,
            "is not an https URL of 512 characters at most",
        ),
    }
}

fn signed_requests(problems: &mut Problems, metadata: &Metadata, profile: Profile) {
    let alg = metadata.backchannel_authentication_request_signing_alg;
    let signs = alg.is_some() || profile == Profile::Ciba;
    // With private_key_jwt, `authentication` reports the missing keys.
    let missed_there = metadata.token_endpoint_auth_method == Some(AuthMethod::PrivateKeyJwt);
    problems.unless(
        !signs || missed_there || metadata.jwks.is_some() || metadata.jwks_uri.is_some(),
        "jwks",
        "is missing; signed authentication requests need it or jwks_uri",
    );
    let keys = metadata.jwks.as_ref().and_then(|it| ClientKeys::parse(it).ok());
    if let (Some(keys), true) = (keys, signs) {
        let algs = profile.permitted(alg.map_or_else(|| SigningAlg::ALL.to_vec(), |it| vec![it]));
        problems.unless(
            keys.can_sign_by(&algs),
            "backchannel_authentication_request_signing_alg",
            "names a signature for which jwks holds no key",
        );
    }
}

/// Checks what the profile demands. It covers this one way to tokens; for others there is FAPI 2.0.
fn check_profile(problems: &mut Problems, metadata: &Metadata) {
    let fitting = [
        GrantType::Ciba,
        GrantType::RefreshToken,
        GrantType::ClientCredentials,
    ];
    problems.unless(
        metadata.grant_types.contains(&GrantType::Ciba)
            && metadata.grant_types.iter().all(|it| fitting.contains(it)),
        "grant_types",
        "is not the grant of CIBA, alone or with refresh_token and client_credentials, as the profile has it",
    );
    let by_fitting_method = metadata
        .token_endpoint_auth_method
        .is_some_and(|it| METHODS.contains(&it));
    let names: Vec<&str> = METHODS.iter().map(|it| it.as_str()).collect();
    if !by_fitting_method {
        let reason = format!("is not {}, which FAPI asks for", names.join(" or "));
        problems.add("token_endpoint_auth_method", reason);
    }
    problems.unless(
        metadata.tls_client_certificate_bound_access_tokens,
        "tls_client_certificate_bound_access_tokens",
        "is not set; FAPI-CIBA binds each token to the certificate of its client",
    );
    for (member, alg) in [
        (
            "id_token_signed_response_alg",
            metadata.id_token_signed_response_alg,
        ),
        (
            "userinfo_signed_response_alg",
            metadata.userinfo_signed_response_alg,
        ),
        (
            "token_endpoint_auth_signing_alg",
            metadata.token_endpoint_auth_signing_alg,
        ),
        (
            "backchannel_authentication_request_signing_alg",
            metadata.backchannel_authentication_request_signing_alg,
        ),
    ] {
        let fits = alg.is_none_or(|it| !Profile::Ciba.permitted(vec![it]).is_empty());
        problems.unless(fits, member, WEAK);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::domain::client::{Definition, Metadata};
    use crate::oidc::clients::metadata_of_client;
    use crate::oidc::clients::rules::{Registrar, wrong_members};

    const GRANT: &str = "urn:openid:params:grant-type:ciba";

    fn problems(by: Registrar<'_>, changes: Value) -> Vec<String> {
        let metadata = json!({"client_name": "Bank", "scope": "openid email", "grant_types": [GRANT],
            "response_types": [], "backchannel_token_delivery_mode": "poll"});
        wrong_members(metadata, &changes, by)
    }

    fn ordinary(changes: Value) -> Vec<String> {
        problems(Registrar::Administrator, changes)
    }

    /// Returns the members that are wrong with the profile and what it requires.
    fn strict(changes: Value) -> Vec<String> {
        let key = json!({"kty": "EC", "crv": "P-256",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"});
        let mut metadata = json!({"profile": "ciba", "token_endpoint_auth_method": "private_key_jwt",
            "jwks": {"keys": [key]}, "tls_client_certificate_bound_access_tokens": true});
        for (name, value) in changes.as_object().expect("an object") {
            metadata[name] = value.clone();
        }
        ordinary(metadata)
    }

    #[test]
    fn a_client_says_how_it_hears_of_a_decision() {
        let ping = |address: Value| {
            ordinary(json!({"backchannel_token_delivery_mode": "ping",
                "backchannel_client_notification_endpoint": address}))
        };
        assert!(ordinary(json!({})).is_empty());
        assert!(ordinary(json!({"grant_types": [GRANT, "refresh_token"]})).is_empty());
        assert!(ping(json!("https://bank.example/ping")).is_empty());
        for bad in [json!(null), json!("http://bank.example/ping"), json!("/ping")] {
            assert_eq!(
                ping(bad.clone()),
                ["backchannel_client_notification_endpoint"],
                "{bad}"
            );
        }
        for (member, changes) in [
            (
                "backchannel_token_delivery_mode",
                json!({"backchannel_token_delivery_mode": null}),
            ),
            (
                "backchannel_token_delivery_mode",
                json!({"grant_types": ["client_credentials"]}),
            ),
            (
                "backchannel_client_notification_endpoint",
                json!({"backchannel_client_notification_endpoint": "https://bank.example/ping"}),
            ),
            (
                "backchannel_user_code_parameter",
                json!({"backchannel_user_code_parameter": true}),
            ),
            (
                "jwks",
                json!({"backchannel_authentication_request_signing_alg": "ES256"}),
            ),
            ("grant_types", json!({"token_endpoint_auth_method": "none"})),
            ("scope", json!({"scope": "email"})),
            ("client_name", json!({"client_name": null})),
        ] {
            assert_eq!(ordinary(changes.clone()), [member], "{changes}");
        }
        // A push is none of the modes (CIBA §5, FAPI-CIBA §5.2.2).
        let push = json!({"backchannel_token_delivery_mode": "push"});
        assert!(serde_json::from_value::<Metadata>(push).is_err());
    }

    #[test]
    fn the_profile_names_each_thing_that_it_misses() {
        for good in [
            json!({}),
            json!({"backchannel_authentication_request_signing_alg": "ES256",
                "id_token_signed_response_alg": "PS256", "userinfo_signed_response_alg": "ES256"}),
            json!({"jwks": null, "jwks_uri": "https://bank.example/jwks"}),
        ] {
            assert_eq!(strict(good.clone()), [""; 0], "{good}");
        }
        for (member, changes) in [
            (
                "grant_types",
                json!({"grant_types": [GRANT, "authorization_code"], "response_types": ["code"],
                "redirect_uris": ["https://bank.example/cb"]}),
            ),
            (
                "token_endpoint_auth_method",
                json!({"token_endpoint_auth_method": "client_secret_basic"}),
            ),
            (
                "tls_client_certificate_bound_access_tokens",
                json!({"tls_client_certificate_bound_access_tokens": null}),
            ),
            (
                "id_token_signed_response_alg",
                json!({"id_token_signed_response_alg": "EdDSA"}),
            ),
            (
                "userinfo_signed_response_alg",
                json!({"userinfo_signed_response_alg": "RS256"}),
            ),
            (
                "backchannel_authentication_request_signing_alg",
                json!({"backchannel_authentication_request_signing_alg": "RS256"}),
            ),
            ("jwks", json!({"jwks": null})),
        ] {
            let found = strict(changes.clone());
            assert!(found.iter().any(|it| it == member), "{changes}: {found:?}");
        }
    }

    #[test]
    fn the_profile_is_an_administrators_to_give() {
        let decided = &Definition::default();
        let named = json!({"profile": "ciba"});
        let metadata = metadata_of_client(named.as_object().expect("an object"), decided).expect("metadata");
        let said = serde_json::to_value(metadata).expect("JSON");
        assert!(said.get("profile").is_none()); // DR-2
        assert_eq!(
            problems(Registrar::Client { decided }, json!({})),
            ["grant_types"]
        ); // DV-3
        let approved = Metadata {
            grant_types: vec![super::GrantType::Ciba],
            client_name: Some("Bank".into()),
            ..Metadata::default()
        };
        let decided = &Definition {
            metadata: approved,
            ..Definition::default()
        };
        assert!(problems(Registrar::Client { decided }, json!({})).is_empty());
        let renamed = problems(Registrar::Client { decided }, json!({"client_name": "Bonk"}));
        assert_eq!(renamed, ["client_name"]); // DV-3
    }
}
