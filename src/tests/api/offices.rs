//! Tests the operations on the offices of an organization: absences, deputies, the handover, and the history of all of it
//! (security.md AF-8, AD-1).

use chrono::Days;
use serde_json::json;

use super::{administrator, machine};
use crate::support::{TestOp, rows};

#[tokio::test]
async fn offices_have_terms_and_a_history() {
    let op = TestOp::start().await;
    op.insert_organization("ofcom", "OFCOM", "member_state").await;
    let mut people = Vec::new();
    for name in ["fp", "bob", "carol"] {
        let email = format!("{name}@ofcom.example");
        op.person(&email).await;
        let account = op.find_account(&email).await.id;
        let stage = rows::approved(op.now());
        people.push((op.insert_affiliation(&account, "ofcom", stage).await, account));
    }
    op.insert_focal_point(&people[0].0).await;
    let [fp, bob, carol] = [0, 1, 2].map(|it| people[it].1.as_str());
    let caller = administrator(&op).await;
    let of = "/api/v1/organizations/ofcom";
    let today = op.now().date_naive();
    let later = today + Days::new(3);
    let term = json!({"from": today.to_string(), "until": later.to_string()});
    let call = async |verb: &str, path: &str, body: Option<serde_json::Value>| {
        caller.call(verb, &format!("{of}{path}"), &[], body).await
    };

    let absence = format!("/focal-points/{fp}/absence");
    let entered = call("PUT", &absence, Some(term)).await;
    assert_eq!(entered.status, 204, "{}", entered.body);
    let listed = call("GET", "/focal-points", None).await;
    assert_eq!(
        listed.body["items"][0]["away_until"],
        later.to_string(),
        "{}",
        listed.body
    );
    let wrong = json!({"from": later.to_string(), "until": today.to_string()});
    assert_eq!(call("PUT", &absence, Some(wrong)).await.status, 422);
    let unknown = format!("/focal-points/{bob}/absence");
    let term = || json!({"from": today.to_string(), "until": later.to_string()});
    assert_eq!(call("PUT", &unknown, Some(term())).await.status, 404);
    assert_eq!(call("DELETE", &absence, None).await.status, 204);
    assert_eq!(call("DELETE", &absence, None).await.status, 409); // G-9

    // Whether the weekly digest is sent.
    let digest = format!("/weekly-digest/{fp}");
    for (verb, is_sent) in [("DELETE", false), ("DELETE", false), ("PUT", true)] {
        let done = call(verb, &digest, None).await;
        assert_eq!(done.status, 204, "{}", done.body);
        let listed = call("GET", "/focal-points", None).await;
        assert_eq!(
            listed.body["items"][0]["weekly_digest"], is_sent,
            "{}",
            listed.body
        );
    }
    let without_office = format!("/weekly-digest/{bob}");
    assert_eq!(call("DELETE", &without_office, None).await.status, 404);

    let named = |email: &str| {
        let mut body = term();
        body["email"] = email.into();
        Some(body)
    };
    let done = call("POST", "/deputies", named("bob@ofcom.example")).await;
    assert_eq!(done.status, 204, "{}", done.body);
    for email in ["bob@ofcom.example", "nobody@example.org", "fp@ofcom.example"] {
        let refused = call("POST", "/deputies", named(email)).await;
        assert_eq!(refused.status, 422, "{email}: {}", refused.body);
    }
    let listed = call("GET", "/deputies", None).await;
    let row = &listed.body["items"][0];
    assert_eq!((&row["account_id"], &row["is_now"]), (&json!(bob), &json!(true)));
    assert_eq!(listed.body["total"], 1);
    let gone = call("DELETE", &format!("/deputies/{bob}"), None).await;
    assert_eq!(gone.status, 204, "{}", gone.body);
    assert_eq!(
        call("DELETE", &format!("/deputies/{bob}"), None).await.status,
        404
    );

    let handover = format!("/focal-points/{fp}/handover");
    let refused = call("POST", &handover, Some(json!({"email": "nobody@example.org"}))).await;
    assert_eq!(refused.status, 422, "{}", refused.body);
    let done = call("POST", &handover, Some(json!({"account_id": carol}))).await;
    assert_eq!(done.status, 204, "{}", done.body);
    assert_eq!(
        call("POST", &handover, Some(json!({"account_id": carol})))
            .await
            .status,
        409
    );
    let listed = call("GET", "/focal-points", None).await;
    assert_eq!(listed.body["items"][0]["account_id"], carol);
    assert_eq!(listed.body["total"], 1);

    let history = call("GET", "/history?topic=offices&limit=4", None).await;
    let kinds: Vec<_> = history.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["kind"].clone())
        .collect();
    assert_eq!(
        kinds,
        [
            "focal_point.removed",
            "focal_point.designated",
            "deputy.ended",
            "deputy.named"
        ],
        "{}",
        history.body
    );
    assert_eq!(history.body["items"][3]["after"]["until"], later.to_string());
    let next = history.body["next"].as_str().expect("older ones").to_owned();
    let older = call(
        "GET",
        &format!("/history?topic=offices&limit=4&cursor={next}"),
        None,
    )
    .await;
    assert_eq!(
        older.body["items"].as_array().map(Vec::len),
        Some(2),
        "{}",
        older.body
    );
    assert!(older.body["next"].is_null());

    // AD-1: whoever may read changes nothing.
    let rp = super::client(&op, "reader").await;
    let reader = machine(&op, &rp, "admin:organizations:read").await;
    assert_eq!(reader.get(&format!("{of}/deputies")).await.status, 200);
    let refused = reader
        .call("DELETE", &format!("{of}/deputies/{bob}"), &[], None)
        .await;
    assert_eq!(refused.status, 403);
}
