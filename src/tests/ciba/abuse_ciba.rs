//! Tests that every mutated request, at the backchannel authentication endpoint or the token endpoint, gets a standard
//! error or the right answer, and tokens only for a person who allowed them (security.md G-11, G-8).

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::*;
use crate::support::mutations::{Pairs, is_of_the_standard, is_plain, mutate, mutation};
use itu_account::config::Rate;

fn borrowed(pairs: &Pairs) -> Vec<(&str, &str)> {
    pairs.iter().map(|it| (it.0.as_str(), it.1.as_str())).collect()
}

fn owned<const N: usize>(pairs: [(&str, &str); N]) -> Pairs {
    let owned = pairs.into_iter().map(|it| (it.0.to_owned(), it.1.to_owned()));
    owned.collect()
}

#[tokio::test]
async fn a_request_in_any_shape_gets_a_standard_answer() {
    let op = TestOp::with(|config| {
        let many = vec![Rate::new(10_000, 60)];
        config.limits.authentication_requests = many.clone();
        config.limits.unknown_hints = many;
        config.limits.authentication_requests_waiting = 10_000;
    })
    .await;
    let bank = bank(&op).await;
    let mut alice = somebody(&op).await;
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let kinds = (any::<bool>(), prop::collection::vec(mutation(), 0..4));
    let (mut given, mut refused) = (0, 0);
    for case in 0..200 {
        op.advance(1);
        let (allowed, mutations) = kinds.new_tree(&mut runner).expect("a case").current();
        let about = format!("{case}: {mutations:?}");
        let mut asked = owned([
            ("scope", "openid email"),
            ("login_hint", ALICE),
            ("binding_message", "1234"),
            ("requested_expiry", "300"),
        ]);
        mutations.iter().for_each(|it| mutate(&mut asked, it));
        let (status, answer) = bank.posts(BACKCHANNEL_AUTHENTICATION, &borrowed(&asked)).await;
        judge(status, &answer, "auth_req_id", &about);

        let known = bank.is_given(ALICE, &[]).await;
        if allowed {
            alice.answers("allow").await;
        }
        let mut asked = owned([
            ("grant_type", GRANT),
            ("auth_req_id", known.id()),
            ("client_id", "bank"),
        ]);
        mutations.iter().for_each(|it| mutate(&mut asked, it));
        let (status, answer) = bank.posts(TOKEN, &borrowed(&asked)).await;
        judge(status, &answer, "access_token", &about);
        match status {
            200 => given += 1,
            _ => refused += 1,
        }
        assert!(status != 200 || allowed, "{about}: {answer}");
    }
    assert!(given > 25 && refused > 50, "{given} {refused}"); // mutations break some requests, not all
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
