//! Tests that requests come by reference only, and that only pushed parameters count (FAPI 2.0 §5.3.2.2).

use axum::body::Body;
use tower::ServiceExt;

use super::*;

#[tokio::test]
async fn what_was_pushed_counts_and_nothing_beside_it() {
    let op = TestOp::start().await;
    let bank = op.service("bank", "fapi2").await;
    let mut alice = op.somebody().await;
    for (name, value, length) in [("nonce", "n", 384), ("state", "s", 1000)] {
        let long = value.repeat(length);
        let uri = bank.reference(&bank.request(&[(name, &long)])).await;
        let outside = [("state", "another"), ("nonce", "another"), ("scope", "profile")];
        let back = alice.goes_through(&bank.opens(&uri, &outside)).await;
        let state = if name == "state" {
            &long
        } else {
            "the pushed state"
        };
        assert_eq!(back.query("state").as_deref(), Some(state));
        assert_eq!(back.query("iss").as_deref(), Some(ISSUER)); // RFC 9207
        let code = back.query("code").expect("a code");
        let tokens = body(&bank.asks(&bank.redemption(&code, &[])).await);
        let claims = op
            .app
            .keys
            .verify_own(tokens["id_token"].as_str().expect("one"), "JWT");
        let nonce = if name == "nonce" {
            &long
        } else {
            "the pushed nonce"
        };
        assert_eq!(claims.expect("ours")["nonce"], nonce);
        let header = crate::support::protocol::header_of(tokens["id_token"].as_str().expect("one"));
        assert_eq!(header["alg"], "PS256"); // FAPI 2.0 §5.4.1
    }
    // A state that was not pushed is ignored.
    let uri = bank
        .reference(&bank.request(&[("state", ""), ("nonce", "")]))
        .await;
    let back = alice
        .goes_through(&bank.opens(&uri, &[("state", "outside")]))
        .await;
    assert_eq!((back.query("state"), back.query("code").is_some()), (None, true));
}

#[tokio::test]
async fn a_refusal_is_returned_with_the_whole_state() {
    let op = TestOp::start().await;
    let bank = op.service("bank", "fapi2").await;
    let long = "x".repeat(1000);
    let uri = bank
        .reference(&bank.request(&[("state", &long), ("prompt", "none")]))
        .await;
    let back = op.browser().get(&bank.opens(&uri, &[])).await;
    assert_eq!(back.query("error").as_deref(), Some("login_required"));
    assert_eq!(back.query("state"), Some(long));
}

#[tokio::test]
async fn a_request_that_was_not_pushed_is_refused() {
    let op = TestOp::start().await;
    let bank = op.service("bank", "fapi2").await;
    let mut visitor = op.browser();
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("client_id", "bank")
        .extend_pairs(bank.request(&[]))
        .finish();
    let back = visitor.get(&format!("/authorize?{query}")).await;
    assert!(
        back.url.as_str().starts_with(&bank.rp.redirect_uri),
        "{}",
        back.url
    );
    assert_eq!(back.query("error").as_deref(), Some("invalid_request"));
    assert_eq!(back.query("state").as_deref(), Some("the pushed state"));

    // The same provider goes on serving clients that need not push.
    let shop = op.client("shop").await;
    let query = query.replace("bank", "shop");
    assert_eq!(
        visitor.get(&format!("/authorize?{query}")).await.url.path(),
        "/login",
        "{}",
        shop.id
    );
}

#[tokio::test]
async fn a_reference_is_for_its_client_for_a_minute_and_for_one_answer() {
    let op = TestOp::start().await;
    let (bank, other) = (
        op.service("bank", "fapi2").await,
        op.service("other", "fapi2").await,
    );
    let mut alice = op.person("alice@example.org").await;
    let uri = bank.reference(&bank.request(&[])).await;
    let own = [("redirect_uri", bank.rp.redirect_uri.as_str())];
    let theirs = [("redirect_uri", other.rp.redirect_uri.as_str())];

    let foreign = alice.browser.get(&other.opens(&uri, &theirs)).await;
    assert_eq!(foreign.query("error").as_deref(), Some("invalid_request_uri"));
    // RFC 9126 §4: the first visit stops at the login, and a reload is no second use.
    assert_eq!(
        alice.browser.get(&bank.opens(&uri, &[])).await.url.path(),
        "/login"
    );
    let back = alice.goes_through(&bank.opens(&uri, &[])).await;
    assert!(back.query("code").is_some(), "{}", back.url);
    let again = alice.browser.get(&bank.opens(&uri, &own)).await;
    assert_eq!(again.query("error").as_deref(), Some("invalid_request_uri"));

    let uri = bank.reference(&bank.request(&[])).await;
    op.advance(60);
    let late = alice.browser.get(&bank.opens(&uri, &own)).await;
    assert_eq!(late.query("error").as_deref(), Some("invalid_request_uri"));
}

#[tokio::test]
async fn each_bad_request_is_refused_when_it_is_pushed() {
    let op = TestOp::start().await;
    let bank = op.service("bank", "fapi2").await;
    for (error, more) in [
        (
            "invalid_request",
            &[("code_challenge", ""), ("code_challenge_method", "")][..],
        ),
        (
            "invalid_request",
            &[("code_challenge", VERIFIER), ("code_challenge_method", "plain")],
        ),
        ("invalid_request", &[("code_challenge_method", "")]),
        ("invalid_request", &[("redirect_uri", "")]),
        (
            "invalid_request",
            &[("redirect_uri", "https://evil.example.test/")],
        ),
        (
            "invalid_request",
            &[("request_uri", "urn:ietf:params:oauth:request_uri:x")],
        ),
        ("unsupported_response_type", &[("response_type", "code id_token")]),
        ("unsupported_response_type", &[("response_type", "token")]),
        ("invalid_request", &[("response_mode", "jwt")]), // AZ-4: of message signing, or registered
        ("invalid_request_object", &[("request", "x.y.z")]),
    ] {
        let answer = bank.pushes(&bank.request(more)).await;
        assert_eq!(error_of(&answer), refused(400, error), "{more:?}");
    }
    let put = axum::http::Request::put(PAR).header("host", "id.example.test");
    let put = put.body(Body::empty()).expect("a request");
    let put = op.router.clone().oneshot(put).await.expect("infallible");
    assert_eq!(put.status(), 405);
}

#[tokio::test]
async fn a_pushed_key_is_the_one_of_the_proof() {
    let op = TestOp::start().await;
    let bank = op.service("bank", "fapi2").await;
    let mut alice = op.somebody().await;
    let (own, other) = (bank.proofs.thumbprint(), Prover::new(&op));
    let proof = || Some(bank.proofs.proves("POST", PAR, None));
    let push = async |jkt: &str| {
        let fields = bank.request(&[("dpop_jkt", jkt)]);
        bank.calls(PAR, &fields, &bank.assertion(json!({})), proof().as_deref())
            .await
    };
    assert_eq!(
        error_of(&push(&other.thumbprint()).await),
        refused(400, "invalid_dpop_proof")
    );
    for jkt in [own.as_str(), ""] {
        let pushed = body(&push(jkt).await);
        let uri = pushed["request_uri"].as_str().expect("a reference");
        let back = alice.goes_through(&bank.opens(uri, &[])).await;
        let code = back.query("code").expect("a code");
        let thief = other.proves("POST", TOKEN, None);
        let fields = bank.redemption(&code, &[]);
        let stolen = bank
            .calls(TOKEN, &fields, &bank.assertion(json!({})), Some(&thief))
            .await;
        assert_eq!(error_of(&stolen), refused(400, "invalid_grant"));
    }
}
