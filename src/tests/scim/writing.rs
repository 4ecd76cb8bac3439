//! Tests of what can be written, and of what cannot.

use serde_json::{Value, json};

use super::{PATCH, token_of};
use crate::support::{TestOp, rows};

fn patch(operation: &Value) -> Value {
    json!({"schemas": [PATCH], "Operations": [operation]})
}

#[tokio::test]
async fn a_service_without_the_power_writes_nothing() {
    let op = TestOp::start().await;
    let mut service = op.scim_service("events", json!({})).await;
    let alice = rows::account("alice@example.org", op.now());
    op.insert_account(alice.clone(), None).await;
    op.insert_use(&alice, "events").await;
    let path = format!("/Users/{}", alice.sub);
    let suspend = patch(&json!({"op": "replace", "path": "active", "value": false}));
    let refused = service.sends("PATCH", &path, &[], Some(suspend.clone())).await;
    assert_eq!(refused.error(), (403, "")); // a token that reads

    service.token = token_of(&service.rp, "scim").await;
    let refused = service.sends("PATCH", &path, &[], Some(suspend.clone())).await;
    assert_eq!(refused.error(), (403, ""));
    assert_eq!(service.gets(&path).await.json["active"], true);
    // RFC 7644 §3.5.2: what cannot be written says so.
    let rename = patch(&json!({"op": "replace", "path": "userName", "value": "x@example.org"}));
    assert_eq!(
        service.sends("PATCH", &path, &[], Some(rename)).await.error(),
        (400, "mutability")
    );
    let stale = [("if-match", "W/\"x\"")];
    assert_eq!(
        service
            .sends("PATCH", &path, &stale, Some(suspend.clone()))
            .await
            .error(),
        (412, "")
    );
    // RFC 7644 §3.5.1: of a whole resource, what is read only is not looked at.
    let whole = service.gets(&path).await;
    let etag = whole.header("etag").to_owned();
    let mut body = whole.json;
    body["displayName"] = "Somebody".into();
    let same = service
        .sends("PUT", &path, &[("if-match", &etag)], Some(body))
        .await;
    assert_eq!(
        (same.status.as_u16(), &same.json["displayName"]),
        (200, &json!("Alice Example"))
    );
    for (method, path, body) in [
        ("PATCH", "/Users/nobody", suspend),
        (
            "PUT",
            "/Users/nobody",
            json!({"schemas": [super::USER], "active": false}),
        ),
    ] {
        assert_eq!(
            service.sends(method, path, &[], Some(body)).await.error(),
            (404, "")
        );
    }
    let broken = service.sends("PATCH", &path, &[], Some(json!([]))).await;
    assert_eq!(broken.error(), (400, "invalidSyntax"));
}

#[tokio::test]
async fn a_client_with_the_power_over_accounts_sees_everybody_and_suspends() {
    let op = TestOp::start().await;
    let scope = "openid scim scim:read admin:accounts admin:accounts:read";
    let mut staff = op.scim_service("staff", json!({"scope": scope})).await;
    let mut alice = op.person("alice@example.org").await;
    alice.logs_in().await;
    let account = op.find_account("alice@example.org").await;
    let path = format!("/Users/{}", account.sub);
    assert_eq!(staff.gets(&path).await.error(), (404, "")); // the token has no power
    staff.token = token_of(&staff.rp, "scim admin:accounts:read").await;
    let seen = staff.gets(&path).await;
    assert_eq!(seen.json["userName"], "alice@example.org");
    let suspend = patch(&json!({"op": "replace", "path": "active", "value": false}));
    let refused = staff.sends("PATCH", &path, &[], Some(suspend.clone())).await;
    assert_eq!(refused.error(), (403, ""));
    staff.token = token_of(&staff.rp, "scim:read admin:accounts").await;
    let refused = staff.sends("PATCH", &path, &[], Some(suspend.clone())).await;
    assert_eq!(refused.error(), (403, ""));

    staff.token = token_of(&staff.rp, "scim admin:accounts").await;
    let etag = seen.header("etag").to_owned();
    op.advance(10);
    let done = staff
        .sends("PATCH", &path, &[("if-match", &etag)], Some(suspend.clone()))
        .await;
    assert_eq!((done.status.as_u16(), &done.json["active"]), (200, &json!(false)));
    assert_ne!(done.header("etag"), etag);
    assert_ne!(
        done.json["meta"]["lastModified"],
        seen.json["meta"]["lastModified"]
    );
    // The session is over, and the person is told (LG-4).
    assert_eq!(alice.browser.get("/account").await.url.path(), "/login");
    let mail = op.outbox().latest("alice@example.org").await;
    assert!(mail.text.contains("staff (SCIM)"), "{}", mail.text);
    let stale = staff
        .sends("PATCH", &path, &[("if-match", &etag)], Some(suspend.clone()))
        .await;
    assert_eq!(stale.error(), (412, "")); // RFC 7644 §3.14
    let again = staff.sends("PATCH", &path, &[], Some(suspend)).await;
    assert_eq!(again.status, 200);
    let mut whole = staff.gets(&path).await.json;
    whole["active"] = true.into();
    let lifted = staff.sends("PUT", &path, &[], Some(whole)).await;
    assert_eq!(lifted.json["active"], true);
    alice.logs_in().await;

    // LG-1: the trail names the client that did it.
    let sql =
        "SELECT action AS t FROM events WHERE actor = 'client:staff' AND action LIKE 'account.%' ORDER BY id";
    let rows = crate::support::traces::query(&op, sql).await;
    let actions: Vec<String> = rows.iter().map(|it| it.try_get("", "t").unwrap()).collect();
    assert_eq!(actions, ["account.suspended", "account.reinstated"]);
}
