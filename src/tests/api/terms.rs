//! Tests `/api/v1/terms`: what a program reads of the versions of both documents, publishes, moves and withdraws, and what it
//! needs for it (AD-1, AD-13).

use serde_json::json;

use super::{administrator, client, machine};
use crate::support::TestOp;
use itu_account::domain::secret::Digest;
use itu_account::jobs;

const TERMS: &str = "/api/v1/terms";

#[tokio::test]
async fn versions_are_read_with_their_texts_and_compared() {
    let op = TestOp::start().await;
    op.person("alice@example.org").await;
    jobs::count_acceptances(&op.app).await.expect("counted");
    let caller = administrator(&op).await;
    let all = caller.get(TERMS).await.body;
    assert_eq!(all["total"], 4, "{all}");
    let found = caller
        .get(&format!("{TERMS}?kind=terms&state=in_force"))
        .await
        .body;
    let row = &found["items"][0];
    let version = row["version"].as_str().expect("a version");
    assert_eq!(
        (&row["kind"], &row["source"]),
        (&json!("terms"), &json!("program"))
    );
    assert_eq!(row["texts"].as_array().map(Vec::len), Some(6));
    assert_eq!(row["missing"], json!([]));
    assert_eq!(
        row["accepted"].as_u64().zip(row["yet_to_accept"].as_u64()),
        Some((0, 1)),
        "{row}"
    );
    let page = caller.get(&format!("{TERMS}?limit=3")).await.body;
    let cursor = page["next"].as_str().expect("more");
    let rest = caller.get(&format!("{TERMS}?limit=3&cursor={cursor}")).await.body;
    assert_eq!(rest["items"].as_array().map(Vec::len), Some(1));

    // The text is the one whose digest acceptances keep.
    let read = caller
        .get(&format!("{TERMS}/terms/{version}?language=fr"))
        .await
        .body;
    let text = read["text"].as_str().expect("a text");
    let texts = read["texts"].as_array().expect("texts");
    let french = texts
        .iter()
        .find(|it| it["language"] == "fr")
        .expect("a French text");
    assert_eq!(french["sha256"], Digest::of(text.as_bytes()).as_str());
    assert_eq!(read["language"], "fr");
    let changes = caller.get(&format!("{TERMS}/terms/{version}/changes")).await.body;
    assert!(changes["before"].is_string(), "{changes}");
    let parts = changes["parts"].as_array().expect("parts");
    assert!(parts.iter().any(|it| it["change"] != "same"));

    for path in ["/terms/none", "/law/2026-11", "/terms/none/changes"] {
        assert_eq!(caller.get(&format!("{TERMS}{path}")).await.status, 404, "{path}");
    }
    let wrong = caller.get(&format!("{TERMS}/terms/{version}?language=xx")).await;
    assert_eq!(wrong.status, 400, "{}", wrong.body);
    // AD-1
    let rp = client(&op, "other").await;
    let reader = machine(&op, &rp, "admin:operations:read").await;
    assert_eq!(reader.get(TERMS).await.status, 200);
    let stranger = machine(&op, &rp, "admin:accounts").await;
    assert_eq!(stranger.get(TERMS).await.status, 403);
}

fn next() -> serde_json::Value {
    json!({
        "kind": "terms",
        "version": "2027-02",
        "effective": "2027-02-01",
        "texts": [
            {"language": "en", "changed": "It is shorter.", "text": "## One\n\nA text.\n"},
            {"language": "zh", "changed": "\u{66f4}\u{77ed}\u{3002}", "text": "\u{6587}\u{672c}\u{3002}"},
        ],
    })
}

