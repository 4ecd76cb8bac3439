//! Tests that every mutated request of a device, at its own endpoint or the token endpoint, gets a standard error or
//! the right answer, and tokens only for a person who allowed them (security.md G-11, G-8).

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::*;
use crate::support::mutations::{Pairs, is_of_the_standard, is_plain, mutate, mutation};

fn borrowed(pairs: &Pairs) -> Vec<(&str, &str)> {
    pairs.iter().map(|it| (it.0.as_str(), it.1.as_str())).collect()
}

fn owned<const N: usize>(pairs: [(&str, &str); N]) -> Pairs {
    let owned = pairs.into_iter().map(|it| (it.0.to_owned(), it.1.to_owned()));
    owned.collect()
}

#[tokio::test]
async fn a_device_in_any_shape_gets_a_standard_answer() {
    let op = TestOp::start().await;
    // The client authenticates by a secret, so that only its request is mutated.
    let secret = json!({"token_endpoint_auth_method": "client_secret_basic", "grant_types": [GRANT],
        "scope": "openid email"});
    let tv = television_with(&op, secret).await;
    let mut alice = somebody(&op).await;
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let kinds = (any::<bool>(), prop::collection::vec(mutation(), 0..4));
    let (mut given, mut refused) = (0, 0);
    for case in 0..400 {
        let (allowed, mutations) = kinds.new_tree(&mut runner).expect("a case").current();
        let about = format!("{case}: {mutations:?}");
        let mut asked = owned([("client_id", "tv"), ("scope", "openid email")]);
        mutations.iter().for_each(|it| mutate(&mut asked, it));
        let (status, answer) = tv.posts(DEVICE_AUTHORIZATION, &borrowed(&asked)).await;
        judge(status, &answer, "device_code", &about);

        let codes = tv.asks_for_codes("openid").await;
        if allowed {
            alice.decides(codes.user_code(), "allow").await;
        }
        let code = codes.text("device_code");
        let mut asked = owned([("grant_type", GRANT), ("device_code", code), ("client_id", "tv")]);
        mutations.iter().for_each(|it| mutate(&mut asked, it));
        let (status, answer) = tv.posts(TOKEN, &borrowed(&asked)).await;
        judge(status, &answer, "access_token", &about);
        match status {
            200 => given += 1,
            _ => refused += 1,
        }
        assert!(status != 200 || allowed, "{about}: {answer}");
    }
    assert!(given > 50 && refused > 100, "{given} {refused}"); // mutations break some requests, not all
}

fn judge(status: u16, answer: &Value, good: &str, about: &str) {
    if status == 200 {
        assert!(answer[good].is_string(), "{about}: {answer}");
        return;
    }
    assert!((400..500).contains(&status), "{about}: {status}");
    let code = answer["error"].as_str().unwrap_or_default();
    assert!(is_of_the_standard(code), "{about}: {answer}");
    let description = answer["error_description"].as_str().unwrap_or_default();
    assert!(is_plain(description), "{about}: {answer}");
}
