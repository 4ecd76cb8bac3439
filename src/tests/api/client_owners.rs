//! Tests the operations on the owners of a client (security.md AD-8).

use serde_json::json;

use super::{administrator, client, machine};
use crate::support::TestOp;

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
