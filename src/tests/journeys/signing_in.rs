//! Tests signing in: from a service to the login and back, once for all services, out again (OpenID Connect Core §3.1,
//! RP-Initiated Logout; contract.md, "Pages").

use axum::http::{HeaderValue, StatusCode, header};
use serde_json::json;

use crate::support::TestOp;

#[tokio::test]
async fn one_login_opens_every_service_and_one_logout_closes_it() {
    let op = TestOp::start().await;
    let mut events = op.client("events").await;
    let mut shop = op.client("bookshop").await;
    let mut alice = op.person("alice@example.org").await;

    let code = alice.logs_in_at(&mut events, "openid profile email").await;
    let tokens = events.redeems(&code).await.expect("tokens");
    let returned = events.userinfo(&tokens.access_token).await.expect("userinfo");
    assert_eq!(returned.subject(), tokens.claims.subject());
    assert_eq!(returned.email().map(|it| it.as_str()), Some("alice@example.org"));

    // SSO: the second service gets its answer without a page.
    let url = shop.authorization_url("openid", &[]);
    let back = alice.browser.get(&url).await;
    assert_eq!(back.status, StatusCode::SEE_OTHER);
    let other = shop.redeems(&shop.takes(&back)).await.expect("tokens");
    assert_eq!(other.claims.subject(), tokens.claims.subject());

    let url = format!(
        "{}?id_token_hint={}&post_logout_redirect_uri=https://events.example.test/bye&state=s",
        events.end_session_endpoint, tokens.id_token
    );
    let bye = alice.browser.get(&url).await;
    assert_eq!(bye.url.as_str(), "https://events.example.test/bye?state=s"); // LO-1, LO-2
    assert_eq!(bye.header("clear-site-data"), "\"cache\", \"storage\""); // LO-4
    assert!(events.userinfo(&tokens.access_token).await.is_err()); // UI-5
    let url = shop.authorization_url("openid", &[("prompt", "none")]);
    assert_eq!(
        alice.browser.get(&url).await.query("error").as_deref(),
        Some("login_required")
    );
}

#[tokio::test]
async fn a_code_is_redeemed_once() {
    let op = TestOp::start().await;
    let mut rp = op.client("web").await;
    let mut alice = op.person("alice@example.org").await;

    let code = alice.logs_in_at(&mut rp, "openid email").await;
    let tokens = rp.redeems(&code).await.expect("first use");
    let refusal = rp.redeems(&code).await.expect_err("second use");

    assert_eq!(refusal.error, "invalid_grant"); // RFC 6749 §4.1.2
    let returned = rp.introspects(&tokens.access_token).await;
    assert_eq!(returned, json!({ "active": false })); // TK-2: its tokens are revoked
}

#[tokio::test]
async fn consent_is_asked_once_and_can_be_refused() {
    let op = TestOp::start().await;
    let mut rp = op.client_with("guest", json!({ "first_party": false })).await;
    let mut alice = op.person("alice@example.org").await;

    let url = rp.authorization_url("openid email", &[]);
    let login = alice.browser.get(&url).await;
    let consent = alice.enters_password(login).await;
    assert!(consent.url.path() == "/consent" && consent.text().contains("guest")); // AZ-13
    let form = consent.form(&["decision=deny"]);
    let back = alice.browser.send(form.press("decision", "deny")).await;
    assert_eq!(back.query("error").as_deref(), Some("access_denied")); // IO-11

    let url = rp.authorization_url("openid email", &[]);
    let back = alice.goes_through(&url).await;
    rp.takes(&back);
    let url = rp.authorization_url("openid email", &[("prompt", "none")]);
    rp.takes(&alice.browser.get(&url).await);
}

#[tokio::test]
async fn prompt_login_asks_for_the_password_again() {
    let op = TestOp::start().await;
    let mut rp = op.client("web").await;
    let mut alice = op.person("alice@example.org").await;
    let code = alice.logs_in_at(&mut rp, "openid").await;
    let first = rp.redeems(&code).await.expect("tokens");

    op.advance(5);
    let url = rp.authorization_url("openid", &[("prompt", "login"), ("max_age", "10000")]);
    let login = alice.browser.get(&url).await;
    assert_eq!(login.url.path(), "/login");
    let before = alice.browser.cookie("__Host-itu_sid").map(str::to_owned);
    op.advance(1);
    let back = alice.enters_password(login).await;
    let again = rp.redeems(&rp.takes(&back)).await.expect("tokens");

    assert!(again.claims.auth_time() > first.claims.auth_time()); // AZ-10
    assert_ne!(alice.browser.cookie("__Host-itu_sid").map(str::to_owned), before); // SE-2
}

