//! Tests that every mutated token request gets the right answer or an error of the standard, never a failure of ours,
//! and never more than was granted (RFC 6749 §5; security.md G-11, TK-11).

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::*;
use crate::support::mutations::{Pairs, is_of_the_standard, is_plain, mutate, mutation};

const GRANTED: &str = "openid email offline_access";
const API: &str = "https://api.example";
const ORDER: &str = r#"[{"type":"order","document":"x"}]"#;

/// Returns a good request for tokens, by each grant.
async fn good(kind: usize, alice: &mut crate::support::Person, rp: &mut RelyingParty) -> Pairs {
    let owned = |pairs: Vec<(&str, &str)>| -> Pairs {
        let pairs = pairs.into_iter();
        pairs
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    };
    if kind == 2 {
        return owned(vec![("grant_type", "client_credentials"), ("scope", "catalogue")]);
    }
    let more = [
        ("resource", API),
        ("resource", ISSUER),
        ("authorization_details", ORDER),
    ];
    let url = rp.authorization_url(GRANTED, if kind == 4 { &more } else { &[] });
    let back = alice.browser.get(&url).await;
    let code = rp.takes(&back);
    if kind == 0 {
        return owned(rp.redemption(&code));
    }
    if kind == 4 {
        let mut pairs = rp.redemption(&code);
        pairs.extend([more[0], more[2]]);
        return owned(pairs);
    }
    let tokens = rp.redeems(&code).await.expect("tokens");
    if kind == 3 {
        let token = "urn:ietf:params:oauth:token-type:access_token";
        return owned(vec![
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("subject_token", &tokens.access_token),
            ("subject_token_type", token),
            ("requested_token_type", token),
            ("resource", API),
            ("scope", "email"),
        ]);
    }
    let refresh_token = tokens.refresh_token.expect("a refresh token");
    owned(vec![
        ("grant_type", "refresh_token"),
        ("refresh_token", &refresh_token),
        ("scope", "openid email"),
    ])
}

#[tokio::test]
async fn a_token_request_in_any_shape_gets_a_standard_answer() {
    let op = open_provider().await;
    let metadata = json!({"grant_types": ["authorization_code", "refresh_token", "client_credentials",
        "urn:ietf:params:oauth:grant-type:token-exchange"], "resources": [API, ISSUER],
        "authorization_details_types": ["order"], "scope": format!("{GRANTED} catalogue")});
    let mut rp = op.client_with("rp", metadata).await;
    let mut alice = op.person("alice@example.org").await;
    alice.logs_in().await;

    let kinds = (0..5_usize, prop::collection::vec(mutation(), 0..4));
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let (mut granted, mut refused) = (0, 0);
    for case in 0..700 {
        op.advance(5); // too many failures are throttled for a minute
        let (kind, mutations) = kinds.new_tree(&mut runner).expect("a case").current();
        let mut pairs = good(kind, &mut alice, &mut rp).await;
        mutations.iter().for_each(|it| mutate(&mut pairs, it));
        let about = format!("{case}: grant {kind}, {mutations:?}");
        let fields: Vec<_> = pairs.iter().map(|it| (it.0.as_str(), it.1.as_str())).collect();

        // The router answers with no 5xx: the relying party itself refuses it.
        let answer = rp.posts_with("/token", &fields, &[]).await;
        let returned: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
        assert_eq!(answer.headers()["cache-control"], "no-store", "{about}"); // TK-11
        if answer.status() == 200 {
            granted += 1;
            assert!(returned["access_token"].is_string(), "{about}");
            let most = if kind == 2 { "catalogue" } else { GRANTED };
            let scope = returned["scope"].as_str().expect("a scope");
            let allowed = |it: &str| most.split(' ').any(|other| it == other);
            assert!(
                scope.split(' ').filter(|it| !it.is_empty()).all(allowed),
                "{about}: {scope}"
            );
            continue;
        }
        refused += 1;
        assert!(!mutations.is_empty(), "{about}: {returned}"); // a good request is granted
        assert!(
            (400..500).contains(&answer.status().as_u16()),
            "{about}: {}",
            answer.status()
        );
        let code = returned["error"].as_str().unwrap_or_default();
        assert!(
            is_of_the_standard(code) || answer.status() == 429,
            "{about}: {returned}"
        );
        let description = returned["error_description"].as_str().unwrap_or_default();
        assert!(is_plain(description), "{about}: {description}");
        assert!(returned.get("access_token").is_none(), "{about}");
    }
    // Mutations break some requests, not all.
    assert!(granted > 100 && refused > 100, "{granted} {refused}");
}
