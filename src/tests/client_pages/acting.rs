//! Tests what an administrator does with a service, each on a page that says what depends on it: a new secret beside the
//! old one, disabling and enabling, deleting.

use axum::http::StatusCode;
use serde_json::json;

use super::administrator;
use crate::support::{RelyingParty, TestOp};
use itu_account::domain::ClientId;
use itu_account::oidc::clients;

const DAY: i64 = 24 * 60 * 60;

/// Returns `true` if the service authenticates by this secret.
async fn works(op: &TestOp, secret: &str) -> bool {
    let uri = "https://shop.example.test/callback".to_owned();
    let rp = RelyingParty::discover(op.router.clone(), "shop", Some(secret.to_owned()), uri).await;
    let (status, _) = rp.posts("/introspect", &[("token", "unknown")]).await;
    status == 200
}

#[tokio::test]
async fn a_new_secret_works_beside_the_old_one_for_seven_days() {
    let op = TestOp::start().await;
    let old = op.client("shop").await.secret.expect("a secret");
    let mut admin = administrator(&op, "admin").await;
    let page = admin.browser.get("/admin/clients/shop").await;
    let page = admin.browser.confirms(&page, "#rotate-secret").await;
    assert_eq!(page.url.path(), "/admin/clients/shop/secret", "{}", page.text());
    let new = page.text_of("#new-secret code");
    assert!(works(&op, &old).await && works(&op, &new).await); // AD-2
    let page = admin.browser.get("/admin/clients/shop").await;
    assert_eq!(page.count_of("#secrets li"), 2);
    assert!(
        page.text_of("#secrets").contains("7 more days"),
        "{}",
        page.text()
    );
    op.advance(5 * DAY + 60);
    admin.logs_in().await;
    let page = admin.browser.get("/admin/clients/shop").await;
    assert!(
        page.text_of("#secrets").contains("2 more days"),
        "{}",
        page.text()
    );

    // A second one within that time ends the first at once, and the page before says so.
    let question = admin.browser.get(&page.link_of("#rotate-secret")).await;
    assert!(question.has("#ends-at-once") && question.has("#overlap"));
    let page = admin.browser.confirms(&page, "#rotate-secret").await;
    let third = page.text_of("#new-secret code");
    assert!(!works(&op, &old).await && works(&op, &new).await && works(&op, &third).await);
    op.advance(7 * DAY);
    admin.logs_in().await;
    assert!(!works(&op, &new).await && works(&op, &third).await);
    let page = admin.browser.get("/admin/clients/shop").await;
    assert_eq!(page.count_of("#secrets li"), 1);
    let question = admin.browser.get(&page.link_of("#rotate-secret")).await;
    assert!(!question.has("#ends-at-once"));
}

#[tokio::test]
async fn who_presses_twice_gets_one_secret() {
    let op = TestOp::start().await;
    op.client("shop").await;
    let mut admin = administrator(&op, "admin").await;
    let page = admin.browser.get("/admin/clients/shop").await;
    let form = admin.browser.is_asked(&page, "#rotate-secret").await;
    let first = admin.browser.send(form.clone()).await;
    let second = admin.browser.send(form).await;
    assert_eq!(
        first.text_of("#new-secret code"),
        second.text_of("#new-secret code")
    );
    let client = clients::find(&op.app, &ClientId::new("shop"))
        .await
        .expect("a client");
    assert_eq!(client.secrets.len(), 2);
}

#[tokio::test]
async fn a_service_without_a_secret_is_offered_none() {
    let op = TestOp::start().await;
    op.client_with("app", json!({"token_endpoint_auth_method": "none"}))
        .await;
    let mut admin = administrator(&op, "admin").await;
    let page = admin.browser.get("/admin/clients/app").await;
    assert!(!page.has("#rotate-secret") && !page.has("#secrets"));
    let page = admin
        .browser
        .get("/admin/clients/app/confirm?action=rotate_secret")
        .await;
    assert_eq!(page.url.path(), "/admin/clients/app");
}

#[tokio::test]
async fn what_depends_on_a_service_is_said_before_it_is_disabled_and_deleted() {
    let op = TestOp::start().await;
    let logout = json!({"backchannel_logout_uri": "https://shop.example.test/logout"});
    let mut shop = op.client_with("shop", logout).await;
    for name in ["alice", "bob"] {
        let mut person = op.person(&format!("{name}@example.org")).await;
        let code = person.logs_in_at(&mut shop, "openid offline_access").await;
        shop.redeems(&code).await.expect("tokens");
    }
    let mut admin = administrator(&op, "admin").await;
    let page = admin.browser.get("/admin/clients/shop").await;
    for act in ["#disable", "#delete"] {
        let question = admin.browser.get(&page.link_of(act)).await;
        let counts = question.text_of("#dependents");
        for count in ["2 people", "2 open sessions", "2 refresh tokens"] {
            assert!(counts.contains(count), "{act}: {counts}");
        }
    }
    let disabled = admin.browser.confirms(&page, "#disable").await;
    assert!(disabled.says("flash.client_disabled"), "{}", disabled.text());
    assert!(op.app.registry.find("shop").is_none()); // DR-6
    // What no longer applies leads back.
    let again = admin
        .browser
        .get("/admin/clients/shop/confirm?action=disable")
        .await;
    assert_eq!(again.url.path(), "/admin/clients/shop");
    let enabled = admin.browser.confirms(&disabled, "#enable").await;
    assert!(enabled.says("flash.client_enabled") && op.app.registry.find("shop").is_some());

    let deleted = admin.browser.confirms(&enabled, "#delete").await;
    assert_eq!(deleted.url.path(), "/admin/clients");
    assert!(deleted.says("flash.client_deleted"), "{}", deleted.text());
    for path in ["", "/edit", "/confirm?action=delete", "/secret"] {
        let page = admin.browser.get(&format!("/admin/clients/shop{path}")).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn an_act_that_there_is_not_does_nothing() {
    let op = TestOp::start().await;
    op.client("shop").await;
    let mut admin = administrator(&op, "admin").await;
    let page = admin.browser.get("/admin/clients/shop").await;
    let mut form = admin.browser.is_asked(&page, "#delete").await;
    form.fields.retain(|(name, _)| name != "action");
    let page = admin.browser.send(form.with("action", "explode")).await;
    assert_eq!(page.url.path(), "/admin/clients/shop");
    assert!(op.app.registry.find("shop").is_some());
}
