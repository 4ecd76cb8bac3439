//! Tests a poll stream (RFC 8936): a receiver asks, acknowledges, and says what it cannot use.

use axum::http::Method;
use serde_json::{Value, json};

use super::events::changes_password;
use super::{Set, call, overview, provider, service, token, uses, verify};
use crate::support::TestOp;

/// Polls at the address of the stream, and returns the tokens that came, verified, and whether more wait.
async fn poll(op: &TestOp, stream: &Value, token: &str, mut body: Value) -> (Vec<Set>, bool) {
    body["returnImmediately"] = true.into();
    let address = stream["delivery"]["endpoint_url"].as_str().expect("an address");
    let path = address.strip_prefix(crate::support::ISSUER).expect("ours");
    let (status, answer) = call(op, (Method::POST, path), Some(token), Some(&body)).await;
    assert_eq!(status, 200, "{answer}");
    let mut sets = Vec::new();
    for (id, set) in answer["sets"].as_object().expect("sets") {
        let set = verify(op, set.as_str().expect("a token")).await;
        assert_eq!(set.id(), id); // RFC 8936 §2.3
        sets.push(set);
    }
    (sets, answer["moreAvailable"] == true)
}

#[tokio::test]
async fn a_receiver_gets_each_event_in_order_until_it_acknowledges() {
    let (op, _site) = provider().await;
    let mut shop = service(&op, "shop", json!({})).await;
    let manage = token(&shop, "ssf.manage").await;
    let path = (Method::POST, "/ssf/streams");
    let (status, made) = call(&op, path, Some(&manage), Some(&json!({}))).await;
    assert_eq!(status, 201, "{made}");
    assert_eq!(made["delivery"]["method"], "urn:ietf:rfc:8936");
    let mut alice = op.person("alice@example.org").await;
    let mut bob = op.person("bob@example.org").await;
    uses(&mut alice, &mut shop, "openid").await;
    uses(&mut bob, &mut shop, "openid").await;
    changes_password(&mut alice).await;
    changes_password(&mut alice).await;
    changes_password(&mut bob).await;
    let reads = token(&shop, "ssf.read").await;

    let (first, more) = poll(&op, &made, &reads, json!({})).await;
    // Of each person the earliest alone: what comes later waits for the acknowledgement (EV-4).
    assert_eq!((first.len(), more), (2, true));
    let (again, _) = poll(&op, &made, &reads, json!({ "maxEvents": 1 })).await;
    assert_eq!(again.len(), 1);
    let ids: Vec<&str> = first.iter().map(Set::id).collect();
    assert!(ids.contains(&again[0].id()));
    let (second, more) = poll(&op, &made, &reads, json!({ "ack": ids })).await;
    assert_eq!((second.len(), more), (1, false));
    assert!(!ids.contains(&second[0].id()));
    // RFC 8936 §2.4.2: acknowledge only.
    let (none, _) = poll(&op, &made, &reads, json!({ "ack": [], "maxEvents": 0 })).await;
    assert!(none.is_empty());
    // RFC 8936 §2.6: what it cannot use is kept as a dead letter.
    let refused = json!({ second[0].id(): { "err": "invalid_audience", "description": "not us" } });
    let (none, _) = poll(&op, &made, &reads, json!({ "setErrs": refused })).await;
    assert!(none.is_empty());
    let seen = overview(&op, "shop").await;
    assert_eq!(
        (
            seen.queue.waiting,
            seen.queue.dead,
            seen.receiver.progress.delivered
        ),
        (0, 1, 2)
    );
}

#[tokio::test]
async fn nobody_else_polls_a_stream() {
    // EV-6
    let (op, site) = provider().await;
    let shop = service(&op, "shop", json!({})).await;
    let other = service(&op, "other", json!({})).await;
    let manage = token(&shop, "ssf.manage").await;
    let (_, made) = call(
        &op,
        (Method::POST, "/ssf/streams"),
        Some(&manage),
        Some(&json!({})),
    )
    .await;
    let address = made["delivery"]["endpoint_url"].as_str().expect("an address");
    let path = address.strip_prefix(crate::support::ISSUER).expect("ours");
    let body = json!({ "returnImmediately": true });
    let foreign = token(&other, "ssf.manage").await;
    assert_eq!(
        call(&op, (Method::POST, path), Some(&foreign), Some(&body))
            .await
            .0,
        404
    );
    assert_eq!(call(&op, (Method::POST, path), None, Some(&body)).await.0, 401);
    // A push stream has no such address.
    let pushed = super::stream(&op, &other, &site, super::HEAR).await;
    let path = format!(
        "/ssf/streams/{}/events",
        pushed["stream_id"].as_str().expect("an id")
    );
    assert_eq!(
        call(&op, (Method::POST, &path), Some(&foreign), Some(&body))
            .await
            .0,
        404
    );
}
