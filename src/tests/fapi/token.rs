//! Tests the token endpoint: the client's authentication, the owner of the code, lifetimes (FAPI 2.0 §5.3.2.1, §5.4.1).

use super::*;

#[tokio::test]
async fn an_assertion_is_for_the_issuer_now_and_signed_well() {
    let op = TestOp::start().await;
    let bank = op.service("bank", "fapi2").await;
    let now = bank.now();
    let push = async |assertion: Pairs| bank.calls(PAR, &bank.request(&[]), &assertion, None).await;
    for good in [
        json!({}),
        json!({"nbf": now + 8, "iat": now + 8}),
        json!({"exp": now + 300}),
    ] {
        assert_eq!(push(bank.assertion(good.clone())).await.status(), 201, "{good}");
    }
    for bad in [
        json!({"aud": [ISSUER]}),
        json!({"aud": format!("{ISSUER}{TOKEN}")}),
        json!({"aud": format!("{ISSUER}{PAR}")}),
        json!({"aud": "https://other.example.test"}),
        json!({"aud": null}),
        json!({"sub": null}),
        json!({"iss": "other"}),
        json!({"exp": now - 300}),
        json!({"nbf": now + 62, "iat": now + 62, "exp": now + 122}),
    ] {
        let answer = push(bank.assertion(bad.clone())).await;
        assert_eq!(error_of(&answer), refused(401, "invalid_client"), "{bad}"); // TK-7
    }
    assert_eq!(error_of(&push(Vec::new()).await), refused(401, "invalid_client"));
}

#[tokio::test]
async fn the_weak_signature_is_refused_of_the_very_same_key() {
    let op = TestOp::start().await;
    let key = Signer::new("RS256");
    let metadata = |profile: &str| {
        json!({"profile": profile, "token_endpoint_auth_method": "private_key_jwt",
            "jwks": {"keys": [key.public()]}, "dpop_bound_access_tokens": true})
    };
    for (name, profile, error) in [("bank", "fapi2", "invalid_client"), ("shop", "oidc", "")] {
        let service = Service {
            op: &op,
            rp: op.client_with(name, metadata(profile)).await,
            key: Signer::new("ES256"),
            proofs: Prover::new(&op),
        };
        let assertion = service.assertion_by(&key, "RS256", json!({}));
        let answer = service.calls(PAR, &service.request(&[]), &assertion, None).await;
        assert_eq!(error_of(&answer).1, error, "{profile}"); // FAPI 2.0 §5.4.1
    }
}

#[tokio::test]
async fn a_code_is_of_its_client_its_verifier_and_a_minute() {
    // The lifetime holds, however long that of other clients may be.
    let op = TestOp::with(|it| it.tokens.authorization_code = std::time::Duration::from_mins(5)).await;
    let (bank, other) = (
        op.service("bank", "fapi2").await,
        op.service("other", "fapi2").await,
    );
    let mut alice = op.somebody().await;
    let code = bank.code(&mut alice).await;
    let foreign = other.redemption(&code, &[("redirect_uri", &bank.rp.redirect_uri)]);
    assert_eq!(
        error_of(&other.asks(&foreign).await),
        refused(400, "invalid_grant")
    ); // RFC 6749 §5.2

    // The request names another client than the one that authenticates.
    let proof = bank.proofs.proves("POST", TOKEN, None);
    let fields = bank.redemption(&code, &[]);
    let mixed = other
        .calls(TOKEN, &fields, &bank.assertion(json!({})), Some(&proof))
        .await;
    assert_eq!(error_of(&mixed), refused(401, "invalid_client"));

    for wrong in ["", CHALLENGE] {
        let code = bank.code(&mut alice).await;
        let answer = bank
            .asks(&bank.redemption(&code, &[("code_verifier", wrong)]))
            .await;
        assert_eq!(error_of(&answer), refused(400, "invalid_grant"), "{wrong}"); // RFC 7636 §4.6
    }
    let code = bank.code(&mut alice).await;
    op.advance(59);
    assert_eq!(bank.asks(&bank.redemption(&code, &[])).await.status(), 200);
    let again = bank.asks(&bank.redemption(&code, &[])).await;
    assert_eq!(error_of(&again), refused(400, "invalid_grant"));

    let code = bank.code(&mut alice).await;
    op.advance(60);
    let late = bank.asks(&bank.redemption(&code, &[])).await;
    assert_eq!(error_of(&late), refused(400, "invalid_grant")); // FAPI 2.0 §5.3.2.1
}

