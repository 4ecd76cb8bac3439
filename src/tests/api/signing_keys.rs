//! Tests `/api/v1/signing-keys`: what a program reads of the keys, rotates and revokes (security.md JW-6, JW-7, AD-7).

use serde_json::{Value, json};

use super::{administrator, client, machine};
use crate::support::TestOp;

const KEYS: &str = "/api/v1/signing-keys";

fn kids(list: &Value) -> Vec<&str> {
    let items = list["items"].as_array().expect("items");
    items
        .iter()
        .map(|it| it["kid"].as_str().expect("a kid"))
        .collect()
}

#[tokio::test]
async fn keys_are_listed_with_what_depends_on_them_and_nothing_private() {
    let op = TestOp::start().await;
    let caller = administrator(&op).await;
    op.client_with("fast", json!({"id_token_signed_response_alg": "ES256"}))
        .await;
    let all = caller.get(KEYS).await.body;
    assert_eq!((all["total"].as_u64(), kids(&all).len()), (Some(3), 3), "{all}");
    let found = caller
        .get(&format!("{KEYS}?alg=ES256&state=active&q=P256"))
        .await
        .body;
    assert_eq!(kids(&found).len(), 1, "{found}");
    assert_eq!(found["items"][0]["algs"], json!(["ES256"]));
    assert_eq!(
        caller.get(&format!("{KEYS}?state=revoked")).await.body["total"],
        0
    );
    let page = caller.get(&format!("{KEYS}?limit=2")).await.body;
    let cursor = page["next"].as_str().expect("more");
    let rest = caller.get(&format!("{KEYS}?limit=2&cursor={cursor}")).await.body;
    assert_eq!((kids(&page).len(), kids(&rest).len()), (2, 1));

    let kid = kids(&found)[0];
    let key = caller.get(&format!("{KEYS}/{kid}")).await.body;
    let published = op.browser().get("/jwks.json").await;
    assert!(
        published
            .body
            .contains(key["jwk"]["x"].as_str().expect("a point"))
    );
    assert_eq!(key["jwk"]["kid"], kid);
    for member in ["d", "p", "q", "dp", "dq", "qi", "k"] {
        assert!(key["jwk"].get(member).is_none(), "{member}"); // JW-7
    }
    assert!(key["signs_until"].as_str() < key["accepted_until"].as_str());
    assert!(key["accepted_until"].as_str() < key["published_until"].as_str());
    let clients = caller.get(&format!("{KEYS}/{kid}/clients")).await.body;
    assert_eq!(clients["items"][0]["client_id"], "fast", "{clients}");
    assert_eq!(
        clients["items"][0]["uses"],
        json!([{"use": "tokens", "alg": "ES256"}])
    );
    assert_eq!(clients["total"], 1);
    let none = caller.get(&format!("{KEYS}/{kid}/clients?q=shop")).await.body;
    assert_eq!(none["total"], 0);
    for path in [format!("{KEYS}/none"), format!("{KEYS}/none/clients")] {
        assert_eq!(caller.get(&path).await.status, 404);
    }
}

#[tokio::test]
async fn a_program_rotates_and_revokes() {
    let op = TestOp::start().await;
    let caller = administrator(&op).await;
    let made = caller
        .post(KEYS, json!({"alg": "PS256", "reason": "yearly"}))
        .await;
    assert_eq!(made.status, 201, "{}", made.body);
    let announced = &made.body["keys"][0];
    assert_eq!(
        (&announced["state"], &announced["algs"]),
        (&json!("announced"), &json!(["RS256", "PS256"]))
    );
    let again = caller.post(KEYS, json!({"alg": "RS256"})).await;
    assert_eq!((again.status, again.problem()), (409, "conflict"));
    let all = caller.post(KEYS, json!({})).await;
    assert_eq!(all.status, 409, "one of them is announced");
    let wrong = caller.post(KEYS, json!({"alg": "HS256"})).await;
    assert_eq!(
        (wrong.status, &wrong.body["errors"][0]["member"]),
        (422, &json!("alg"))
    );

    let found = caller.get(&format!("{KEYS}?alg=EdDSA")).await.body;
    let kid = kids(&found)[0].to_owned();
    let path = format!("{KEYS}/{kid}/revoke");
    let silent = caller.post(&path, json!({"reason": " "})).await;
    assert_eq!((silent.status, silent.problem()), (422, "invalid"));
    let done = caller.post(&path, json!({"reason": "copied"})).await;
    assert_eq!(done.status, 201, "{}", done.body);
    assert_eq!(done.body["keys"][0]["state"], "active");
    let revoked = caller.get(&format!("{KEYS}/{kid}")).await.body;
    assert_eq!(
        (&revoked["state"], &revoked["jwk"]),
        (&json!("revoked"), &Value::Null)
    );
    assert_eq!(caller.post(&path, json!({"reason": "copied"})).await.status, 409);
    let entry = caller
        .get(&format!("/api/v1/audit-entries?subject=key%3A{kid}&limit=1"))
        .await;
    assert_eq!(entry.body["items"][0]["reason"], "copied", "{}", entry.body); // LG-1
}

#[tokio::test]
async fn reading_is_not_changing() {
    // AD-1
    let op = TestOp::start().await;
    let rp = client(&op, "monitor").await;
    let caller = machine(&op, &rp, "admin:operations:read").await;
    assert_eq!(caller.get(KEYS).await.status, 200);
    let refused = caller.post(KEYS, json!({})).await;
    assert_eq!((refused.status, refused.problem()), (403, "insufficient-scope"));
    let caller = machine(&op, &rp, "admin:audit").await;
    assert_eq!(caller.get(KEYS).await.status, 403);
}