#[tokio::test]
async fn cancel_leads_back_with_access_denied() {
    let op = TestOp::start().await;
    let mut rp = op.client("web").await;
    let mut alice = op.person("alice@example.org").await;
    let url = rp.authorization_url("openid", &[]);
    let login = alice.browser.get(&url).await;
    let form = login.form(&["email", "decision=cancel"]);
    let back = alice.browser.send(form.press("decision", "cancel")).await;
    assert_eq!(back.query("error").as_deref(), Some("access_denied"));
}

#[tokio::test]
async fn an_authorization_request_may_come_by_post() {
    let op = TestOp::start().await;
    let mut rp = op.client("web").await;
    let mut alice = op.person("alice@example.org").await;
    alice.logs_in().await;
    let url = url::Url::parse(&rp.authorization_url("openid", &[])).expect("a URL");
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let fields: Vec<(&str, &str)> = pairs.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    // The service's own form comes from another origin.
    alice
        .browser
        .headers
        .insert("sec-fetch-site", HeaderValue::from_static("cross-site"));
    alice.browser.headers.insert(
        header::ORIGIN,
        HeaderValue::from_static("https://web.example.test"),
    );
    let back = alice.browser.post("/authorize", &fields).await;
    rp.takes(&back); // AZ-12
}

#[tokio::test]
async fn an_answer_by_form_post_is_a_page_with_a_button() {
    let op = TestOp::start().await;
    let mut rp = op.client("web").await;
    let mut alice = op.person("alice@example.org").await;
    let url = rp.authorization_url("openid", &[("response_mode", "form_post")]);
    let page = alice.goes_through(&url).await;
    let form = page.form(&["code", "state", "iss"]);
    assert_eq!(form.action.as_str(), rp.redirect_uri);
    assert!(!page.header("content-security-policy").contains("form-action")); // BR-2
}

#[tokio::test]
async fn without_a_client_and_its_address_nobody_is_redirected() {
    let op = TestOp::start().await;
    let rp = op.client("web").await;
    let mut browser = op.browser();
    let page = browser
        .get("/authorize?client_id=nobody&redirect_uri=https://evil.example/")
        .await;
    assert_eq!(
        (page.status, page.url.path()),
        (StatusCode::BAD_REQUEST, "/authorize")
    ); // AZ-1
    assert!(page.text().contains("invalid_request"));
    let doubled = format!(
        "/authorize?client_id=web&redirect_uri={0}&redirect_uri={0}",
        rp.redirect_uri
    );
    assert_eq!(browser.get(&doubled).await.status, StatusCode::BAD_REQUEST); // G-2
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_look_alike() {
    let op = TestOp::start().await;
    let mut alice = op.person("alice@example.org").await;
    let mut stranger = op.visitor("nobody@example.org");
    alice.password = "Wrong-lamp-42".into();
    let (known, unknown) = (alice.logs_in().await, stranger.logs_in().await);
    assert_eq!(known.status, unknown.status); // PW-3
    assert_eq!(known.text(), unknown.text());
    assert!(known.body.contains("alice@example.org"), "what was typed is kept");
}

#[tokio::test]
async fn a_form_of_another_site_or_without_its_token_is_refused() {
    let op = TestOp::start().await;
    let mut alice = op.person("alice@example.org").await;
    let fields = [
        ("email", "alice@example.org"),
        ("password", crate::support::PASSWORD),
    ];
    let page = alice.browser.post("/login", &fields).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN); // BR-1

    let form = alice.browser.get("/login").await.form(&["email"]);
    alice
        .browser
        .headers
        .insert("sec-fetch-site", HeaderValue::from_static("cross-site"));
    let page = alice.browser.submit(form, &fields).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN); // BR-1
    alice.browser.headers.clear();

    let form = alice.browser.get("/login").await.form(&["email"]);
    let page = alice
        .browser
        .submit(form.smuggle("role", "administrator"), &fields)
        .await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST); // G-3
    assert!(alice.browser.cookie("__Host-itu_sid").is_none());
}

