//! Tests the pages of an administrator: a webhook is added and its secret shown once, the delivery is paused and resumed, what
//! could not be delivered is sent again, each after a page that says what will happen.

use axum::http::StatusCode;
use serde_json::json;

use super::events::changes_password;
use super::{HEAR, deliver, kinds, overview, provider, service, stream, uses};
use crate::support::{Person, TestOp};
use itu_account::domain::role::Role;
use itu_account::domain::signal::ReceiverStatus;

async fn administrator(op: &TestOp) -> Person {
    let mut admin = op.person_with("admin@itu.example", Role::Administrator).await;
    admin.logs_in().await;
    admin
}

#[tokio::test]
async fn a_webhook_is_added_and_its_secret_is_shown_once() {
    let (op, site) = provider().await;
    service(&op, "shop", json!({})).await;
    let mut admin = administrator(&op).await;
    let page = admin.browser.get("/admin/clients/shop").await;
    let page = admin.browser.get(&page.link_of("#events")).await;
    assert!(page.has("#empty"), "{}", page.text());
    let form = page.form(&["endpoint", "session-revoked"]);
    let wrong = admin
        .browser
        .submit(
            form,
            &[("endpoint", "http://shop.example/"), ("description", "ours")],
        )
        .await;
    assert_eq!(wrong.field_errors(), ["endpoint"]);
    let form = wrong.form(&["endpoint", "session-revoked"]);
    let values = [("endpoint", site.at(HEAR)), ("session-revoked", "on".to_owned())];
    let values: Vec<(&str, &str)> = values
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let page = admin.browser.submit(form, &values).await;
    assert!(page.url.path().ends_with("/secret"), "{}", page.text());
    let secret = page.text_of("#new-secret code");
    assert!(secret.starts_with("whsec_"), "{secret}"); // AD-2
    let made = overview(&op, "shop").await.receiver;
    assert_eq!(made.description, "ours");
    assert_eq!(made.kinds().len(), 1);
    let page = admin.browser.get(&page.link_of("#go-on")).await;
    assert!(!page.text().contains(&secret));
    let again = format!("/admin/clients/shop/events/{}/secret", made.id);
    assert!(!admin.browser.get(&again).await.text().contains(&secret));
    let page = admin.browser.confirms(&page, "#rotate-secret").await;
    assert_ne!(page.text_of("#new-secret code"), secret);
    // That of another service does not exist (G-4).
    service(&op, "other", json!({})).await;
    let foreign = format!("/admin/clients/other/events/{}", made.id);
    assert_eq!(admin.browser.get(&foreign).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_delivery_is_paused_resumed_and_repeated() {
    // EV-5
    let (op, site) = provider().await;
    let mut shop = service(&op, "shop", json!({})).await;
    stream(&op, &shop, &site, HEAR).await;
    let mut alice = op.person("alice@example.org").await;
    uses(&mut alice, &mut shop, "openid").await;
    let id = overview(&op, "shop").await.receiver.id;
    let here = format!("/admin/clients/shop/events/{id}");
    let mut admin = administrator(&op).await;
    let page = admin.browser.get(&here).await;
    let question = admin.browser.get(&page.link_of("#pause")).await;
    assert!(question.has("#consequence") && question.has("#reason"));
    let form = question.form(&["reason"]).press("action", "pause");
    let page = admin.browser.submit(form, &[("reason", "maintenance")]).await;
    assert_eq!(page.url.path(), here, "{}", page.text());
    let paused = overview(&op, "shop").await.receiver;
    assert_eq!(paused.status, ReceiverStatus::Paused);
    assert_eq!(paused.status_reason.as_deref(), Some("maintenance"));
    let page = admin.browser.confirms(&page, "#resume").await;
    assert!(page.has("#pause"));

    site.answers(HEAR, 400, &[], "");
    changes_password(&mut alice).await;
    for _ in 0..10 {
        op.advance(3 * 3600);
        deliver(&op).await;
    }
    admin.logs_in().await;
    let page = admin.browser.get(&here).await;
    let dead = overview(&op, "shop").await.queue.dead;
    assert_eq!(page.count_of("#letters li") as u64, dead);
    assert!(dead > 0);
    let none = admin.browser.get(&format!("{here}?kind=account-purged")).await;
    assert!(none.has("#empty"));
    site.answers(HEAR, 202, &[], "");
    let page = admin.browser.confirms(&page, "#replay").await;
    assert!(page.has("#empty"), "{}", page.text());
    deliver(&op).await;
    assert!(
        kinds(&op, &site, HEAR)
            .await
            .contains(&"credential-change".to_owned())
    );
    let page = admin.browser.confirms(&page, "#delete").await;
    assert!(page.url.path().ends_with("/shop/events") && page.has("#empty"));
}
