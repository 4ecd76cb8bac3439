//! Tests signed authorization responses (JWT Secured Authorization Response Mode; security.md AZ-4).

use super::*;

async fn for_all_modes(op: &TestOp) -> RelyingParty {
    let types: Vec<String> = ResponseType::ALL.iter().map(ToString::to_string).collect();
    let metadata = json!({"response_types": types, "authorization_signed_response_alg": "ES256",
        "grant_types": ["authorization_code", "implicit", "refresh_token"]});
    op.client_with("rp", metadata).await
}

#[tokio::test]
async fn the_answer_is_one_jwt_in_its_place() {
    let op = open_provider().await;
    let rp = for_all_modes(&op).await;
    let mut alice = op.person("alice@example.org").await;
    alice.logs_in().await;
    let now = op.clock.now().timestamp();
    for (response_type, mode, place) in [
        ("code", "jwt", "query"),
        ("code", "query.jwt", "query"),
        ("code", "fragment.jwt", "fragment"),
        ("code", "form_post.jwt", "form"),
        ("code id_token", "jwt", "fragment"),
        ("id_token token", "fragment.jwt", "fragment"),
        ("id_token", "form_post.jwt", "form"),
    ] {
        let url = url_of(&rp, &[("response_type", response_type), ("response_mode", mode)]);
        let back = alice.browser.get(&url).await;
        let form = || {
            let form = back.form(&["response"]);
            assert_eq!(form.action.as_str(), rp.redirect_uri);
            Value::Object(
                form.fields
                    .into_iter()
                    .map(|(name, value)| (name, value.into()))
                    .collect(),
            )
        };
        let answer = match place {
            "query" => query(&back),
            "fragment" => fragment(&back),
            _ => form(),
        };
        let outside: Vec<&String> = answer.as_object().expect("pairs").keys().collect();
        assert_eq!(outside, ["response"], "{response_type} {mode}: {}", back.url); // JARM §2.3
        let jwt = answer["response"].as_str().expect("a JWT");
        let inside = claims(&op, &answer["response"]);
        assert_eq!((&inside["iss"], &inside["aud"]), (&ISSUER.into(), &"rp".into())); // JARM §2.1
        assert_eq!(inside["exp"], now + 300);
        assert_eq!(inside["state"], "a state");
        assert_eq!(inside.get("code").is_some(), response_type.contains("code"));
        assert_eq!(
            inside.get("id_token").is_some(),
            response_type.contains("id_token")
        );
        let header = crate::support::protocol::header_of(jwt);
        assert_eq!(header["alg"], "ES256");
        assert!(header["kid"].is_string());

        // A code works as ever; a response is no ID token.
        if response_type == "code" {
            let code = inside["code"].as_str().expect("a code");
            let redeem = [
                ("grant_type", "authorization_code"),
                ("code", code),
                ("redirect_uri", &rp.redirect_uri),
            ];
            assert_eq!(rp.posts("/token", &redeem).await.0, 200);
        }
        let hinted = alice.browser.get(&url_of(&rp, &[("id_token_hint", jwt)])).await;
        assert_eq!(hinted.query("error").as_deref(), Some("invalid_request")); // JW-4
    }
}

#[tokio::test]
async fn refusals_are_signed_alike() {
    let op = open_provider().await;
    let rp = for_all_modes(&op).await;
    let mut visitor = op.browser();
    for (error, more) in [
        (
            "login_required",
            &[("prompt", "none"), ("response_mode", "jwt")][..],
        ),
        (
            "invalid_request",
            &[("prompt", "maybe"), ("response_mode", "query.jwt")],
        ),
        (
            "unsupported_response_type",
            &[("response_type", "x"), ("response_mode", "jwt")],
        ),
    ] {
        let back = visitor.get(&url_of(&rp, more)).await;
        let inside = claims(&op, &query(&back)["response"]);
        assert_eq!(
            (&inside["error"], &inside["state"]),
            (&error.into(), &"a state".into())
        );
        assert_eq!(inside["aud"], "rp");
    }
    // Tokens in a query would end in logs, signed or not (JARM §2.3.1).
    let url = url_of(
        &rp,
        &[("response_type", "code token"), ("response_mode", "query.jwt")],
    );
    let back = visitor.get(&url).await;
    let inside = claims(&op, &fragment(&back)["response"]);
    assert_eq!(inside["error"], "invalid_request");
}

#[tokio::test]
async fn a_client_that_did_not_register_for_them_gets_plain_ones() {
    let op = TestOp::start().await;
    let rp = op.client("rp").await;
    for mode in ["jwt", "query.jwt", "fragment.jwt", "form_post.jwt"] {
        let back = op.browser().get(&url_of(&rp, &[("response_mode", mode)])).await;
        assert_eq!(back.query("error").as_deref(), Some("invalid_request"), "{mode}"); // AZ-4
    }
}
