//! Tests that every mutated authorization request, by the browser or pushed, gets a standard error or the right answer,
//! never a failure of ours, never a redirect to an address that is not registered (RFC 6749 §4.1.2.1; security.md
//! G-11).

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::*;
use crate::support::mutations::{Pairs, is_of_the_standard, is_plain, mutate, mutation};

/// Returns a good request of some kind.
fn good(rp: &RelyingParty, response_type: &str, mode: &str, object: Option<&str>) -> Pairs {
    let mut pairs = vec![
        ("client_id", rp.id.as_str()),
        ("redirect_uri", rp.redirect_uri.as_str()),
        ("response_type", response_type),
        ("scope", "openid email"),
        ("state", "a state"),
        ("nonce", "a-nonce"),
    ];
    pairs.extend((!mode.is_empty()).then_some(("response_mode", mode)));
    pairs.extend(object.map(|it| ("request", it)));
    let owned = pairs
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    owned.collect()
}

/// Returns the parameters that came back to the service, wherever they stand; `None` for a page of ours.
fn arrived(op: &TestOp, rp: &RelyingParty, page: &Page) -> Option<BTreeMap<String, String>> {
    let own = page.url.as_str().starts_with(ISSUER);
    let mut pairs: BTreeMap<String, String> = match page.find_form_at("/callback") {
        Some(form) if own => {
            assert_eq!(form.action.as_str(), rp.redirect_uri);
            form.fields.into_iter().collect()
        }
        _ if own => return None,
        _ => {
            let (address, answer) = page.url.as_str().split_once(['?', '#']).expect("an answer");
            assert_eq!(address, rp.redirect_uri); // nowhere else: AZ-2
            form_urlencoded::parse(answer.as_bytes()).into_owned().collect()
        }
    };
    if let Some(response) = pairs.remove("response") {
        let inside = claims(op, &response.into());
        let members = inside.as_object().expect("claims");
        let text = |it: &Value| it.as_str().map_or_else(|| it.to_string(), str::to_owned);
        pairs = members
            .iter()
            .map(|(name, value)| (name.clone(), text(value)))
            .collect();
    }
    Some(pairs)
}

#[tokio::test]
async fn a_request_in_any_shape_gets_a_standard_answer() {
    let op = open_provider().await;
    let signer = Signer::new("ES256");
    let types: Vec<String> = ResponseType::ALL.iter().map(ToString::to_string).collect();
    let metadata = json!({"response_types": types, "jwks": {"keys": [signer.public()]},
        "grant_types": ["authorization_code", "implicit", "refresh_token"],
        "authorization_signed_response_alg": "ES256"});
    let rp = op.client_with("rp", metadata).await;
    op.client("other").await;
    let mut alice = op.person("alice@example.org").await;
    alice.logs_in().await;
    let mut visitor = op.browser();
    let object = json!({"iss": rp.id, "aud": ISSUER, "redirect_uri": rp.redirect_uri, "state": "inside"});
    let object = signer.signs(&object);

    let kinds = (
        prop::sample::select(types.clone()),
        prop::sample::select(vec!["", "form_post", "jwt", "form_post.jwt"]),
        any::<bool>(),
        prop::collection::vec(mutation(), 0..4),
    );
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let (mut granted, mut refused, mut pages) = (0, 0, 0);
    for case in 0..1200 {
        let tree = kinds.new_tree(&mut runner).expect("a case");
        let (response_type, mode, with_object, mutations) = tree.current();
        let mut pairs = good(&rp, &response_type, mode, with_object.then_some(object.as_str()));
        mutations.iter().for_each(|it| mutate(&mut pairs, it));
        let about = format!("{case}: {mutations:?}");

        // The request is pushed by an authenticated client, unless the mutation broke its credentials.
        let fields: Vec<_> = pairs.iter().map(|it| (it.0.as_str(), it.1.as_str())).collect();
        let (status, answer) = rp.posts("/par", &fields).await;
        if status == 201 {
            assert!(answer["request_uri"].is_string(), "{about}");
        } else {
            assert!((400..500).contains(&status), "{about}: {status}");
            let code = answer["error"].as_str().unwrap_or_default();
            assert!(is_of_the_standard(code) || status == 429, "{about}: {answer}");
            assert!(
                is_plain(answer["error_description"].as_str().unwrap_or_default()),
                "{about}"
            );
        }

        // The browser sends it with and without a session, by GET as by POST. It refuses every 5xx.
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&pairs)
            .finish();
        // DS-1: a request that is longer than an address may be comes as a form.
        let kind = if query.len() > 8000 { 2 } else { case % 3 };
        let page = match kind {
            0 => visitor.get(&format!("/authorize?{query}")).await,
            1 => alice.browser.get(&format!("/authorize?{query}")).await,
            _ => alice.browser.post("/authorize", &fields).await,
        };
        let Some(returned) = arrived(&op, &rp, &page) else {
            pages += 1;
            continue;
        };
        assert_eq!(returned["iss"], ISSUER, "{about}"); // AZ-11
        match returned.get("error") {
            Some(code) => {
                refused += 1;
                assert!(is_of_the_standard(code), "{about}: {code}");
                assert!(
                    is_plain(returned.get("error_description").map_or("", String::as_str)),
                    "{about}"
                );
                let secrets = ["code", "id_token", "access_token"];
                assert!(secrets.iter().all(|it| !returned.contains_key(*it)), "{about}");
            }
            None => {
                granted += 1;
                // The answer holds only what this client asked for, with its state.
                assert!(
                    returned.contains_key("code") || returned.contains_key("id_token"),
                    "{about}: {returned:?}"
                );
            }
        }
        assert!(!returned.contains_key("refresh_token"), "{about}");
    }
    // Mutations break some requests, not all.
    assert!(
        granted > 50 && refused > 100 && pages > 100,
        "{granted} {refused} {pages}"
    );
}
