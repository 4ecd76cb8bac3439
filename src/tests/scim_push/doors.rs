//! Tests who registers the SCIM server of a service, by page, and with what: no address inside, a token that nobody reads
//! again (PV-4).

use axum::http::StatusCode;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::json;

use super::server::{BASE, TOKEN, Trouble};
use super::{ProvisionedPeople, deliver, provider, service, show, target, target_of};
use crate::shared_signals::survival::people_of;
use crate::support::{Person, TestOp};
use itu_account::domain::actor::Context;
use itu_account::domain::role::Role;
use itu_account::domain::secret::Secret;
use itu_account::domain::{ClientId, ReceiverId};
use itu_account::oidc::shared_signals as signals;
use itu_account::storage::event_receivers;

async fn administrator(op: &TestOp) -> Person {
    let mut admin = op.person_with("admin@itu.example", Role::Administrator).await;
    admin.logs_in().await;
    admin
}

async fn one_of(op: &TestOp, client: &str) -> ReceiverId {
    let all = event_receivers::list_of_client(op.app.db.read(), &ClientId::new(client)).await;
    all.expect("read").remove(0).id
}

#[tokio::test]
async fn an_administrator_registers_a_target_and_replaces_its_token() {
    let (op, server) = provider().await;
    service(&op, "shop", json!({})).await;
    people_of(&op.app, 1, &["shop"]).await;
    let mut admin = administrator(&op).await;
    let page = admin.browser.get("/admin/clients/shop/events").await;
    let page = admin.browser.get(&page.link_of("#scim-target")).await;
    let fields = ["endpoint", "token", "people"];
    let base = server.site.at(BASE);
    let values = [
        ("endpoint", "https://127.0.0.1/"),
        ("token", "has a space"),
        ("people", "used"),
        ("description", "ours"),
    ];
    let wrong = admin.browser.submit(page.form(&fields), &values).await;
    assert_eq!(wrong.field_errors(), ["endpoint"]); // DR-3
    let values = [("endpoint", base.as_str()), ("token", "has a space")];
    let wrong = admin.browser.submit(wrong.form(&fields), &values).await;
    assert_eq!(wrong.field_errors(), ["token"]);
    let values = [("token", TOKEN), ("people", "policy")];
    let wrong = admin.browser.submit(wrong.form(&fields), &values).await;
    assert_eq!(wrong.field_errors(), ["people"]);
    assert!(!wrong.text().contains(TOKEN));
    let values = [("token", "of-yesterday"), ("people", "used")];
    let page = admin.browser.submit(wrong.form(&fields), &values).await;
    let id = one_of(&op, "shop").await;
    let here = format!("/admin/clients/shop/events/{id}");
    assert_eq!(page.url.path(), here, "{}", page.text());
    assert!(page.has("[data-people=used]") && page.text().contains("ours"));
    deliver(&op).await;
    assert_eq!(
        show(&op, &id).await.receiver.progress.last_failure.as_deref(),
        Some("it answered 401")
    );

    let page = admin.browser.get(&here).await;
    let form = admin.browser.get(&page.link_of("#set-token")).await;
    let wrong = admin
        .browser
        .submit(form.form(&["token"]), &[("token", "")])
        .await;
    assert_eq!(wrong.field_errors(), ["token"]);
    let page = admin
        .browser
        .submit(wrong.form(&["token"]), &[("token", TOKEN)])
        .await;
    assert_eq!(page.url.path(), here, "{}", page.text());
    deliver(&op).await;
    assert_eq!(server.users().len(), 1, "it is tried at once");

    // A test asks for the configuration, and says what goes wrong.
    server.calls();
    let page = admin.browser.confirms(&page, "#test").await;
    deliver(&op).await;
    assert_eq!(server.calls(), [format!("GET {BASE}/ServiceProviderConfig")]);
    let page = admin.browser.confirms(&page, "#test").await;
    server.fails("GET", Trouble::Status(404, None));
    deliver(&op).await;
    let seen = admin.browser.get(&here).await;
    assert!(seen.text().contains("it answered 404"), "{}", seen.text());

    // That of another service does not exist (G-4), and a stream has no token.
    service(&op, "other", json!({})).await;
    let foreign = format!("/admin/clients/other/events/{id}/token");
    assert_eq!(admin.browser.get(&foreign).await.status, StatusCode::NOT_FOUND);
    let page = admin.browser.confirms(&page, "#delete").await;
    assert!(page.url.path().ends_with("/shop/events") && page.has("#empty"));
    assert_eq!(server.users().len(), 1, "the users stay at the service");
}

#[tokio::test]
async fn nobody_but_an_administrator_registers_one_and_no_address_leads_inside() {
    // PV-4
    let (op, server) = provider().await;
    service(&op, "shop", json!({})).await;
    let add = async |endpoint: &str, token: &str, people, context: &Context| {
        let new = signals::NewScimTarget {
            token: Secret::new(token),
            ..target_of("shop", endpoint, people)
        };
        let made = signals::add_scim_target(&op.app, context, new).await;
        made.map_err(|it| it.to_string())
    };
    let (used, policy) = (ProvisionedPeople::Used, ProvisionedPeople::Policy);
    let good = server.site.at(BASE);
    let operator = Context::operator();
    assert!(add(&good, TOKEN, used, &crate::support::visitor()).await.is_err());
    for bad in [
        "http://rp.example/scim",
        "https://127.0.0.1/scim",
        "https://rp.example:8443/scim",
        "https://user@rp.example/scim",
        "https://rp.example/scim?tenant=1",
        "",
    ] {
        let refused = add(bad, TOKEN, used, &operator).await.expect_err("refused");
        assert!(refused.starts_with("endpoint"), "{bad}: {refused}"); // DR-3
    }
    for bad in ["", "two words", "a\r\nx-other: 1", "ü"] {
        let refused = add(&good, bad, used, &operator).await.expect_err("refused");
        assert!(refused.starts_with("token"), "{bad}: {refused}");
    }
    let refused = add(&good, TOKEN, policy, &operator).await.expect_err("refused");
    assert!(refused.starts_with("people"), "{refused}");
    for _ in 0..5 {
        add(&good, TOKEN, used, &operator).await.expect("a target");
    }
    assert!(add(&good, TOKEN, used, &operator).await.is_err(), "a sixth");
}

#[tokio::test]
async fn the_token_is_stored_sealed() {
    // PV-4
    let (op, server) = provider().await;
    service(&op, "shop", json!({})).await;
    let made = target(&op, &server, "shop", ProvisionedPeople::Used).await;
    let db = op.app.db.read();
    let sql = "SELECT COUNT(*) AS n FROM event_receivers WHERE sealed_authorization LIKE '%of-the-service%' \
        OR sealed_authorization IS NULL";
    let statement = Statement::from_string(db.get_database_backend(), sql);
    let row = db.query_one_raw(statement).await.expect("read").expect("a row");
    assert_eq!(row.try_get::<i64>("", "n").expect("a number"), 0);
    let trail = itu_account::storage::event_receivers::find(db, &made.id).await;
    assert!(!format!("{trail:?}").contains(TOKEN));
}
