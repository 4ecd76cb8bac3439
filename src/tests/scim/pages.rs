//! Tests of sorting and pages (RFC 7644 §3.4.2.3, §3.4.2.4; RFC 9865), for lists that are looked at whole.

use serde_json::json;

use crate::support::{TestOp, rows};

#[tokio::test]
async fn lists_come_in_pages_by_number_and_by_cursor() {
    let op = TestOp::start().await;
    let service = op.scim_service("events", json!({})).await;
    for number in 0..7 {
        let account = rows::account(&format!("p{number}@example.org"), op.now());
        op.insert_account(account.clone(), None).await;
        op.insert_use(&account, "events").await;
        op.advance(1);
    }
    let page = service.gets("/Users?sortBy=userName&startIndex=3&count=2").await;
    assert_eq!(page.names(), ["p2@example.org", "p3@example.org"]);
    assert_eq!(page.json["totalResults"], 7);
    assert_eq!(
        (&page.json["startIndex"], &page.json["itemsPerPage"]),
        (&json!(3), &json!(2))
    );
    let last = service
        .gets("/Users?sortBy=meta.created&sortOrder=descending&count=1")
        .await;
    assert_eq!(last.names(), ["p6@example.org"]);
    let none = service.gets("/Users?count=0").await;
    assert_eq!((none.names().len(), &none.json["totalResults"]), (0, &json!(7)));
    assert!(service.gets("/Users?startIndex=100").await.names().is_empty());

    let mut names: Vec<String> = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = service
            .gets(&format!("/Users?sortBy=userName&count=3&cursor={cursor}"))
            .await;
        names.extend(page.names().iter().map(|it| (*it).to_owned()));
        match page.json["nextCursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(names.len(), 7);
    assert!(names.is_sorted());
    // RFC 9865 §2.3: a cursor is of its list, and does not last.
    let other = service.gets(&format!("/Users?count=3&cursor={cursor}")).await;
    assert_eq!(other.error(), (400, "invalidCursor"));
    assert_eq!(
        service.gets("/Users?cursor=x").await.error(),
        (400, "invalidCursor")
    );
    op.advance(601);
    let service = op.scim_service("bookshop", json!({})).await;
    let foreign = service
        .gets(&format!("/Users?sortBy=userName&cursor={cursor}"))
        .await;
    assert_eq!(foreign.error(), (400, "invalidCursor"));
    let unknown = service.gets("/Users?sortBy=nickName").await;
    assert_eq!(unknown.error(), (400, "invalidPath"));
}
