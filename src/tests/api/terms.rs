//! Tests `/api/v1/terms`: what a program reads of the versions of both documents, and what it needs for it (AD-1).

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
