//! Tests the operations on the owners of a client (security.md AD-8).

use serde_json::json;

use super::{administrator, client, machine, personal};
use crate::support::TestOp;
use itu_account::domain::ClientId;
use itu_account::domain::actor::Context;
use itu_account::domain::role::Role;
use itu_account::oidc::clients::{self, Whom};

#[tokio::test]
async fn owners_are_named_listed_and_removed() {
    let op = TestOp::start().await;
    let caller = administrator(&op).await;
    op.client("shop").await;
    op.person("owner@example.org").await;
    let id = op.find_account("owner@example.org").await.id;
    let path = "/api/v1/clients/shop/owners";
    let named = caller.post(path, json!({"email": "owner@example.org"})).await;
    assert_eq!(named.status, 204, "{}", named.body);
    let again = caller.post(path, json!({"account_id": id.as_str()})).await;
    assert_eq!(again.problem(), "conflict");
    let nobody = caller.post(path, json!({"email": "nobody@example.org"})).await;
    assert_eq!((nobody.status, nobody.problem()), (422, "invalid"));
    for body in [
        json!({}),
        json!({"email": "a@b.example", "account_id": "x"}),
        json!({"email": "x"}),
    ] {
        assert_eq!(caller.post(path, body.clone()).await.status, 422, "{body}");
    }
    let listed = caller.get(path).await;
    let row = &listed.body["items"][0];
    assert_eq!(
        (&row["account_id"], &row["email"]),
        (&json!(id.as_str()), &json!("owner@example.org"))
    );
    let mails = op.outbox().to("owner@example.org").await;
    assert_eq!(mails.iter().filter(|it| it.kind == "client_ownership").count(), 1);

    // A program that only reads lists them, and names nobody (AD-1).
    let reader = machine(&op, &client(&op, "reader").await, "admin:clients:read").await;
    assert_eq!(reader.get(path).await.status, 200);
    let refused = reader.post(path, json!({"account_id": id.as_str()})).await;
    assert_eq!(refused.status, 403);

    let gone = format!("{path}/{id}");
    assert_eq!(caller.call("DELETE", &gone, &[], None).await.status, 204);
    assert_eq!(caller.call("DELETE", &gone, &[], None).await.status, 404);
    assert_eq!(caller.get(path).await.body["items"], json!([]));
    assert_eq!(caller.get("/api/v1/clients/none/owners").await.status, 404);
}

#[tokio::test]
async fn an_owner_names_nobody_and_an_administrator_after_a_recent_login() {
    // AD-8, SE-4
    let op = TestOp::start().await;
    op.client("shop").await;
    let mut console = client(&op, "console").await;
    let path = "/api/v1/clients/shop/owners";
    let named = json!({"email": "friend@example.org"});
    op.person("friend@example.org").await;
    let mut owner = op.person("owner@example.org").await;
    let account = op.find_account("owner@example.org").await.id;
    let whom = Whom::Account(&account);
    let owned = clients::add_owner(&op.app, &Context::operator(), &ClientId::new("shop"), &whom).await;
    owned.expect("an owner");
    // A program is nobody's deputy as an owner, whatever scope it asks for.
    let caller = personal(&op, &mut console, &mut owner, "admin:clients").await;
    assert_eq!(caller.get(path).await.status, 403);
    assert_eq!(caller.post(path, named.clone()).await.status, 403);
    let gone = format!("{path}/{account}");
    assert_eq!(caller.call("DELETE", &gone, &[], None).await.status, 403);

    let mut admin = op.person_with("admin@itu.example", Role::Administrator).await;
    let caller = personal(&op, &mut console, &mut admin, "admin:clients").await;
    op.advance(301);
    for (method, path, body) in [
        ("POST", path, Some(named.clone())),
        ("DELETE", gone.as_str(), None),
    ] {
        let answer = caller.call(method, path, &[], body).await;
        assert_eq!(
            (answer.status, answer.problem()),
            (401, "login-needed"),
            "{method}"
        );
    }
    let listed = caller.get(path).await;
    assert_eq!(listed.body["items"][0]["email"], "owner@example.org");
    let mut admin = admin.elsewhere(&op);
    let caller = personal(&op, &mut console, &mut admin, "admin:clients").await;
    assert_eq!(caller.post(path, named).await.status, 204);
    assert_eq!(caller.call("DELETE", &gone, &[], None).await.status, 204);
}
