//! Tests `/api/v1/mails`: what a program finds, sends once more and discards, and that no text comes along (security.md
//! G-13, DS-7).

use serde_json::{Value, json};

use super::{administrator, client, machine};
use crate::outgoing_mails::{ALICE, given_up, token_of};
use crate::support::TestOp;

const MAILS: &str = "/api/v1/mails";

#[tokio::test]
async fn mails_are_found_and_sent_once_more() {
    let op = TestOp::start().await;
    given_up(&op).await;
    let text = op.outbox().latest(ALICE).await.text;
    let caller = administrator(&op).await;
    let all = caller
        .get(&format!("{MAILS}?recipient=alice%40example.org&limit=1"))
        .await
        .body;
    let cursor = all["next"].as_str().expect("more");
    let rest = format!("{MAILS}?recipient=alice%40example.org&limit=1&cursor={cursor}");
    let rest = caller.get(&rest).await.body;
    let [one, two] = [&all["items"][0], &rest["items"][0]];
    assert!(one["id"] != two["id"] && rest["next"].is_null(), "{all} {rest}");
    for mail in [one, two] {
        assert_eq!(
            (&mail["state"], &mail["recipient"]),
            (&json!("given_up"), &json!(ALICE))
        );
        assert!(
            mail["last_error"].is_string() && mail["failed_at"].is_string(),
            "{mail}"
        );
        assert!(mail.get("text").is_none() && mail.get("html").is_none());
        assert!(!mail.to_string().contains(token_of(&text)), "{mail}"); // G-13
    }
    let of_kind = |list: &Value, kind: &str| {
        let found = list["items"]
            .as_array()
            .unwrap()
            .iter()
            .find(|it| it["kind"] == kind);
        found.unwrap_or_else(|| panic!("{list}"))["id"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let list = caller.get(&format!("{MAILS}?state=given_up")).await.body;
    let (void, good) = (of_kind(&list, "password_reset"), of_kind(&list, "new_sign_in"));
    let refused = caller.post(&format!("{MAILS}/{void}/resend"), json!({})).await;
    assert_eq!(
        (refused.status, refused.problem()),
        (409, "conflict"),
        "{}",
        refused.body
    );
    let resent = caller.post(&format!("{MAILS}/{good}/resend"), json!({})).await;
    assert_eq!(
        (resent.status, &resent.body["state"]),
        (200, &json!("queued")),
        "{}",
        resent.body
    );
    let early = caller.call("DELETE", &format!("{MAILS}/{good}"), &[], None).await;
    assert_eq!(early.status, 409, "it was not given up");
    let gone = caller.call("DELETE", &format!("{MAILS}/{void}"), &[], None).await;
    assert_eq!(gone.status, 204);
    for (method, path) in [
        ("GET", format!("{MAILS}/{void}")),
        ("DELETE", format!("{MAILS}/{void}")),
    ] {
        assert_eq!(
            caller.call(method, &path, &[], None).await.status,
            404,
            "{method} {path}"
        );
    }
    let opened = caller.get(&format!("{MAILS}/{good}")).await;
    assert_eq!(opened.status, 200);
    let trail = caller.get("/api/v1/audit-entries?kind=mail.viewed").await.body;
    assert_eq!(trail["items"].as_array().map(Vec::len), Some(1), "{trail}"); // LG-1
}

#[tokio::test]
async fn all_that_match_are_sent_once_more() {
    let op = TestOp::start().await;
    given_up(&op).await;
    let caller = administrator(&op).await;
    let path = format!("{MAILS}/resend");
    let none = caller
        .post(&path, json!({"recipient": "nobody@example.org"}))
        .await;
    assert_eq!(
        (none.status, &none.body["resent"]),
        (200, &json!(0)),
        "{}",
        none.body
    );
    let wrong = caller.post(&path, json!({"kind": "none"})).await;
    assert_eq!((wrong.status, wrong.problem()), (422, "invalid"));
    let all = caller.post(&path, json!({})).await;
    assert_eq!(all.body["resent"], 1, "{}", all.body);
    assert_eq!(caller.post(&path, json!({})).await.body["resent"], 0);
}

#[tokio::test]
async fn reading_is_not_resending() {
    // AD-1
    let op = TestOp::start().await;
    given_up(&op).await;
    let rp = client(&op, "monitor").await;
    let caller = machine(&op, &rp, "admin:operations:read").await;
    assert_eq!(caller.get(MAILS).await.status, 200);
    let refused = caller.post(&format!("{MAILS}/resend"), json!({})).await;
    assert_eq!((refused.status, refused.problem()), (403, "insufficient-scope"));
    let caller = machine(&op, &rp, "admin:accounts").await;
    assert_eq!(caller.get(MAILS).await.status, 403);
}

#[tokio::test]
async fn all_that_match_are_discarded_with_one_reason() {
    let op = TestOp::start().await;
    given_up(&op).await;
    let caller = administrator(&op).await;
    let path = format!("{MAILS}/discard");
    let refused = caller.post(&path, json!({"reason": " "})).await;
    assert_eq!(refused.status, 422, "{}", refused.body);
    let before = json!({"reason": "late", "until": "2020-01-01T00:00:00Z"});
    let none = caller.post(&path, before).await;
    assert_eq!(
        (none.status, &none.body),
        (200, &json!({"discarded": 0})),
        "{}",
        none.body
    );
    let one = json!({"recipient": ALICE, "kind": "password_reset", "reason": "late"});
    let done = caller.post(&path, one).await;
    assert_eq!(
        (done.status, &done.body),
        (200, &json!({"discarded": 1})),
        "{}",
        done.body
    );
    let all = caller.post(&path, json!({"reason": "late"})).await;
    assert_eq!(all.body, json!({"discarded": 1}), "{}", all.body);
    // AD-1: who reads alone discards nothing.
    let rp = client(&op, "reader").await;
    let reader = machine(&op, &rp, "admin:operations:read").await;
    let refused = reader.post(&path, json!({"reason": "late"})).await;
    assert_eq!(refused.status, 403, "{}", refused.body);
}