#[tokio::test]
async fn a_version_is_published_moved_and_withdrawn() {
    let op = TestOp::start().await;
    let caller = administrator(&op).await;
    let made = caller.post(TERMS, next()).await;
    let path = format!("{TERMS}/terms/2027-02");
    assert_eq!(
        (made.status, made.header("location")),
        (201, path.as_str()),
        "{}",
        made.body
    );
    assert_eq!(
        (&made.body["state"], &made.body["source"], &made.body["missing"]),
        (
            &json!("scheduled"),
            &json!("published"),
            &json!(["ar", "es", "fr", "ru"])
        )
    );
    assert!(made.body["published_at"].is_string() && made.body["published_by"].is_null());
    let twice = caller.post(TERMS, next()).await;
    assert_eq!((twice.status, twice.problem()), (422, "invalid"));
    let read = caller.get(&path).await;
    assert_eq!(read.header("etag"), made.header("etag"));
    let text = read.body["text"].as_str().expect("a text");
    assert_eq!(
        text,
        "version: 2027-02\neffective: 2027-02-01\nchanged: It is shorter.\n\n## One\n\nA text.\n"
    );

    // G-9: a change names what was read, which is the state of both documents.
    let day = |day: &str| Some(json!({"effective": day}));
    let without = caller.call("PATCH", &path, &[], day("2027-03-01")).await;
    assert_eq!(
        (without.status, without.problem()),
        (428, "precondition-required")
    );
    let old = made.header("etag").to_owned();
    let moved = caller
        .call("PATCH", &path, &[("if-match", &old)], day("2027-03-01"))
        .await;
    assert_eq!(
        (moved.status, &moved.body["effective"]),
        (200, &json!("2027-03-01")),
        "{}",
        moved.body
    );
    let stale = caller
        .call("PATCH", &path, &[("if-match", &old)], day("2027-04-01"))
        .await;
    assert_eq!((stale.status, stale.problem()), (412, "precondition-failed"));
    let etag = moved.header("etag").to_owned();
    let past = caller
        .call("PATCH", &path, &[("if-match", &etag)], day("2027-01-01"))
        .await;
    assert_eq!(
        (past.status, &past.body["errors"][0]["member"]),
        (422, &json!("effective"))
    );
    let stale = caller.call("DELETE", &path, &[("if-match", &old)], None).await;
    assert_eq!(stale.status, 412);
    let gone = caller.call("DELETE", &path, &[("if-match", &etag)], None).await;
    assert_eq!(gone.status, 204, "{}", gone.body);
    assert_eq!(caller.get(&path).await.status, 404);

    // AD-13: what is in force stays, whether it was published or comes from a file.
    let mut now = next();
    now["effective"] = json!(op.now().date_naive());
    assert_eq!(caller.post(TERMS, now).await.body["state"], "in_force");
    for path in [path, format!("{TERMS}/privacy/2026-11")] {
        for (method, body) in [("PATCH", day("2027-04-01")), ("DELETE", None)] {
            let refused = caller.call(method, &path, &[("if-match", "*")], body).await;
            assert_eq!(
                (refused.status, refused.problem()),
                (409, "conflict"),
                "{method} {path}"
            );
        }
    }
}

#[tokio::test]
async fn what_cannot_be_published_is_named() {
    let op = TestOp::start().await;
    let caller = administrator(&op).await;
    let english = |text: &str| json!([{"language": "en", "changed": "All.", "text": text}]);
    for (member, value, named) in [
        ("kind", json!("law"), "kind"),
        ("version", json!("a/b"), "version"),
        ("version", json!("2026-11"), "version"),
        ("effective", json!("2027-01-01"), "effective"),
        ("texts", json!([]), "texts.en.changed"),
        ("texts", english(""), "texts.en.text"),
        ("texts", english(&"x".repeat(40_001)), "texts.en.text"),
        (
            "texts",
            json!([{"language": "de", "changed": "Alles.", "text": "Text."}]),
            "texts",
        ),
    ] {
        let mut body = next();
        body[member] = value;
        let refused = caller.post(TERMS, body).await;
        assert_eq!((refused.status, refused.problem()), (422, "invalid"), "{member}");
        let errors = refused.body["errors"].as_array().expect("errors");
        assert!(
            errors.iter().any(|it| it["member"] == named),
            "{named}: {}",
            refused.body
        );
    }
    let mut twice = next();
    twice["texts"][1] = twice["texts"][0].clone();
    assert_eq!(caller.post(TERMS, twice).await.status, 422);
    // Six long texts are taken: DS-1.
    let mut long = next();
    let texts = ["ar", "en", "es", "fr", "ru", "zh"]
        .map(|it| json!({"language": it, "changed": "All.", "text": format!("{it} {}", "x".repeat(39_000))}));
    long["texts"] = json!(texts);
    let made = caller.post(TERMS, long).await;
    assert_eq!(made.status, 201, "{}", made.body);
    // AD-1
    let rp = client(&op, "other").await;
    let reader = machine(&op, &rp, "admin:operations:read").await;
    assert_eq!(reader.post(TERMS, next()).await.status, 403);
}
