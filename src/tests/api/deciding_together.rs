//! Tests that a program decides several requests of one organization at once, each on its own (security.md AF-2, G-4, G-9).

use serde_json::{Value, json};

use super::administrator;
use crate::support::TestOp;
use itu_account::domain::affiliation::Stage;

async fn asks(op: &TestOp, name: &str, organization: &str) -> String {
    let email = format!("{name}@example.org");
    op.person(&email).await;
    let account = op.find_account(&email).await.id;
    let request = op
        .insert_affiliation(&account, organization, Stage::Pending)
        .await;
    request.id.to_string()
}

fn outcomes(body: &Value) -> Vec<(&str, &str)> {
    fn text(it: &Value) -> &str {
        it.as_str().expect("text")
    }
    let all = body["requests"].as_array().expect("outcomes");
    all.iter()
        .map(|it| (text(&it["id"]), text(&it["outcome"])))
        .collect()
}

#[tokio::test]
async fn each_request_has_an_outcome_of_its_own() {
    let op = TestOp::start().await;
    op.insert_organization("ofcom", "OFCOM", "member_state").await;
    op.insert_organization("telco", "Telco", "sector_member").await;
    let caller = administrator(&op).await;
    let (alice, bob) = (asks(&op, "alice", "ofcom").await, asks(&op, "bob", "ofcom").await);
    let (carol, foreign) = (asks(&op, "carol", "ofcom").await, asks(&op, "dan", "telco").await);
    let path = "/api/v1/organizations/ofcom/affiliations/decide";
    let approve = |requests: &[&String]| json!({"decision": "approve", "requests": requests});
    let done = caller.post(path, approve(&[&alice])).await;
    assert_eq!(
        (done.status, outcomes(&done.body)),
        (200, vec![(alice.as_str(), "done")])
    );

    // What was decided, is another organization's or never was keeps no other back (G-4, G-9).
    let nothing = "nothing".to_owned();
    let key = [
        ("idempotency-key", "several-1"),
        ("content-type", "application/json"),
    ];
    let body = approve(&[&alice, &foreign, &nothing, &bob, &bob]);
    let some = caller.call("POST", path, &key, Some(body.clone())).await;
    let expected = vec![
        (alice.as_str(), "decided_meanwhile"),
        (foreign.as_str(), "not_found"),
        ("nothing", "not_found"),
        (bob.as_str(), "done"),
    ];
    assert_eq!(outcomes(&some.body), expected);
    let again = caller.call("POST", path, &key, Some(body)).await;
    assert_eq!(
        outcomes(&again.body),
        expected,
        "a repetition says what came of the first"
    );
    let untouched = caller.get(&format!("/api/v1/affiliations/{foreign}")).await;
    assert_eq!(untouched.body["status"], "pending");

    for (wrong, member) in [
        (json!({"decision": "reject", "requests": [carol]}), "reason"),
        (
            json!({"decision": "approve", "requests": [carol], "reason": "Yes."}),
            "reason",
        ),
        (json!({"decision": "forget", "requests": [carol]}), "decision"),
        (json!({"decision": "approve", "requests": []}), "requests"),
        (
            json!({"decision": "approve", "requests": vec!["x"; 101]}),
            "requests",
        ),
    ] {
        let refused = caller.post(path, wrong.clone()).await;
        assert_eq!(
            (refused.status, &refused.body["errors"][0]["member"]),
            (422, &json!(member)),
            "{wrong}"
        );
    }
    let reject = json!({"decision": "reject", "requests": [carol], "reason": "Nobody here knows you."});
    let rejected = caller.post(path, reject).await;
    assert_eq!(outcomes(&rejected.body), [(carol.as_str(), "done")]);
    let mails = op.outbox().to("carol@example.org").await;
    assert!(mails.iter().any(|it| it.text.contains("Nobody here knows you.")));
    let unknown = "/api/v1/organizations/none/affiliations/decide";
    assert_eq!(caller.post(unknown, approve(&[&carol])).await.status, 404);
}
