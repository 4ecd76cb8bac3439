//! Tests that a program does with streams and webhooks what the pages do: the same rules, the same audit trail (security.md
//! AD-2, DR-3, EV-5, EV-6, G-4).

use serde_json::{Value, json};

use super::{Caller, administrator, client, machine};
use crate::support::{Site, TestOp};
use itu_account::domain::signal::ReceiverStatus;
use itu_account::domain::{ClientId, ReceiverId};
use itu_account::jobs;
use itu_account::storage::{event_deliveries, event_receivers};

const HEAR: &str = "/hear";

async fn provider() -> (TestOp, Site) {
    let site = Site::start().await;
    site.answers(HEAR, 204, &[], "");
    let op = TestOp::with(|config| site.is_allowed(config)).await;
    (op, site)
}

async fn webhook(caller: &Caller<'_>, site: &Site) -> (String, Value) {
    let new = json!({"endpoint": site.at(HEAR), "events": ["credential-change"], "description": "ours"});
    let made = caller.post("/api/v1/clients/shop/webhooks", new).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let id = made.body["id"].as_str().expect("an id");
    let path = format!("/api/v1/clients/shop/receivers/{id}");
    assert_eq!(made.header("location"), path);
    (path, made.body)
}

async fn changed(caller: &Caller<'_>, path: &str, act: &str, body: Option<Value>) -> u16 {
    caller
        .call("POST", &format!("{path}/{act}"), &[], body)
        .await
        .status
}

#[tokio::test]
async fn a_webhook_is_made_paused_and_deleted() {
    let (op, site) = provider().await;
    op.client_with("shop", json!({})).await;
    op.client_with("other", json!({})).await;
    let caller = administrator(&op).await;
    let (path, made) = webhook(&caller, &site).await;
    let secret = made["secret"].as_str().expect("a secret");
    assert!(secret.starts_with("whsec_"));
    let read = caller.get(&path).await;
    assert_eq!((read.status, &read.body["kind"]), (200, &json!("webhook")));
    assert_eq!(read.body["events"], json!(["credential-change"]));
    assert!(!read.body.to_string().contains(secret)); // AD-2
    let listed = caller.get("/api/v1/clients/shop/receivers").await;
    assert_eq!(listed.body["items"], json!([read.body]));
    assert_eq!(caller.get("/api/v1/clients/none/receivers").await.status, 404);

    // That of another client does not exist (G-4).
    let foreign = path.replace("/shop/", "/other/");
    assert_eq!(caller.get(&foreign).await.status, 404);
    for act in ["test", "replay", "discard", "secrets"] {
        let body = ["replay", "discard"].contains(&act).then(|| json!({}));
        assert_eq!(changed(&caller, &foreign, act, body).await, 404, "{act}");
    }
    assert_eq!(caller.call("DELETE", &foreign, &[], None).await.status, 404);

    assert_eq!(changed(&caller, &path, "test", None).await, 204);
    jobs::deliver_events(&op.app).await.expect("delivered");
    assert!(site.received(HEAR)[0].contains("webhook.test"));
    let because = json!({"reason": "maintenance"});
    assert_eq!(changed(&caller, &path, "pause", Some(because.clone())).await, 204);
    assert_eq!(changed(&caller, &path, "pause", Some(because)).await, 409);
    let paused = caller.get(&path).await;
    assert_eq!(
        (&paused.body["status"], &paused.body["status_reason"]),
        (&json!("paused"), &json!("maintenance"))
    );
    assert_eq!(changed(&caller, &path, "resume", Some(json!({}))).await, 204);
    assert_eq!(changed(&caller, &path, "disable", Some(json!({}))).await, 204);
    let id = ReceiverId::new(path.rsplit('/').next().expect("an id"));
    let stored = event_receivers::find(op.app.db.read(), &id).await.expect("read");
    assert_eq!(stored.expect("there").status, ReceiverStatus::Disabled);

    // AD-2: a repetition does nothing again, and has no secret.
    let rotate = async || {
        let headers = [("idempotency-key", "rotation-1")];
        caller
            .call("POST", &format!("{path}/secrets"), &headers, None)
            .await
    };
    let (first, again) = (rotate().await, rotate().await);
    assert_eq!((first.status, again.status), (201, 201), "{}", first.body);
    assert_ne!(first.body["secret"], made["secret"]);
    assert!(first.body["former_secret_until"].is_string());
    assert_eq!(again.body.get("secret"), None);
    let entry = caller
        .get("/api/v1/audit-entries?kind=receiver.changed&limit=1")
        .await;
    assert_eq!(entry.body["items"][0]["actor"], "client:backoffice");

    assert_eq!(caller.call("DELETE", &path, &[], None).await.status, 204);
    assert_eq!(caller.get(&path).await.status, 404);
}