#[tokio::test]
async fn a_reused_code_ends_what_it_bought() {
    let op = TestOp::start().await;
    let bank = op.service("bank", "fapi2").await;
    let mut alice = op.somebody().await;
    let code = bank.code(&mut alice).await;
    let fields = bank.redemption(&code, &[]);
    let tokens = body(&bank.asks(&fields).await);
    let access = tokens["access_token"].as_str().expect("an access token");
    assert_eq!(bank.userinfo("DPoP", access).await.status(), 200);
    assert_eq!(error_of(&bank.asks(&fields).await), refused(400, "invalid_grant"));
    assert_eq!(bank.userinfo("DPoP", access).await.status(), 401); // TK-2
}

#[tokio::test]
async fn tokens_are_bound_or_not_given() {
    let op = TestOp::start().await;
    let bank = op.service("bank", "fapi2").await;
    let mut alice = op.somebody().await;
    let code = bank.code(&mut alice).await;
    let fields = bank.redemption(&code, &[]);
    let unproved = bank.calls(TOKEN, &fields, &bank.assertion(json!({})), None).await;
    assert_eq!(error_of(&unproved), refused(400, "invalid_dpop_proof"));
    // The client is asked for a proof, and comes again with the same code.
    let answer = bank.asks(&fields).await;
    assert_eq!(answer.headers()["cache-control"], "no-store"); // RFC 6749 §5.1
    assert_eq!(body(&answer)["token_type"], "DPoP");
}

#[tokio::test]
async fn a_refresh_token_stays_and_may_change_its_key() {
    let op = TestOp::start().await;
    let mut bank = op.service("bank", "fapi2").await;
    let other = op.service("other", "fapi2").await;
    let mut alice = op.somebody().await;
    let tokens = bank.tokens(&mut alice).await;
    let refresh = tokens["refresh_token"]
        .as_str()
        .expect("a refresh token")
        .to_owned();
    let fields = pairs(&[("grant_type", "refresh_token"), ("refresh_token", &refresh)]);

    for seconds in [1, 30, 86_400 * 13] {
        op.advance(seconds);
        bank.proofs = Prover::new(&op); // RFC 9449 §5
        let answer = bank.asks(&fields).await;
        assert_eq!(answer.status(), 200, "{}", body(&answer));
        assert_eq!(answer.headers()["cache-control"], "no-store"); // RFC 6749 §5.1
        let renewed = body(&answer);
        assert_eq!(renewed.get("refresh_token"), None); // TK-5: not rotated
        let access = renewed["access_token"].as_str().expect("an access token");
        assert_eq!(bank.userinfo("DPoP", access).await.status(), 200);
    }
    assert_eq!(
        error_of(&other.asks(&fields).await),
        refused(400, "invalid_grant")
    );
    let unproved = bank.calls(TOKEN, &fields, &bank.assertion(json!({})), None).await;
    assert_eq!(error_of(&unproved), refused(400, "invalid_dpop_proof"));
    let proof = bank.proofs.proves("POST", TOKEN, None);
    let nobody = bank.calls(TOKEN, &fields, &Vec::new(), Some(&proof)).await;
    assert_eq!(error_of(&nobody), refused(401, "invalid_client"));

    // Use lengthens the token's life, though not without end: idle 14 days, 30 at most.
    op.advance(86_400 * 13);
    assert_eq!(bank.asks(&fields).await.status(), 200);
    op.advance(86_400 * 5);
    assert_eq!(error_of(&bank.asks(&fields).await), refused(400, "invalid_grant"));
}
