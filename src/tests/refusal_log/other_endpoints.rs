//! Tests the log of refusals at all other endpoints.

use super::*;

#[tokio::test]
async fn refusals_at_the_other_endpoints() {
    let op =
        TestOp::with(|config| config.registration.mode = itu_account::config::RegistrationMode::Open).await;
    let mut rp = op.client("shop").await;
    let public = op
        .client_with("app", json!({"token_endpoint_auth_method": "none"}))
        .await;
    let away = json!({"grant_types": ["urn:ietf:params:oauth:grant-type:device_code", CIBA], "response_types": [],
        "redirect_uris": [], "post_logout_redirect_uris": [], "backchannel_token_delivery_mode": "poll",
        "scope": "openid email"});
    let away = op.client_with("desk", away).await;
    let mut alice = op.person("alice@example.org").await;
    let code = alice.logs_in_at(&mut rp, "openid email").await;
    let tokens = rp.redeems(&code).await.expect("tokens");
    let mut watch = Watch::begin();
    for secret in [
        rp.secret.as_ref(),
        away.secret.as_ref(),
        Some(&tokens.access_token),
        Some(&tokens.id_token),
    ] {
        watch.keeps(secret.expect("a secret").as_str());
    }

    for path in [
        PUSHED_AUTHORIZATION_REQUEST,
        INTROSPECTION,
        REVOCATION,
        DEVICE_AUTHORIZATION,
        BACKCHANNEL_AUTHENTICATION,
    ] {
        sends(
            &op,
            path,
            "token=s3cret",
            &[("authorization", &basic("shop", "wrong-s3cret"))],
        )
        .await;
        watch.refused("shop", &["a wrong secret"]);
    }
    let pushed: Vec<_> = asks(
        &rp,
        &[("redirect_uri", "https://b.example/cb"), ("client_id", "")],
    );
    rp.posts(PUSHED_AUTHORIZATION_REQUEST, &pushed).await;
    watch.refused(
        "shop",
        &["https://b.example/cb", "https://shop.example.test/callback"],
    );
    rp.posts(
        PUSHED_AUTHORIZATION_REQUEST,
        &asks(&rp, &[("scope", "admin"), ("client_id", "")]),
    )
    .await;
    watch.refused("shop", &["admin", "openid profile"]);
    rp.posts(PUSHED_AUTHORIZATION_REQUEST, &[("request_uri", "urn:x")])
        .await;
    watch.refused("shop", &["request_uri cannot be pushed"]);
    rp.posts(INTROSPECTION, &[]).await;
    watch.refused("shop", &["token is missing"]);
    public.posts(INTROSPECTION, &[("token", "s3cret")]).await;
    watch.refused("app", &["a public client at introspection"]);
    rp.posts(REVOCATION, &[]).await;
    watch.refused("shop", &["token is missing"]);
    rp.posts(DEVICE_AUTHORIZATION, &[]).await;
    watch.refused("shop", &["device_code", "authorization_code refresh_token"]);
    away.posts(DEVICE_AUTHORIZATION, &[("scope", "profile")]).await;
    watch.refused("desk", &["profile", "openid email"]);
    rp.posts(BACKCHANNEL_AUTHENTICATION, &[]).await;
    watch.refused("shop", &[CIBA, "authorization_code refresh_token"]);
    away.posts(BACKCHANNEL_AUTHENTICATION, &[("scope", "openid")])
        .await;
    watch.refused("desk", &["hint"]);
    away.posts(
        BACKCHANNEL_AUTHENTICATION,
        &[("scope", "profile"), ("login_hint", "alice@example.org")],
    )
    .await;
    watch.refused("desk", &["profile", "openid email"]);
    let message = [
        ("scope", "openid"),
        ("login_hint", "alice@example.org"),
        ("binding_message", "\u{202e}"),
    ];
    away.posts(BACKCHANNEL_AUTHENTICATION, &message).await;
    watch.refused("desk", &["invalid_binding_message"]);

    for (headers, client, words) in [
        (vec![], "", "An access token is needed"),
        (
            vec![("authorization", "Bearer s3cret".to_owned())],
            "",
            "not an access token of ours",
        ),
        (
            vec![("authorization", format!("DPoP {}", tokens.access_token))],
            "shop",
            "an access token that is bound to no key",
        ),
    ] {
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        rp.gets(USERINFO, &headers).await;
        watch.refused(client, &[words]);
    }
    op.advance(3600);
    watch.log.take();
    rp.get(USERINFO, &tokens.access_token).await;
    watch.refused("shop", &["an expired access token"]);
    op.browser()
        .get(&format!("{USERINFO}?access_token={}", tokens.access_token))
        .await;
    watch.refused("", &["must not be sent in the query"]);

    let mut alice = alice.elsewhere(&op);
    let code = alice.logs_in_at(&mut rp, "openid email").await;
    let fresh = rp.redeems(&code).await.expect("tokens");
    watch.keeps(&fresh.id_token);
    watch.log.take();
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("id_token_hint", &fresh.id_token)
        .append_pair(
            "post_logout_redirect_uri",
            "https://shop.example.test/goodbye?x=s3cret",
        )
        .finish();
    alice.browser.get(&format!("{END_SESSION}?{query}")).await;
    watch.refused("shop", &["goodbye?x=[...]", "https://shop.example.test/bye"]);

    let json = [("content-type", "application/json")];
    sends(
        &op,
        REGISTRATION,
        r#"{"redirect_uris": ["http://b.example/cb"]}"#,
        &json,
    )
    .await;
    watch.refused("", &["invalid_redirect_uri", "http://b.example/cb"]);
    sends(
        &op,
        REGISTRATION,
        r#"{"redirect_uris": ["https://b.example/cb"], "grant_types": ["magic"]}"#,
        &json,
    )
    .await;
    watch.refused("", &["invalid_client_metadata", "grant_types"]);
    let bearer = [("authorization", "Bearer s3cret")];
    rp.gets(&format!("{REGISTRATION}/shop"), &bearer).await;
    watch.refused("shop", &["a registration access token of no enabled client"]);
    assert!(watch.refused > 22);
}