#[tokio::test]
async fn a_handle_in_another_browser_starts_over_at_the_login() {
    let op = TestOp::start().await;
    let mut rp = op.client("web").await;
    let mut alice = op.person("alice@example.org").await;
    let url = rp.authorization_url("openid email", &[]);
    let login = alice.browser.get(&url).await;
    let handle = login.query("request").expect("a handle");

    let mut mallory = op.person("mallory@example.org").await;
    mallory.logs_in().await;
    let page = mallory.browser.get(login.url.as_str()).await;
    assert_eq!(page.url.path(), "/login"); // AZ-6
    assert_ne!(
        page.query("request"),
        Some(handle),
        "the handle itself is of no use here"
    );

    let back = alice.enters_password(login).await;
    let tokens = rp.redeems(&rp.takes(&back)).await.expect("tokens");
    assert_eq!(
        rp.claims(&tokens.access_token).await["email"],
        "alice@example.org"
    );
    let gone = op
        .browser()
        .get("/login?request=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
        .await;
    // A handle that we did not issue belongs to no request.
    assert!(gone.status == StatusCode::OK && gone.has("#login-form") && !gone.has("#service"));
}

#[tokio::test]
async fn the_language_menu_stays_inside_the_request() {
    let op = TestOp::start().await;
    let mut rp = op.client("web").await;
    let mut alice = op.person("alice@example.org").await;
    let url = rp.authorization_url("openid", &[("ui_locales", "fr")]);
    let login = alice.browser.get(&url).await;
    assert!(login.has("html[lang=fr]"), "the service asked for French");
    alice.password = "Wrong-lamp-42".into();
    let again = alice.enters_password(login).await;
    assert!(again.has("html[lang=fr]"));
    let form = again.form(&["email"]).with("ui_locales", "es");
    let login = alice
        .browser
        .send(form.with("email", "someone@example.org"))
        .await;
    assert!(login.has("html[lang=es]"), "the person chose Spanish");
    let form = login.form(&["email"]);
    assert!(
        form.fields
            .contains(&("email".into(), "someone@example.org".into()))
    );
    alice.password = crate::support::PASSWORD.into();
    rp.takes(&alice.enters_password(login).await);
}

#[tokio::test]
async fn logging_out_without_a_hint_asks_first() {
    let op = TestOp::start().await;
    let mut alice = op.person("alice@example.org").await;
    alice.logs_in().await;
    let page = alice.browser.get("/end-session").await;
    let form = page.form(&["decision=logout"]);
    let page = alice.browser.send(form.press("decision", "logout")).await;
    assert_eq!(page.url.path(), "/logged-out"); // LO-1
    assert!(alice.browser.cookie("__Host-itu_sid").is_none());
}

#[tokio::test]
async fn who_does_not_meet_the_policy_is_shown_why_and_can_go_back() {
    let op = TestOp::start().await;
    let policy = json!({ "access_policy": { "affiliation": "approved", "ties_rights": ["documents"] } });
    let mut rp = op.client_with("members-only", policy).await;
    let mut alice = op.person("alice@example.org").await;
    let url = rp.authorization_url("openid itu_membership", &[]);
    let page = alice.goes_through(&url).await;
    assert_eq!(page.url.path(), "/access-refused");
    let form = page.form(&["decision=back"]);
    let back = alice.browser.send(form.press("decision", "back")).await;
    assert_eq!(back.query("error").as_deref(), Some("access_denied")); // contract.md, access_policy
    let url = rp.authorization_url("openid", &[("prompt", "none")]);
    assert_eq!(
        alice.browser.get(&url).await.query("error").as_deref(),
        Some("access_denied")
    );
}

#[tokio::test]
async fn select_account_goes_on_as_the_same_person_or_another() {
    let op = TestOp::start().await;
    let mut rp = op.client("web").await;
    let mut alice = op.person("alice@example.org").await;
    op.person("bob@example.org").await;
    alice.logs_in().await;
    op.advance(5);

    let url = rp.authorization_url("openid email", &[("prompt", "select_account")]);
    let page = alice.browser.get(&url).await;
    let form = page.form(&["decision=continue"]);
    let back = alice.browser.send(form.press("decision", "continue")).await;
    rp.takes(&back);

    let url = rp.authorization_url("openid email", &[("prompt", "select_account")]);
    let page = alice.browser.get(&url).await;
    let form = page.form(&["decision=other"]);
    let login = alice.browser.send(form.press("decision", "other")).await;
    alice.email = "bob@example.org".into();
    op.advance(1);
    let back = alice.enters_password(login).await;
    let tokens = rp.redeems(&rp.takes(&back)).await.expect("tokens");
    assert_eq!(rp.claims(&tokens.access_token).await["email"], "bob@example.org");
}

#[tokio::test]
async fn a_page_that_needs_a_login_is_returned_to() {
    let op = TestOp::start().await;
    let mut alice = op.person("alice@example.org").await;
    let login = alice.browser.get("/account/security").await;
    assert_eq!(login.url.path(), "/login");
    let page = alice.enters_password(login).await;
    assert_eq!(page.url.path(), "/account/security");
    // BR-6: an address that somebody made up is no return path.
    alice.browser.forget_cookies();
    for next in [
        "//evil.example",
        "https://evil.example",
        "/evil",
        "logout",
        "account/../admin",
    ] {
        let login = alice.browser.get(&format!("/login?next={next}")).await;
        assert!(!login.body.contains(&format!("value=\"{next}\"")), "{next}");
        let page = alice.enters_password(login).await;
        assert_eq!(page.url.path(), "/account", "{next}");
        alice.browser.forget_cookies();
    }
}

#[tokio::test]
async fn tokens_travel_in_their_places_only() {
    let op = TestOp::start().await;
    let mut rp = op.client("web").await;
    let mut alice = op.person("alice@example.org").await;
    let code = alice.logs_in_at(&mut rp, "openid offline_access").await;
    let tokens = rp.redeems(&code).await.expect("tokens");

    let query = format!("/userinfo?access_token={}", tokens.access_token);
    let page = alice.browser.get(&query).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST); // UI-1, IO-5
    let page = alice.browser.get("/userinfo").await;
    assert_eq!(page.status, StatusCode::UNAUTHORIZED);
    assert!(
        page.header("www-authenticate").starts_with("Bearer")
            && !page.header("www-authenticate").contains("error=")
    );
    let page = alice
        .browser
        .post("/userinfo", &[("access_token", &tokens.access_token)])
        .await;
    assert_eq!(
        (page.status, page.header("cache-control")),
        (StatusCode::OK, "no-store")
    );

    let refresh = tokens.refresh_token.expect("a refresh token");
    let (status, answer) = rp.posts("/revoke", &[("token", &refresh)]).await;
    assert_eq!((status, answer), (200, serde_json::Value::Null)); // RFC 7009 §2.2
    assert_eq!(
        rp.refreshes(&refresh).await.expect_err("revoked").error,
        "invalid_grant"
    ); // UI-4
    assert!(rp.userinfo(&tokens.access_token).await.is_err());
}

