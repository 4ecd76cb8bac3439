//! Tests grant management (Grant Management for OAuth 2.0, Implementer's Draft 1): a service begins, changes, reads and gives
//! back what a person has granted to it, and its person sees and ends the same (security.md AZ-15).

use itu_account::domain::role::Role;
use serde_json::{Value, json};

use crate::support::{ISSUER, Person, RelyingParty, TestOp};

const MANAGE: &str = "grant_management_query grant_management_revoke";

async fn shop(op: &TestOp, name: &str) -> RelyingParty {
    let metadata = json!({
        "first_party": false,
        "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
        "scope": format!("openid profile email offline_access {MANAGE}"),
    });
    op.client_with(name, metadata).await
}

/// Goes to the service with these parameters beside those of every login. Returns the answer of the token endpoint.
async fn granted(person: &mut Person, rp: &mut RelyingParty, scope: &str, more: &[(&str, &str)]) -> Value {
    let url = rp.authorization_url(scope, more);
    let back = person.goes_through(&url).await;
    let code = rp.takes(&back);
    let (status, answer) = rp.posts("/token", &rp.redemption(&code)).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

/// Returns the error that the service gets back in place of a code.
async fn refused(person: &mut Person, rp: &mut RelyingParty, more: &[(&str, &str)]) -> String {
    let url = rp.authorization_url("openid", more);
    let back = person.goes_through(&url).await;
    assert!(back.url.as_str().starts_with("https://"), "{}", back.text());
    back.query("error")
        .unwrap_or_else(|| panic!("no error: {}", back.url))
}

fn text<'a>(answer: &'a Value, name: &str) -> &'a str {
    answer[name]
        .as_str()
        .unwrap_or_else(|| panic!("no {name}: {answer}"))
}

/// Returns a token of the client itself with this scope.
async fn own_token(rp: &RelyingParty, scope: &str) -> String {
    let fields = [("grant_type", "client_credentials"), ("scope", scope)];
    let (status, answer) = rp.posts("/token", &fields).await;
    assert_eq!(status, 200, "{answer}");
    text(&answer, "access_token").to_owned()
}

async fn ends(rp: &RelyingParty, grant: &str, token: &str) -> (u16, Vec<u8>) {
    let bearer = format!("Bearer {token}");
    let path = format!("/grants/{grant}");
    let answer = rp.calls("DELETE", &path, &[("authorization", &bearer)]).await;
    (answer.status().as_u16(), answer.body().clone())
}

async fn reads(rp: &RelyingParty, grant: &str, token: &str) -> (u16, Value) {
    let answer = rp.get(&format!("/grants/{grant}"), token).await;
    let json = serde_json::from_slice(answer.body()).unwrap_or(Value::Null);
    (answer.status().as_u16(), json)
}

async fn scope(rp: &RelyingParty, grant: &str, token: &str) -> Value {
    reads(rp, grant, token).await.1["scopes"][0]["scope"].clone()
}

#[tokio::test]
async fn a_service_reads_what_a_person_granted_to_it() {
    // AZ-15; Grant Management §5.5, §6.4, §6.6
    let op = TestOp::start().await;
    let (mut shop, other) = (shop(&op, "shop").await, shop(&op, "other").await);
    let mut alice = op.person("alice@example.org").await;
    let plain = granted(&mut alice, &mut shop, "openid email", &[]).await;
    assert!(plain.get("grant_id").is_none(), "{plain}"); // nobody asked for one
    let create = [("grant_management_action", "create")];
    let tokens = granted(&mut alice, &mut shop, "openid email offline_access", &create).await;
    let grant = text(&tokens, "grant_id");
    assert!(grant.len() >= 22 && !text(&tokens, "access_token").contains(grant));

    let own = own_token(&shop, "grant_management_query").await;
    let (status, read) = reads(&shop, grant, &own).await;
    assert_eq!(status, 200, "{read}");
    assert_eq!(read["scopes"], json!([{"scope": "openid email offline_access"}]));
    assert_eq!(read["claims"], json!(["email", "email_verified"]));
    assert_eq!(read["created_at"], op.now().timestamp());
    assert_eq!(read["updated_by"], "client");
    assert!(!read.to_string().contains("rt_") && !read.to_string().contains("alice"));

    // Whoever lacks the scope, the grant, or a token at all.
    let revoke_only = own_token(&shop, "grant_management_revoke").await;
    assert_eq!(reads(&shop, grant, &revoke_only).await.0, 403);
    let of_other = own_token(&other, "grant_management_query").await;
    assert_eq!(reads(&shop, grant, &of_other).await.0, 404); // G-4
    assert_eq!(reads(&shop, "unknown", &own).await.0, 404);
    let answer = shop.gets(&format!("/grants/{grant}"), &[]).await;
    assert_eq!(answer.status(), 401);
    assert!(answer.headers().contains_key("www-authenticate"));
    assert_eq!(ends(&shop, grant, &own).await.0, 403);
    let (status, refreshed) = shop
        .posts(
            "/token",
            &[
                ("grant_type", "refresh_token"),
                ("refresh_token", text(&tokens, "refresh_token")),
            ],
        )
        .await;
    assert_eq!((status, text(&refreshed, "grant_id")), (200, grant));
}

