//! Tests the log of refusals at the authorization endpoint.

use super::*;

#[tokio::test]
async fn refusals_at_the_authorization_endpoint() {
    let op = TestOp::start().await;
    let rp = op.client("shop").await;
    let closed = disabled(&op).await;
    let public = op
        .client_with("app", json!({"token_endpoint_auth_method": "none"}))
        .await;
    let pushing = op
        .client_with("pushing", json!({"require_pushed_authorization_requests": true}))
        .await;
    let mut watch = Watch::begin();
    let secret = rp.secret.clone().expect("a secret");
    watch.keeps(&secret);

    for (received, words) in [
        ("shopp", &["client_id", "an unknown client", "shopp"][..]),
        ("closed", &["client_id", "a disabled client", "closed"]),
        (&secret, &["[redacted: the secret of a client]"]),
        ("sh\u{43e}p", &["sh\\u{43e}p"]),
    ] {
        authorizes(&op, &asks(&rp, &[("client_id", received)])).await;
        watch.refused("", words);
    }
    authorizes(&op, &asks(&closed, &[("client_id", "")])).await;
    watch.refused("", &["client_id must be given, once"]);

    let registered = "https://shop.example.test/callback";
    for (received, words) in [
        (
            "https://shop.example.test/callback/",
            &["https://shop.example.test/callback/", registered][..],
        ),
        (
            "https://shop.example.test/callback?next=s3cret",
            &["callback?next=[...]", registered],
        ),
        (
            "https://me:s3cret@shop.example.test/callback#s3cret",
            &["//[...]@shop", "callback#[...]"],
        ),
        (
            "",
            &[
                "redirect_uri must be given, once",
                "(not exactly one)",
                registered,
            ],
        ),
    ] {
        watch.keeps("s3cret");
        let page = authorizes(&op, &asks(&rp, &[("redirect_uri", received)])).await;
        watch.refused("shop", words);
        // AZ-1: the person sees a reference alone.
        assert_eq!(page.status, 400);
        let text = page.text_of("main");
        assert!(!text.contains("shop.example.test"), "{text}");
        assert!(text.contains(page.header("x-request-id")));
    }
    let twice = [asks(&rp, &[]), vec![("redirect_uri", registered)]].concat();
    authorizes(&op, &twice).await;
    watch.refused("shop", &["(not exactly one)"]);

    let long = "x".repeat(3000);
    let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    let of_checks: &[(Fields<'_>, &[&str])] = &[
        (&[("response_type", "")], &["response_type is missing"]),
        (&[("response_type", "id_token")], &["unsupported_response_type"]),
        (&[("response_mode", "pigeon")], &["response_mode"]),
        (
            &[("response_mode", "jwt")],
            &["not registered for signed responses"],
        ),
        (&[("scope", "admin")], &["scope", "admin", "openid profile email"]),
        (&[("scope", "openid \u{e9}")], &["invalid_scope"]),
        (&[("state", &long)], &["state is longer"]),
        (&[("nonce", &long)], &["nonce is longer"]),
        (&[("prompt", "maybe")], &["invalid_request"]),
        (&[("prompt", "none")], &["login_required"]),
        (&[("display", "wall")], &["display"]),
        (&[("max_age", "-1")], &["max_age"]),
        (&[("claims", "[]")], &["invalid_request"]),
        (&[("id_token_hint", "s3cret")], &["id_token_hint"]),
        (&[("registration", "{}")], &["registration_not_supported"]),
        (&[("code_challenge", "short")], &["code_challenge"]),
        (
            &[("code_challenge", challenge), ("code_challenge_method", "plain")],
            &["code_challenge_method"],
        ),
        (&[("request", "s3cret")], &["invalid_request_object"]),
        (
            &[("request", "s3cret"), ("request_uri", "https://a.example")],
            &["exclude each other"],
        ),
        (
            &[("request_uri", "https://a.example/s3cret")],
            &["request_uri_not_supported"],
        ),
        (
            &[("request_uri", "urn:ietf:params:oauth:request_uri:s3cret")],
            &["invalid_request_uri"],
        ),
        (&[("resource", "not absolute")], &["invalid_target"]),
        (
            &[("authorization_details", "{}")],
            &["invalid_authorization_details"],
        ),
        (&[("dpop_jkt", "x")], &["dpop_jkt"]),
    ];
    for (changes, words) in of_checks {
        authorizes(&op, &asks(&rp, changes)).await;
        watch.refused("shop", words);
    }
    let twice = [asks(&rp, &[]), vec![("scope", "openid")]].concat();
    authorizes(&op, &twice).await;
    watch.refused("shop", &["scope is given more than once"]);
    authorizes(&op, &asks(&public, &[])).await;
    watch.refused("app", &["code_challenge"]); // AZ-5
    authorizes(&op, &asks(&pushing, &[])).await;
    watch.refused("pushing", &["pushes its authorization requests"]);
    // Both are wrong: the log states the address, too.
    let both = [
        ("request_uri", "urn:ietf:params:oauth:request_uri:x"),
        ("redirect_uri", "https://b.example/"),
    ];
    authorizes(&op, &asks(&rp, &both)).await;
    watch.refused("shop", &["invalid_request_uri", "https://b.example/", registered]);
    op.browser()
        .get(&format!("{AUTHORIZATION}?client_id=shop&redirect_uri=%E9"))
        .await;
    watch.refused("", &["the value of the parameter redirect_uri is not UTF-8"]);
    assert!(watch.refused > 35);
}