#[tokio::test]
async fn what_gives_way_to_another_login_leaves_offline_access() {
    let op = TestOp::start().await;
    let mut rp = op.client("web").await;
    let mut alice = op.person("alice@example.org").await;
    let code = alice.logs_in_at(&mut rp, "openid offline_access").await;
    let granted = rp.redeems(&code).await.expect("tokens").refresh_token;
    op.advance(2);
    for _ in 0..20 {
        // SE-2: the oldest session ends.
        let login = alice.elsewhere(&op).logs_in().await;
        assert_eq!(login.url.path(), "/account");
    }
    assert_eq!(alice.browser.get("/account").await.url.path(), "/login");
    let again = rp
        .refreshes(&granted.expect("a refresh token"))
        .await
        .expect("tokens");

    // Another person logs in, in the same browser.
    let code = alice.logs_in_at(&mut rp, "openid offline_access").await;
    let granted = rp.redeems(&code).await.expect("tokens").refresh_token;
    op.advance(2);
    let mut bob = op.person("bob@example.org").await;
    bob.browser = alice.browser.clone();
    let login = bob
        .browser
        .get(&rp.authorization_url("openid", &[("prompt", "login")]))
        .await;
    rp.takes(&bob.enters_password(login).await);
    for token in [granted, again.refresh_token] {
        rp.refreshes(&token.expect("a refresh token"))
            .await
            .expect("tokens");
    }
}
