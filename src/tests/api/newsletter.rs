//! Tests `/api/v1/newsletter-subscribers`.

use super::administrator;
use crate::support::TestOp;

#[tokio::test]
async fn subscribers_are_listed_by_cursor_and_ended() {
    let op = TestOp::start().await;
    for name in ["ana", "ben", "cleo"] {
        let mut person = op.person(&format!("{name}@example.org")).await;
        person.logs_in().await;
        let form = person.browser.get("/account/profile").await.form(&["newsletter"]);
        person.browser.submit(form, &[("newsletter", "on")]).await;
        op.advance(1);
    }
    let caller = administrator(&op).await;
    let first = caller.get("/api/v1/newsletter-subscribers?limit=2").await;
    assert_eq!(first.status, 200, "{}", first.body);
    let items = first.body["items"].as_array().expect("items");
    assert_eq!(
        (items.len(), items[0]["email"].as_str()),
        (2, Some("cleo@example.org"))
    );
    let next = first.body["next"].as_str().expect("a cursor");
    let path = format!("/api/v1/newsletter-subscribers?limit=2&cursor={next}");
    let last = caller.get(&path).await;
    assert_eq!(
        last.body["items"].as_array().map(Vec::len),
        Some(1),
        "{}",
        last.body
    );
    assert!(last.body["next"].is_null());
    let found = caller
        .get("/api/v1/newsletter-subscribers?q=ben&language=en")
        .await;
    assert_eq!(
        found.body["items"][0]["email"], "ben@example.org",
        "{}",
        found.body
    );
    for wrong in ["since=soon", "language=xx", "cursor=x"] {
        let path = format!("/api/v1/newsletter-subscribers?{wrong}");
        assert_eq!(caller.get(&path).await.status, 400, "{wrong}");
    }
    let id = found.body["items"][0]["account_id"].as_str().expect("an account");
    let path = format!("/api/v1/newsletter-subscribers/{id}");
    assert_eq!(caller.call("DELETE", &path, &[], None).await.status, 204);
    assert_eq!(caller.call("DELETE", &path, &[], None).await.status, 409);
    let unknown = "/api/v1/newsletter-subscribers/none";
    assert_eq!(caller.call("DELETE", unknown, &[], None).await.status, 404);
    let left = caller.get("/api/v1/newsletter-subscribers").await;
    assert_eq!(left.body["items"].as_array().map(Vec::len), Some(2));
}