#[tokio::test]
async fn a_dead_letter_is_listed_replayed_and_discarded() {
    // EV-5
    let (op, site) = provider().await;
    op.client_with("shop", json!({})).await;
    let caller = administrator(&op).await;
    let (path, made) = webhook(&caller, &site).await;
    let id = ReceiverId::new(made["id"].as_str().expect("an id"));
    for _ in 0..3 {
        assert_eq!(changed(&caller, &path, "test", None).await, 204);
    }
    let db = &op.app.db;
    let waiting = async || {
        let queue = event_deliveries::queue(db.read(), &id).await.expect("read");
        (queue.waiting, queue.dead)
    };
    let passing = event_deliveries::Passing::All;
    let heads = event_deliveries::list_heads(db.read(), &id, passing, op.now(), 8).await;
    for it in heads.expect("read") {
        event_deliveries::bury(db, &id, &it.id, op.now(), "it answered 400")
            .await
            .expect("buried");
    }
    assert_eq!(waiting().await, (0, 3));
    let letters = format!("{path}/dead-letters");
    let first = caller.get(&format!("{letters}?limit=2&kind=verification")).await;
    assert_eq!(
        (first.status, &first.body["total"]),
        (200, &json!(3)),
        "{}",
        first.body
    );
    let next = first.body["next"].as_str().expect("more");
    let rest = caller
        .get(&format!("{letters}?limit=2&kind=verification&cursor={next}"))
        .await;
    assert_eq!(rest.body["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(rest.body["items"][0]["failure"], "it answered 400");
    assert_eq!(
        caller.get(&format!("{letters}?kind=account-purged")).await.body["items"],
        json!([])
    );
    assert_eq!(caller.get(&format!("{letters}?kind=nothing")).await.status, 400);

    let letter = rest.body["items"][0]["id"].clone();
    let one = caller
        .post(&format!("{path}/replay"), json!({"event": letter}))
        .await;
    assert_eq!(
        (one.status, &one.body["events"]),
        (200, &json!(1)),
        "{}",
        one.body
    );
    let twice = caller
        .post(&format!("{path}/replay"), json!({"event": letter}))
        .await;
    assert_eq!(twice.status, 404);
    assert_eq!(waiting().await, (1, 2));
    let all = caller.post(&format!("{path}/discard"), json!({})).await;
    assert_eq!(all.body["events"], 2);
    assert_eq!(waiting().await, (1, 0));
}

#[tokio::test]
async fn a_webhook_leads_nowhere_inside_and_readers_make_none() {
    let (op, _site) = provider().await;
    op.client_with("shop", json!({})).await;
    let rp = client(&op, "backoffice").await;
    let caller = machine(&op, &rp, "admin:clients").await;
    for bad in [
        "http://rp.example/",
        "https://127.0.0.1/",
        "https://rp.example:8443/",
        "",
    ] {
        let refused = caller
            .post("/api/v1/clients/shop/webhooks", json!({"endpoint": bad}))
            .await;
        assert_eq!(
            (refused.status, &refused.body["errors"][0]["member"]),
            (422, &json!("endpoint")),
            "{bad}"
        ); // DR-3
    }
    let unknown = json!({"endpoint": "https://rp.example/", "events": ["everything"]});
    let refused = caller.post("/api/v1/clients/shop/webhooks", unknown).await;
    assert_eq!(refused.body["errors"][0]["member"], "events");
    let reader = machine(&op, &rp, "admin:clients:read").await;
    let new = json!({"endpoint": "https://rp.example/hear"});
    let refused = reader.post("/api/v1/clients/shop/webhooks", new.clone()).await;
    assert_eq!((refused.status, refused.problem()), (403, "insufficient-scope")); // EV-6
    assert_eq!(reader.get("/api/v1/clients/shop/receivers").await.status, 200);
    for _ in 0..5 {
        let made = caller.post("/api/v1/clients/shop/webhooks", new.clone()).await;
        assert_eq!(made.status, 201, "{}", made.body);
    }
    let sixth = caller.post("/api/v1/clients/shop/webhooks", new).await;
    assert_eq!((sixth.status, sixth.problem()), (409, "conflict"));
    let shop = ClientId::new("shop");
    let all = event_receivers::list_of_client(op.app.db.read(), &shop).await;
    assert_eq!(all.expect("read").len(), 5);
}
