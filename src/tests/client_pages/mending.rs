//! Tests the mends of the client report (security.md AD-9): what each changes is shown before, nothing else is changed, and a
//! stale one is refused.

use axum::http::StatusCode;
use serde_json::json;

use super::administrator;
use super::owners::owner;
use crate::support::TestOp;
use itu_account::domain::ClientId;
use itu_account::domain::client::Client;
use itu_account::oidc::clients;

async fn stored(op: &TestOp, id: &str) -> Client {
    clients::find(&op.app, &ClientId::new(id))
        .await
        .expect("a client")
}

#[tokio::test]
async fn a_weakness_is_mended_by_what_was_shown() {
    // AD-9
    let op = TestOp::start().await;
    let metadata = json!({"redirect_uris": ["https://shop.example.test/callback", "http://localhost:8000/cb"],
        "introspect_all": true, "token_endpoint_auth_method": "none", "pkce": "required"});
    op.client_with("shop", metadata).await;
    let mut admin = administrator(&op, "admin").await;
    let page = admin.browser.get("/admin/clients/shop").await;
    assert_eq!(page.count_of("[data-mend]"), 2, "{}", page.text());
    let before = stored(&op, "shop").await;
    let asked = admin
        .browser
        .get(&page.link_of("[data-mend=loopback_redirect]"))
        .await;
    assert!(asked.has("#consequence"));
    let shown = asked.text_of("[data-member=redirect_uris] .before");
    assert!(
        shown.contains("http://localhost:8000/cb") && shown.contains("https://shop.example.test/callback")
    );
    let shown = asked.text_of("[data-member=redirect_uris] .after");
    assert!(!shown.contains("localhost") && shown.contains("https://shop.example.test/callback"));
    let form = asked.form(&["topic"]).press("action", "mend");
    let done = admin.browser.send(form.clone()).await;
    assert!(done.says("flash.client_mended"), "{}", done.text());
    assert!(
        !done.has("[data-mend=loopback_redirect]") && done.has("[data-mend=introspection_without_proof]")
    );
    let after = stored(&op, "shop").await;
    let mut expected = before.definition();
    expected.metadata.redirect_uris.pop();
    assert_eq!(after.definition(), expected);

    // What is mended leads back; the form that was shown before the change changes nothing more (G-9).
    let gone = admin.browser.get(asked.url.as_str()).await;
    assert_eq!(gone.url.path(), "/admin/clients/shop");
    let asked = admin
        .browser
        .get(&done.link_of("[data-mend=introspection_without_proof]"))
        .await;
    let stale = asked.form(&["topic"]).press("action", "mend");
    let mut other = administrator(&op, "other").await;
    let edit = other.browser.get("/admin/clients/shop/edit").await;
    other
        .browser
        .submit(edit.form(&["redirect_uris"]), &[("client_name", "Bookshop")])
        .await;
    let refused = admin.browser.send(stale.clone()).await;
    assert!(refused.says("flash.client_changed"), "{}", refused.text());
    assert!(stored(&op, "shop").await.settings.introspect_all);
    for (field, value) in [("topic", "everything"), ("seen", "soon"), ("action", "explode")] {
        admin.browser.send(stale.clone().with(field, value)).await;
    }
    assert!(stored(&op, "shop").await.settings.introspect_all);
}

#[tokio::test]
async fn an_owner_mends_what_is_theirs() {
    // AD-8, AD-9
    let op = TestOp::start().await;
    let metadata = json!({"redirect_uris": ["https://shop.example.test/callback", "http://localhost:8000/cb"],
        "introspect_all": true, "token_endpoint_auth_method": "none", "pkce": "required"});
    op.client_with("shop", metadata).await;
    let mut owner = owner(&op, "shop").await;
    let page = owner.browser.get("/admin/clients/shop").await;
    assert!(
        page.has("[data-mend=loopback_redirect]") && !page.has("[data-mend=introspection_without_proof]")
    );
    let asked = owner
        .browser
        .get(&page.link_of("[data-mend=loopback_redirect]"))
        .await;
    let form = asked.form(&["topic"]).press("action", "mend");
    let refused = owner
        .browser
        .send(
            form.clone()
                .with("topic", "introspection_without_proof")
                .with("value", ""),
        )
        .await;
    assert!(refused.says("flash.client_changed"), "{}", refused.text());
    let done = owner.browser.send(form.clone()).await;
    assert!(done.says("flash.client_mended"), "{}", done.text());
    let client = stored(&op, "shop").await;
    assert!(client.settings.introspect_all);
    // Sent twice, it is done once.
    let again = owner.browser.send(form).await;
    assert!(again.says("flash.client_mended"), "{}", again.text());
    assert_eq!(stored(&op, "shop").await.version(), client.version());
    assert_eq!(
        client.metadata.redirect_uris,
        ["https://shop.example.test/callback"]
    );
    let foreign = "/admin/clients/other/report/confirm?topic=pkce_optional&value=";
    op.client("other").await;
    assert_eq!(owner.browser.get(foreign).await.status, StatusCode::NOT_FOUND);
}