#[tokio::test]
async fn a_grant_is_added_to_and_narrowed() {
    // AZ-15; Grant Management §5.2
    let op = TestOp::start().await;
    let mut shop = shop(&op, "shop").await;
    let mut alice = op.person("alice@example.org").await;
    let create = [("grant_management_action", "create")];
    let first = granted(&mut alice, &mut shop, "openid offline_access", &create).await;
    let grant = text(&first, "grant_id").to_owned();
    let own = own_token(&shop, "grant_management_query").await;

    let merge = [("grant_management_action", "merge"), ("grant_id", grant.as_str())];
    let second = granted(&mut alice, &mut shop, "openid email offline_access", &merge).await;
    assert_eq!(text(&second, "grant_id"), grant);
    assert_eq!(scope(&shop, &grant, &own).await, "openid offline_access email");
    // The refresh tokens from before are good no more, and their access tokens end with them.
    let refused = shop
        .refreshes(text(&first, "refresh_token"))
        .await
        .expect_err("ended");
    assert_eq!(refused.error, "invalid_grant");
    assert!(shop.userinfo(text(&first, "access_token")).await.is_err());
    assert!(shop.userinfo(text(&second, "access_token")).await.is_ok());

    let replace = [
        ("grant_management_action", "replace"),
        ("grant_id", grant.as_str()),
    ];
    let third = granted(&mut alice, &mut shop, "openid", &replace).await;
    assert_eq!(text(&third, "grant_id"), grant);
    assert_eq!(scope(&shop, &grant, &own).await, "openid");
    assert!(shop.refreshes(text(&second, "refresh_token")).await.is_err());
    assert!(shop.userinfo(text(&second, "access_token")).await.is_err());
    assert!(shop.userinfo(text(&third, "access_token")).await.is_ok());

    // A new one takes the place of the former.
    let fourth = granted(&mut alice, &mut shop, "openid email", &create).await;
    assert_ne!(text(&fourth, "grant_id"), grant);
    assert_eq!(reads(&shop, &grant, &own).await.0, 404);
}

#[tokio::test]
async fn a_service_gives_a_grant_back_and_a_person_takes_it() {
    // AZ-15; Grant Management §6.5
    let op = TestOp::start().await;
    let mut shop = shop(&op, "shop").await;
    let mut alice = op.person("alice@example.org").await;
    let create = [("grant_management_action", "create")];
    let own = own_token(&shop, MANAGE).await;
    for by_person in [false, true] {
        let tokens = granted(&mut alice, &mut shop, "openid offline_access", &create).await;
        let grant = text(&tokens, "grant_id").to_owned();
        let services = alice.browser.get("/account/services").await;
        if by_person {
            let done = alice
                .browser
                .confirms(&services, "[href*='client_id=shop']")
                .await;
            assert!(done.says("flash.access_withdrawn"), "{}", done.text());
        } else {
            assert_eq!(ends(&shop, &grant, &own).await, (204, Vec::new()));
            let services = alice.browser.get("/account/services").await;
            assert!(!services.has("[href*='client_id=shop']"), "{}", services.text());
            // LG-1: whoever gave it back, it is the person's record.
            let history = alice.browser.get("/account/history").await;
            assert!(history.text().contains("withdrawn"), "{}", history.text());
            let mut admin = op.person_with("admin@example.org", Role::Administrator).await;
            admin.logs_in().await;
            let about = "/admin/audit?subject=alice%40example.org&kind=consent.withdrawn";
            let found = admin.browser.get(about).await;
            assert_eq!(found.count_of("#entries > li"), 1, "{}", found.text());
        }
        assert_eq!(reads(&shop, &grant, &own).await.0, 404);
        assert_eq!(ends(&shop, &grant, &own).await.0, 404);
        assert!(shop.refreshes(text(&tokens, "refresh_token")).await.is_err());
        assert!(shop.userinfo(text(&tokens, "access_token")).await.is_err());
        let merge = [("grant_management_action", "merge"), ("grant_id", grant.as_str())];
        assert_eq!(refused(&mut alice, &mut shop, &merge).await, "invalid_grant_id");
    }
}

#[tokio::test]
async fn what_ended_with_a_consent_does_not_come_back_with_another() {
    // AZ-13
    let op = TestOp::start().await;
    let mut shop = shop(&op, "shop").await;
    let mut alice = op.person("alice@example.org").await;
    let before = granted(&mut alice, &mut shop, "openid email", &[]).await;
    let before = text(&before, "access_token");
    // A code that nobody has redeemed yet.
    let url = shop.authorization_url("openid email", &[]);
    let code = shop.takes(&alice.goes_through(&url).await);
    let fields = shop.redemption(&code).into_iter();
    let unredeemed: Vec<(String, String)> = fields.map(|(name, it)| (name.into(), it.into())).collect();
    assert!(shop.userinfo(before).await.is_ok());
    let services = alice.browser.get("/account/services").await;
    let done = alice
        .browser
        .confirms(&services, "[href*='client_id=shop']")
        .await;
    assert!(done.says("flash.access_withdrawn"), "{}", done.text());
    op.advance(10);
    let now = granted(&mut alice, &mut shop, "openid email", &[]).await;
    assert!(shop.userinfo(text(&now, "access_token")).await.is_ok());
    assert!(shop.userinfo(before).await.is_err());
    assert_eq!(shop.introspects(before).await["active"], false);
    let fields: Vec<(&str, &str)> = unredeemed
        .iter()
        .map(|(name, it)| (name.as_str(), it.as_str()))
        .collect();
    let (status, answer) = shop.posts("/token", &fields).await;
    assert_eq!((status, text(&answer, "error")), (400, "invalid_grant"));
}

#[tokio::test]
async fn what_no_grant_allows_is_answered_to_the_service() {
    // AZ-15; Grant Management §5.1, §5.4
    let op = TestOp::start().await;
    let (mut shop, mut other) = (shop(&op, "shop").await, shop(&op, "other").await);
    let mut own = op.client("own").await;
    let public = json!({"first_party": false, "token_endpoint_auth_method": "none"});
    let mut app = op.client_with("app", public).await;
    let (mut alice, mut bob) = (
        op.person("alice@example.org").await,
        op.person("bob@example.org").await,
    );
    let create = [("grant_management_action", "create")];
    let tokens = granted(&mut alice, &mut shop, "openid", &create).await;
    let grant = text(&tokens, "grant_id").to_owned();
    let replace = [
        ("grant_management_action", "replace"),
        ("grant_id", grant.as_str()),
    ];

    // Neither another person nor another service changes it.
    assert_eq!(refused(&mut bob, &mut shop, &replace).await, "invalid_grant_id");
    assert_eq!(
        refused(&mut alice, &mut other, &replace).await,
        "invalid_grant_id"
    );
    for (parameters, error) in [
        (&[("grant_management_action", "update")][..], "invalid_request"),
        (&[("grant_management_action", "merge")], "invalid_request"),
        (&[("grant_id", "x")], "invalid_request"),
        (
            &[("grant_management_action", "create"), ("grant_id", "x")],
            "invalid_request",
        ),
        (
            &[("grant_management_action", "merge"), ("grant_id", "x")],
            "invalid_grant_id",
        ),
        // It changes what the person agreed to, so the person is asked.
        (
            &[("grant_management_action", "create"), ("prompt", "none")],
            "consent_required",
        ),
    ] {
        assert_eq!(
            refused(&mut alice, &mut shop, parameters).await,
            error,
            "{parameters:?}"
        );
    }
    for rp in [&mut own, &mut app] {
        assert_eq!(refused(&mut alice, rp, &create).await, "invalid_request");
    }
    let own_token = own_token(&shop, "grant_management_query").await;
    assert_eq!(reads(&shop, &grant, &own_token).await.0, 200); // it is still as it was
}

#[tokio::test]
async fn metadata_announces_what_works() {
    // Grant Management §7.1
    let op = TestOp::start().await;
    let shop = shop(&op, "shop").await;
    let answer = shop.gets("/.well-known/openid-configuration", &[]).await;
    let metadata: Value = serde_json::from_slice(answer.body()).expect("JSON");
    assert_eq!(metadata["grant_management_endpoint"], format!("{ISSUER}/grants"));
    assert_eq!(metadata["grant_management_action_required"], false);
    let actions = metadata["grant_management_actions_supported"].to_string();
    for action in ["query", "revoke", "create", "merge", "replace"] {
        assert!(actions.contains(action), "{actions}");
    }
}
